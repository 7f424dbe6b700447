"""The stream masker: output in, the same output with its secrets hidden out, in pieces of any size. Pure.

What leaves has the length of what came, byte for byte in the same order: a secret's printable characters become `*`,
escape sequences, line ends and everything else stay. Nothing is held back before a trigger (a public prefix, a telling
name) is complete; then only what may be the secret, until it ends.
"""

from __future__ import annotations

import re
from typing import Final

from tether.escapes import finished
from tether.redact import hostile, osc, pem
from tether.redact.finding import Finder, Found
from tether.redact.lines import Line, lines_of
from tether.redact.loose import beside, value_end
from tether.redact.panes import divided, panes
from tether.redact.suspicion import suspicious
from tether.redact.view import View, view_of

COLS_DEFAULT: Final = 80
# So much of what has left is looked at again: a trigger, the name before a value, the column where a line began.
CONTEXT_BYTES: Final = 2048
# An unfinished sequence longer than this leaves as it comes.
SEQUENCE_MAX: Final = 4096
# More than this is not held back for a secret: it leaves hidden.
HOLD_MAX: Final = 8192
# A secret that does not end is hidden for so long.
RUN_MAX: Final = 1 << 20

_TERMINATOR: Final = re.compile(rb"\x07|\x1b\\|[\x18\x1a]|\x1b(?!\\|\Z)|\xc2\x9c")
# What is dropped leaves as NUL, which terminals skip.
_DROP: Final = b"\0"
_STAR: Final = 42
_END: Final = b"\x1b\\"


