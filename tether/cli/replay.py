"""Play a session's output again on this terminal: at its pace, faster, from anywhere. No key reaches anything."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Final

from tether import rewind
from tether.cli.display import Display
from tether.cli.playhead import Playhead
from tether.cli.rawtty import Terminal
from tether.clock import monotonic
from tether.screen.unasked import Unasked
from tether.store.reader import LogReader
from tether.wire.codec import decode_body
from tether.wire.events import Event, Output, Resized
from tether.wire.views import SessionView

if TYPE_CHECKING:
    from tether.cli.veil import Veil

HELP: Final = "space pause, arrows 10 s back and on, + - speed, . one step, 0 to 9 tenths, q end"
_SEEK_US: Final = 10_000_000
_ROWS: Final = 64
_ROWS_BYTES: Final = 512 << 10
_FINISH_S: Final = 2.0
_KEYS: Final = {
    b" ": "pause", b"p": "pause", b"\x1b[C": "on", b"l": "on", b"\x1bOC": "on", b"\x1b[D": "back", b"h": "back",
    b"\x1bOD": "back", b"\x1b[A": "faster", b"+": "faster", b"\x1bOA": "faster", b"\x1b[B": "slower", b"-": "slower",
    b"\x1bOB": "slower", b".": "step", b"n": "step", b"q": "end", b"\x03": "end", b"\x04": "end", b"?": "help",
}  # fmt: skip


class Replay:
    """One playing of the session `view`, from event `start` on, until its end or the person's."""

    def __init__(
        self,
        log: LogReader,
        view: SessionView,
        terminal: Terminal,
        head: Playhead,
        start: int,
        veil: Veil | None = None,
    ) -> None:
        self._veil = veil
        self._log = log
        self._view = view
        self._terminal = terminal
        self._head = head
        self._start = start
        self._display = Display(1, terminal=True, on_modes=terminal.note_modes)
        self._unasked = Unasked()
        self._rows: list[rewind.Row] = []
        self._seq = 0
        self._ts = view.created
        self._over = False

    def run(self) -> None:
        """Play. The terminal is back as it was afterwards."""
        self._terminal.enter()
        self._terminal.note_modes(self._display.modes.restore())
        try:
            # What stands on the screen now scrolls up and stays in the terminal's history.
            self._display.write(b"\r\n" * self._terminal.size()[1])
            self._jump(self._start)
            while not self._over:
                self._turn()
            if self._veil is not None:
                self._display.write(self._veil.rest(monotonic(), end=True))
            self._display.finish(_FINISH_S)
        finally:
            self._terminal.leave(self._display.modes.restore() + b"\r\n")
            self._display.close()

    def _turn(self) -> None:
        event = self._next()
        now = monotonic()
        if event is None:
            if not self._head.paused:
                self._over = True
                return
            wait = None
        else:
            wait = self._head.wait(event.ts, now)
        if wait == 0.0 and not self._display.full and event is not None:
            self._show(event, now)
        writable = [self._display.fd] if self._display.waiting else []
        readable, ready, _ = select.select([0], writable, [], 0.0 if wait == 0.0 and not self._display.full else wait)
        if ready:
            self._display.flush()
        if readable:
            self._typed()

    def _next(self) -> Event | None:
        """The next event of the recording; events of a newer version are passed over."""
        while True:
            if not self._rows:
                self._rows = self._log.events(self._view.sid, self._seq, _ROWS, _ROWS_BYTES)
                if not self._rows:
                    return None
            event = decode_body(self._rows[0][1])
            if isinstance(event, Event):
                return event
            self._seq = self._rows.pop(0)[0]

    def _show(self, event: Event, now: float) -> None:
        self._seq = self._rows.pop(0)[0]
        self._ts = event.ts
        self._head.shown(event.ts, now)
        if isinstance(event, Output):
            data = event.data if self._veil is None else self._veil.feed(event.data, now)
            self._display.write(self._unasked.feed(data))
        elif isinstance(event, Resized) and self._veil is not None:
            self._veil.resize(event.cols)

    def _jump(self, seq: int) -> None:
        """Show the screen as of event `seq`, and go on from there."""
        made = rewind.at(self._log, self._view, seq)
        self._seq, self._ts, self._rows = made.seq, made.ts or self._view.created, []
        self._unasked.forget()
        screen = made.snapshot(0)
        made.close()
        if self._veil is not None:
            screen = self._veil.anew(screen)
        self._display.write(self._display.modes.restore() + screen.data)
        self._head.jumped(self._ts, monotonic())

    # -- keys

    def _typed(self) -> None:
        data = os.read(0, 1024)
        if not data:
            raise OSError("the terminal is gone")
        now = monotonic()
        if data.isdigit() and len(data) == 1:
            self._seek(self._view.created + (self._length() * int(data)) // 10)
            return
        match _KEYS.get(data):
            case "pause":
                self._head.pause(now)
                self._say("paused" if self._head.paused else "playing", now)
            case "on" | "back" as way:
                self._seek(self._ts + (_SEEK_US if way == "on" else -_SEEK_US))
            case "faster" | "slower" as way:
                self._head.faster(1 if way == "faster" else -1, now)
                self._say(f"speed {self._head.speed:g}", now)
            case "step":
                if self._head.paused and (event := self._next()) is not None:
                    self._show(event, now)
            case "end":
                self._over = True
            case "help":
                self._say(HELP, now)

    def _seek(self, ts: int) -> None:
        seq = rewind.event_at(self._log, self._view, ts)
        self._jump(seq)
        self._say(f"at {(self._ts - self._view.created) / 1e6:.0f} s", monotonic())

    def _length(self) -> int:
        last = self._log.events(self._view.sid, self._view.seq - 1, 1)
        event = decode_body(last[0][1]) if last else None
        return max(0, getattr(event, "ts", self._view.created) - self._view.created)

    def _say(self, text: str, now: float) -> None:
        self._display.notice(text, now=now)
