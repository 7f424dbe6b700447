"""wait: until a session has ended, is quiet, shows a text, or is in a state."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Annotated, Final

import typer

from tether.bus import Bus, Poller
from tether.cli import finding, history
from tether.cli.call import CALL, out_json
from tether.cli.plaintext import Plain
from tether.clock import monotonic, now_us
from tether.errors import FAILED, TIMED_OUT, USAGE, TetherError, printable
from tether.paths import Paths, resolve
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.codec import decode_body
from tether.wire.events import Event, Output
from tether.wire.views import ENDED, SessionView

_IDLE_S: Final = 3.0
_LOOK_S: Final = 0.2
_TEXT_BYTES: Final = 64 * 1024
_STATES: Final = (
    "created",
    "starting",
    "running",
    "stalled",
    "unresponsive",
    "recovering",
    "exited",
    "stopped",
    "lost",
)


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        epilog="Examples: tether wait k3v9 --for exit | tether wait k3v9 --for idle:5 --timeout 600 | "
        "tether wait k3v9 --for 'text:tests? passed' | tether wait k3v9 --for state:running"
    )(wait)


def wait(
    session: Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a title.")],
    what: Annotated[str, typer.Option("--for", help="exit, idle, idle:SECONDS, text:REGEX, state:STATE.")] = "exit",
    after: Annotated[int, typer.Option(help="For text: only in output behind this event.")] = -1,
) -> int:
    """Wait for something to happen in a session. Exit status 124 when --timeout seconds are over, 1 when the session
    ends before. text looks at the newest 64 KiB of output first, unless --after says from where."""
    paths = resolve()
    kind, _, detail = what.partition(":")
    waits: dict[str, Callable[[_Watch, str], int]] = {
        "exit": _exit, "idle": _idle, "state": _state, "text": lambda watch, text: _text(watch, text, after)
    }  # fmt: skip
    if kind not in waits or (kind == "exit" and detail) or (kind in ("state", "text") and not detail):
        raise TetherError(
            f"Nothing can be waited for as {printable(what, 60)!r}",
            hint="Give exit, idle, idle:SECONDS, text:REGEX or state:STATE", code="usage", status=USAGE,
        )  # fmt: skip
    view = finding.find_any(paths, session)
    with contextlib.closing(_Watch(paths, view)) as watch:
        status = waits[kind](watch, detail)
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "for": what, "status": status})
    return status


class _Watch:
    """The session's events behind a number, as they reach the log."""

    def __init__(self, paths: Paths, view: SessionView) -> None:
        self.view = view
        self.paths = paths
        self.log = LogReader(paths)
        self.after = 0
        self._bus = Bus()
        self._notices = self._bus.subscriber(paths.store_pub, view.sid)
        self._poller = Poller()
        self._poller.add(self._notices)
        self._deadline = None if CALL.timeout_s is None else monotonic() + CALL.timeout_s

    def close(self) -> None:
        self._bus.close()
        self.log.close()

    def events(self) -> list[Event]:
        """What is new in the log; [] also while it can't be read."""
        with contextlib.suppress(LogUnavailable):
            rows = self.log.events(self.view.sid, self.after, 256, 1 << 20)
            if rows:
                self.after = rows[-1][0]
            return [event for _, body in rows if isinstance(event := decode_body(body), Event)]
        return []

    def ended(self) -> bool:
        """True when the log holds the session's end."""
        with contextlib.suppress(LogUnavailable):
            record = self.log.session(self.view.sid)
            return record is not None and record.state in ENDED
        return False

    def last_output_us(self) -> int:
        """When the newest output came, in microseconds since 1970; the session's creation when there was none."""
        for _, body in reversed(self.log.tail(self.view.sid, 1)):
            event = decode_body(body)
            if isinstance(event, Output):
                return event.ts
        return self.view.created

    def pause(self, most_s: float = 1.0) -> None:
        """Until something was written, or `most_s` seconds. TetherError (124) when the time given is over."""
        left = most_s if self._deadline is None else min(most_s, self._deadline - monotonic())
        if left <= 0:
            raise TetherError(
                f"Session {self.view.id}: it did not happen within {CALL.timeout_s or 0:g} s",
                code="timeout",
                status=TIMED_OUT,
            )
        self._poller.wait(left)
        while self._notices.receive() is not None:
            pass


def _exit(watch: _Watch, _: str) -> int:
    """0 when the session has ended, however."""
    while not watch.ended():
        watch.pause()
    return 0


def _idle(watch: _Watch, detail: str) -> int:
    try:
        quiet_us = int(float(detail or _IDLE_S) * 1_000_000)
    except (ValueError, OverflowError):
        raise TetherError(
            f"idle:{printable(detail, 20)} is not a number of seconds", code="usage", status=USAGE
        ) from None
    while True:
        left_us = watch.last_output_us() + quiet_us - now_us()
        if left_us <= 0:
            return 0
        if watch.ended():
            return FAILED
        watch.pause(min(1.0, left_us / 1_000_000))


def _text(watch: _Watch, pattern: str, after: int) -> int:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise TetherError(f"text: not a regular expression: {error}", code="usage", status=USAGE) from None
    watch.after = after if after >= 0 else history.tail_start(watch.log, watch.view.sid, _TEXT_BYTES)
    plain = Plain()
    shown = ""
    while True:
        ended = watch.ended()
        events = watch.events()
        for event in events:
            if isinstance(event, Output):
                shown = (shown + plain.feed(event.data))[-2 * _TEXT_BYTES :]
                if regex.search(shown + plain.pending):
                    return 0
        if ended and not events:
            return FAILED
        if not events:
            watch.pause()


def _state(watch: _Watch, wanted: str) -> int:
    names = wanted.split(",")
    strange = [name for name in names if name not in _STATES]
    if strange:
        raise TetherError(
            f"There is no state {printable(strange[0], 20)!r}",
            hint=f"States: {' '.join(_STATES)}",
            code="usage",
            status=USAGE,
        )
    while True:
        for view in finding.every(watch.paths):
            if view.sid == watch.view.sid and view.state in names:
                return 0
            if view.sid == watch.view.sid and view.state in ENDED:
                return FAILED
        watch.pause(_LOOK_S)
