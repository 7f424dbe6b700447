"""What a session's directory holds and what changed in it: files behind descriptors, and git's word, asked so that
nothing in the directory can make git run a program."""