class Masker:
    """One session's output at one egress; with a `policy` it is made harmless too. Not thread-safe."""

    def __init__(self, finder: Finder, cols: int = COLS_DEFAULT, policy: hostile.Policy | None = None) -> None:
        self._finder = finder
        self._policy = policy
        self._string_bytes = 0
        self._cols = cols
        self._context = b""
        self._held = b""  # has come and not left
        self._waiting = False  # is what is held a secret, perhaps
        self._run: Found | None = None  # a secret of which the beginning has left, hidden
        self._budget = 0
        self._string = b""  # inside a long string: b"*" hides what comes, b"." shows it

    @property
    def holding(self) -> bool:
        """Is something held back that silence should release? Unfinished sequences do not count: they show nothing."""
        return self._waiting

    def feed(self, chunk: bytes, *, cols: int = 0) -> bytes:
        """Take output of a terminal that is `cols` wide (0: as before), and return what may be shown by now."""
        self._cols = cols or self._cols
        data = self._held + chunk
        shown = b""
        if self._string:
            shown, data = self._through(data)
        end = finished(data)
        body, rest = data[:end], data[end:]
        shown += self._settle(body)
        if len(rest) > SEQUENCE_MAX:
            shown += self._settle_all() + self._enter(rest)
            rest = b""
        self._held += rest
        return shown

    def silent(self) -> bytes:
        """The terminal has fallen silent: release what waits, hidden, and go on hiding until it ends."""
        if not self._waiting:
            return b""
        data = self._held
        end = finished(data)
        self._held = data[end:]
        return self._release(data[:end])

    def unfinished(self) -> bytes:
        """The beginning of a sequence that waits for its end, as it may be shown; it still waits."""
        return b"" if self._waiting else osc.masked(self._held, self._finder)

    def flush(self) -> bytes:
        """There will be no more: everything that is left."""
        data, self._held, self._waiting = self._held, b"", False
        end = finished(data)
        shown = self._scan(self._tamed(data[:end]), final=True)[0] + osc.masked(data[end:], self._finder)
        self._context, self._run = b"", None
        return shown

    def _tamed(self, body: bytes) -> bytes:
        """`body`, which ends outside of sequences, with what stands in sequences made harmless and hidden."""
        if self._policy is not None:
            body = hostile.tamed(body, self._policy)
        return osc.masked(body, self._finder)

    # -- long strings

    def _enter(self, rest: bytes) -> bytes:
        """A string has grown too long to wait for its end."""
        opening = osc.STRINGS.match(rest)
        self._string_bytes = 0
        if opening is None or osc.may_be_long(opening[1]):
            self._string = b"."
            return self._inside(rest)
        if self._policy is not None and opening[1].startswith(b"52;"):
            self._string = _DROP
            return self._inside(rest)
        self._string = b"*"
        start = opening.start(1)
        return rest[:start] + self._inside(rest[start:])

    def _through(self, data: bytes) -> tuple[bytes, bytes]:
        """What of `data` belongs to the long string, as it may be shown, and the rest."""
        end = _TERMINATOR.search(data)
        if end is None:
            shown = self._inside(data)
            kept, self._held = self._held, b""
            return shown, kept
        stop = end.start() if end[0] == b"\x1b" else end.end()
        shown = self._inside(data[: end.start()])
        last = data[end.start() : stop]
        shown += b"\0" * len(last) if self._string == _DROP else last
        self._string = b""
        return shown, data[stop:]

    def _inside(self, data: bytes) -> bytes:
        """Part of a long string, as it may be shown. A last ESC is kept: it may be half of the end."""
        self._held = data[-1:] if data.endswith(b"\x1b") else b""
        data = data[: len(data) - len(self._held)]
        room = hostile.STRING_BYTES_MAX - self._string_bytes
        self._string_bytes += len(data)
        if self._string == b"*":
            data = osc.stars(data)
        if self._string == _DROP:
            return b"\0" * len(data)
        if self._policy is None or len(data) <= room - len(_END):
            return data
        # Too long: it ends here, and the rest of it is nothing.
        self._string = _DROP
        cut = max(0, room - len(_END))
        return (data[:cut] + _END).ljust(len(data), b"\0")[: max(len(data), 0)]

    # -- text

    def _settle(self, body: bytes) -> bytes:
        """Show what may be shown of `body`; the rest is held."""
        if not body:
            self._held, self._waiting = b"", False
            return b""
        self._held = b""
        shown, kept = self._scan(self._tamed(body))
        if len(kept) > HOLD_MAX:
            return shown + self._release(kept)
        self._held, self._waiting = kept, bool(kept)
        return shown

    def _settle_all(self) -> bytes:
        return self._release(self._held) if self._held else b""

    def _release(self, body: bytes) -> bytes:
        shown, kept = self._scan(body, fail_closed=True)
        self._held = kept + self._held
        self._waiting = False
        return shown

    def _scan(self, body: bytes, final: bool = False, fail_closed: bool = False) -> tuple[bytes, bytes]:
        """What of `body` may be shown, and what must wait."""
        window, base = self._context + body, len(self._context)
        regions = [(0, len(window))] if self._run is not None else suspicious(window, base, self._finder, self._cols)
        if not regions:
            self._remember(body)
            return body, b""
        out = bytearray(window)
        hold = len(window)
        for start, stop in regions:
            hold = min(
                hold, self._examine(out, window[start:stop], start, base, final or stop < len(window), fail_closed)
            )
        shown = bytes(out[base:hold])
        self._remember(window[base:hold])
        return shown, window[hold:]

    def _examine(self, out: bytearray, data: bytes, at: int, base: int, final: bool, fail_closed: bool) -> int:
        """Hide what there is to hide in `data`, which stands at `at` in `out`; from where on the rest must wait."""
        base -= at
        lines = lines_of(data, self._cols, final)
        view = view_of(lines, self._cols, final)
        passed = self._go_on(view, base, out, at)
        hold = self._hide(view, out, at, base, final, fail_closed, passed)
        for pane in panes(lines) if divided(data) else ():
            over = final or pane.closed
            view = view_of(pane.lines, pane.cells, over)
            hold = min(hold, self._hide(view, out, at, base, over, fail_closed, 0))
        # Silence shows what only its next line could make a secret.
        return hold if fail_closed else min(hold, self._hide_loosely(lines, out, at, base, final))

    def _hide_loosely(self, lines: list[Line], out: bytearray, at: int, base: int, final: bool) -> int:
        """Hide what goes on in the next line, though nothing but the text tells so."""
        hold = len(out)
        view = view_of(lines, self._cols, final, loose=True)
        if not view.loose:
            return hold
        for found in self._finder.find(view.text, sorted((*view.joins, *view.loose)), final):
            end = found.end if found.open else value_end(view.text, view.loose, found, self._finder)
            if end < 0:
                continue
            places = [place + at for place in view.places(found.start, end) if place >= base]
            places = [place for place in places if out[place] != _STAR]
            if not places:
                continue
            if not found.open:
                _cover(out, view, found._replace(end=end), places, at)
                if found.on and end == found.end:
                    self._begin_run(found)
            elif beside(view.loose, found):
                hold = min(hold, min(places))
        return hold

    def _hide(self, view: View, out: bytearray, at: int, base: int, final: bool, fail_closed: bool, passed: int) -> int:
        hold = len(out)
        for found in self._finder.find(view.text, view.joins, final):
            places = [place + at for place in view.places(found.start, found.end) if place >= base]
            if not found.open:
                _cover(out, view, found, places, at)
                if found.on:
                    self._begin_run(found)
            elif places and found.end > passed:
                if not fail_closed:
                    hold = min(hold, min(places))
                elif found.end - found.start >= found.weak:
                    _cover(out, view, found, places, at)
                    self._begin_run(found)
        return hold

    def _begin_run(self, found: Found) -> None:
        if self._run is None:
            self._budget = pem.BODY_MAX if found.more is None else RUN_MAX
        self._run = found

    def _go_on(self, view: View, base: int, out: bytearray, at: int) -> int:
        """Hide what continues a secret of which the beginning has left. Where it ends in the view."""
        run = self._run
        if run is None:
            return 0
        start = next((i for i, place in enumerate(view.raw) if place >= base), len(view.text))
        while 0 < start < len(view.text) and 0x80 <= view.text[start] < 0xC0:
            start -= 1  # a character that two chunks share
        if run.more is None:
            stop = pem.resume(view.text, start, self._budget)
        else:
            found = run.more.match(view.text, start)
            stop = found.end() if found is not None else start
        self._budget -= stop - start
        places = [place + at for place in view.places(start, stop) if place >= base]
        _cover(out, view, run._replace(start=start, end=stop), places, at)
        if stop < len(view.text) or self._budget <= 0:
            self._run = None
        return stop

    def _remember(self, left: bytes) -> None:
        context = self._context + left
        if len(context) > CONTEXT_BYTES:
            start = len(context) - CONTEXT_BYTES
            newline = context.find(b"\n", start, start + CONTEXT_BYTES // 2)
            context = context[newline + 1 if newline >= 0 else _outside(context, start) :]
        self._context = context


def _outside(data: bytes, at: int) -> int:
    """The first place from `at` on that is surely not inside a sequence or a character."""
    escape = data.find(b"\x1b", at)
    if escape >= 0 and escape - at < CONTEXT_BYTES // 2:
        return escape
    while at < len(data) and 0x80 <= data[at] < 0xC0:
        at += 1
    return at


def _cover(out: bytearray, view: View, found: Found, places: list[int], at: int) -> None:
    """Hide `places` of `out`; of a key in armour only its body. The view's own places count from `at`."""
    if found.more is None:
        body: set[int] = set()
        for start, end in pem.pieces(view.text, found.start, found.end):
            body.update(place + at for place in view.places(start, end))
        places = [place for place in places if place in body]
    for place in places:
        if 33 <= out[place] <= 126:
            out[place] = _STAR
