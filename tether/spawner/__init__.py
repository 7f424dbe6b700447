"""Forks one worker per session, and holds every session's terminal so that a dead worker can be replaced.

`serving` is the service; `keeper` a process of its own, outside supervisord, that holds copies of
the terminals, so that the spawner and a worker may die together. Both speak JSON lines over Unix
sockets, with descriptors beside them (`lines`), and depend on nothing but the standard library.
"""
