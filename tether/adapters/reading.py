"""What an agent reads of sessions with Tether's own tools: masked always, for it goes to a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tether import masking, rewind
from tether.adapters import tools
from tether.paths import Paths
from tether.screen import ScreenUnavailable
from tether.store.reader import LogReader
from tether.transcript import entries, markdown
from tether.wire.codec import WireError, decode_body
from tether.wire.ids import normalise_public
from tether.wire.views import ENDED, SessionView

_ROWS: Final = 256


def worth_listing(views: list[SessionView], own: bytes) -> list[SessionView]:
    """Those that live, and those that have to do with the agent's own."""
    mine = {name for view in views if view.sid == own for name in (view.id, view.parent) if name}
    return [view for view in views if view.state not in ENDED or view.id in mine or view.parent in mine]


def of(paths: Paths, reader: LogReader, own: bytes, views: list[SessionView], given: tools.ReadSession) -> str:
    """The session that is named, of those that may be read. Misuse when it is none of them."""
    wanted = normalise_public(given.session) or given.session
    view = next((one for one in views if (one.id == wanted if given.session else one.sid == own)), None)
    if view is None:
        raise tools.Misuse("You may not read such a session, or there is none. Those you may: list_sessions")
    values = masking.known(paths)
    masking.meet(values, view)
    mask = masking.Mask(values.finder)
    if given.what == "screen":
        return _plain(_screen(reader, view, mask))
    shown = (masking.event_masked(event, mask) for event in _events(reader, view))
    return tools.newest(_plain("\n".join(markdown(entries(shown), mask.text(view.title or view.provider)))))


def _plain(text: str) -> str:
    """Without control characters: it may be shown on the agent's own terminal."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def _screen(reader: LogReader, view: SessionView, mask: masking.Mask) -> str:
    try:
        made = rewind.at(reader, view)
    except ScreenUnavailable:
        raise tools.Misuse("Screens can't be read on this machine. Read the transcript") from None
    try:
        lines = mask.lines([row.encode() for row in made.screen.text()], made.screen.cols)
    finally:
        made.close()
    return b"\n".join(lines).decode("utf-8", "replace").rstrip()


def _events(reader: LogReader, view: SessionView) -> Iterator[Any]:
    after = 0
    while rows := reader.events(view.sid, after, _ROWS):
        after = rows[-1][0]
        for _seq, body in rows:
            try:
                yield decode_body(body)
            except WireError:
                continue
