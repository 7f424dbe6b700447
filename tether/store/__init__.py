"""The event log: every session's numbered events in one LMDB environment with one writer, the store process.

Other rooms may import `tether.store.reader` alone; `tether debug` also runs `tether.store.fsck`.
"""
