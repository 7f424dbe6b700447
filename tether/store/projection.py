"""From events to the record of their session. Pure.

The record of a session is the fold of its events; the log keeps both and writes them in one transaction, so they
never disagree. A session moves along `MOVES` and nowhere else: an event that would move it otherwise is kept, because
the worker saw what it saw, and changes the numbers but not the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tether import asking
from tether.wire.events import Controlled, Created, Cut, Event, Exited, Lost, Output, Resized, Started, Titled, Unknown
from tether.wire.ids import created_ms, public_id
from tether.wire.views import ENDED, SessionView

MOVES: Final[dict[str, frozenset[str]]] = {
    "created": frozenset({"starting", "running", "exited", "stopped", "lost"}),
    "starting": frozenset({"running", "exited", "stopped", "lost"}),
    "running": frozenset({"exited", "stopped", "lost"}),
    "exited": frozenset(),
    "stopped": frozenset(),
    "lost": frozenset(),
}

REASON_MISSING: Final = "missing"


def blank(sid: bytes) -> SessionView:
    """The record of a session of which nothing but the id is known."""
    return SessionView(
        sid=sid, id=public_id(sid), provider="", title="", state="created", created=created_ms(sid) * 1000
    )


def fold(view: SessionView, events: Iterable[tuple[Event | Unknown, int]]) -> SessionView:
    """`view` after `events`, each with the bytes that its row takes."""
    seq, offset, cut, size = view.seq, view.offset, view.cut_bytes, view.log_bytes
    for event, row in events:
        seq = event.seq
        size += row
        if type(event) is Output:
            # Output may only jump forward, over bytes that a worker no longer held.
            cut += max(0, event.offset - offset)
            offset = max(offset, event.offset + len(event.data))
        elif type(event) is Cut:
            offset, cut = max(offset, event.to_offset), cut + max(0, event.to_offset - offset)
        else:
            view = _change(view, event)
    return msgspec.structs.replace(view, seq=seq, offset=offset, cut_bytes=cut, log_bytes=size)


def has_ended(view: SessionView | None) -> bool:
    """True when nothing can happen in the session any more."""
    return view is not None and view.state in ENDED


def _change(view: SessionView, event: Event | Unknown) -> SessionView:
    match event:
        case Created():
            return msgspec.structs.replace(
                view, provider=event.provider, title=event.title, cwd=event.cwd, cols=event.cols, rows=event.rows,
                owner=event.owner, machine=event.machine, args=event.args, share=event.share, parent=event.parent,
                created=event.ts, since=event.ts,
            )  # fmt: skip
        case Started():
            moved = _move(view, "running", event.ts)
            return msgspec.structs.replace(moved, started=event.ts, agent_pid=event.pid)
        case Resized():
            return msgspec.structs.replace(view, cols=event.cols, rows=event.rows, sized_by=event.by)
        case Controlled():
            return msgspec.structs.replace(view, epoch=event.epoch, controller=event.holder)
        case Titled():
            return msgspec.structs.replace(view, title=event.title)
        case Exited():
            moved = _move(view, "stopped" if event.stopped_by else "exited", event.ts)
            if moved is view:
                return view
            return msgspec.structs.replace(
                moved, exit_code=event.code, exit_signal=event.signal, stopped_by=event.stopped_by
            )
        case Lost():
            moved = _move(view, "lost", event.ts)
            return view if moved is view else msgspec.structs.replace(moved, detail=event.cause)
        case _:
            return asking.after(view, event)  # notes and events of the future change no record


def _move(view: SessionView, state: str, ts: int) -> SessionView:
    if state not in MOVES.get(view.state, frozenset()):
        return view
    ended = {"ended": ts, "controller": "", "controller_id": b"", "approvals": []} if state in ENDED else {}
    return msgspec.structs.replace(view, state=state, since=ts, **ended)
