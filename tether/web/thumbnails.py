"""Small pictures of sessions' screens for lists of them: fresh where something happens, and never a burden.

A picture is made anew when its session has said something since, not more often than `EVERY_S` for each, and all of
them together in a part of this process's time: who asks more often gets the last one, with the event that it shows.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tether.screen import Screen
from tether.screen.picture import Piece
from tether.screen.svg import svg
from tether.web.screens import Screens
from tether.wire.control import Snapshot
from tether.wire.views import ENDED, SessionView

EVERY_S: Final = 0.25
# After a picture that took a millisecond none is made for so many: clients' keys come first.
_REST: Final = 4.0
_KEPT: Final = 128


@dataclass(frozen=True)
class Thumbnail:
    """The screen as of event `seq`, in one form."""

    seq: int
    body: bytes
    media_type: str


@dataclass
class _Kept:
    made: Thumbnail
    looked_at: float
    final: bool  # the session had ended


class Thumbnails:
    """Made of what `screens` gives; `clock` is monotonic seconds."""

    def __init__(self, screens: Screens, clock: Callable[[], float]) -> None:
        self._screens = screens
        self._clock = clock
        self._kept: OrderedDict[tuple[bytes, str], _Kept] = OrderedDict()
        self._rest_until = 0.0

    async def of(self, view: SessionView, form: str) -> Thumbnail | None:
        """The session's screen as `form` (one of FORMS); None while it can't be had. ScreenUnavailable where nothing
        can be drawn."""
        key = (view.sid, form)
        kept = self._kept.get(key)
        now = self._clock()
        if kept is not None and (kept.final or now - kept.looked_at < EVERY_S or now < self._rest_until):
            return kept.made
        found = await self._screens.of(view)
        if found is None:
            return None
        if kept is None or kept.made.seq != found.seq:
            began = self._clock()
            kept = _Kept(_draw(found, form), now, final=False)
            now = self._clock()
            self._rest_until = now + _REST * (now - began)
        kept.looked_at, kept.final = now, view.state in ENDED
        self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept.made


def _draw(found: Snapshot, form: str) -> Thumbnail:
    screen = Screen(found.cols or 80, found.rows or 24)
    try:
        screen.feed(found.data)
        draw, media_type = FORMS[form]
        return Thumbnail(found.seq, draw(screen, found), media_type)
    finally:
        screen.close()


def _text(screen: Screen, found: Snapshot) -> bytes:
    return _document(screen, found, text="\n".join(screen.text()).rstrip("\n"))


def _cells(screen: Screen, found: Snapshot) -> bytes:
    shown = screen.picture()
    rows = [[_run(piece) for piece in pieces] for pieces in shown.pieces]
    return _document(screen, found, foreground=_hex(shown.foreground), background=_hex(shown.background), runs=rows)


def _svg(screen: Screen, _found: Snapshot) -> bytes:
    return svg(screen).encode()


FORMS: Final[dict[str, tuple[Callable[[Screen, Snapshot], bytes], str]]] = {
    "text": (_text, "application/json"),
    "cells": (_cells, "application/json"),
    "svg": (_svg, "image/svg+xml"),
}


def _document(screen: Screen, found: Snapshot, **fields: Any) -> bytes:
    facts = screen.facts()
    document = {
        "schema": 1, "seq": found.seq, "exact": found.kind == "screen", "cols": screen.cols, "rows": screen.rows,
        "title": facts.title, "alternate": facts.alternate,
        "cursor": {"x": facts.x, "y": facts.y, "visible": facts.cursor_visible}, **fields,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False).encode()


def _run(piece: Piece) -> dict[str, Any]:
    """What is not said is plain."""
    look = piece.look
    run: dict[str, Any] = {"x": piece.x, "columns": piece.columns, "text": piece.text, "fg": _hex(look.foreground)}
    if look.background is not None:
        run["bg"] = _hex(look.background)
    run.update({name: True for name in ("bold", "italic", "underline", "strike") if getattr(look, name)})
    return run


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
