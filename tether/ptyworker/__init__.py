"""Owns one agent in one terminal: reads it, numbers what it says, writes what is typed, ends it.

A worker outlives broker, store, web and spawner. Its loop (`loop`) is plain polling; the decisions
are next door and pure: `coalescing`, `outflow`, `inbox`, `stopping`. What must survive the worker's
own death lives in the ring file (`tether.ring`) and in `state`.
"""
