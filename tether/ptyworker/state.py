"""What a worker writes into its ring so that another one, perhaps of newer code, can carry on.

A compatibility surface: fields are added with defaults and never change their meaning; a state of a
newer version than this code knows is read for the fields it knows.
"""

from __future__ import annotations

import msgspec

from tether.wire.views import SessionView

STATE_VERSION = 1


class StopAsked(msgspec.Struct):
    """A stop under way."""

    by: str
    grace_s: float


class WorkerState(msgspec.Struct):
    """Everything slow-changing; the counters are in the ring's header."""

    view: SessionView
    version: int = STATE_VERSION
    grace_s: float = 5.0
    agent_start: int = 0
    inputs: dict[bytes, int] = {}
    stop: StopAsked | None = None
    ended: bool = False
    agent_status: int | None = None
    agent_gone: bool = False
    emulator: str = "inline"  # off: the settings say so; failed: it took workers along (see `model`)
    scrollback_lines: int = 4_000
    crash_offset: int = -1
    crashes: int = 0
    record: str = "raw"  # or masked: hidden before it is recorded
    has_side: bool = False  # a program was started beside the agent, and has to end with it
    titles: list[tuple[str, str]] = []
    noted: tuple[str, int] = ("", 0)  # the adapter's run, and how much of what it reported is an event


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WorkerState)


def dump(state: WorkerState) -> bytes:
    """The bytes that go into the ring."""
    return _encoder.encode(state)


def load(data: bytes) -> WorkerState:
    """Read them back. msgspec.DecodeError when they are not a state."""
    return _decoder.decode(data)
