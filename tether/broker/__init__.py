"""The broker: which sessions live, who watches them, and who may write.

It is off the data path: output goes from worker to store and viewers without it. It keeps nothing
that is its own. Workers say Hello again when it restarts and clients attach again, and from that the
registry and the leases are rebuilt.
"""
