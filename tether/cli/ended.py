"""A session that has ended, for a terminal: what it showed last, what had scrolled off, and its end."""

from __future__ import annotations

import contextlib
import sys
from datetime import datetime

from tether.cli import screens
from tether.cli.attach import veil_of
from tether.cli.call import line, warn
from tether.errors import SESSION_LOST
from tether.paths import Paths
from tether.screen import Screen, ScreenUnavailable
from tether.settings import Settings
from tether.store.reader import LogReader
from tether.wire.views import SessionView

_LEAVE_ALTERNATE = b"\x1b[?1049l"


def show(paths: Paths, settings: Settings, view: SessionView) -> int:
    """Print the session's last screen on stdout and how it ended on stderr; the status that it ended with. It stays in
    the terminal's own scrollback: nobody has to leave it."""
    with contextlib.closing(LogReader(paths)) as log:
        view = log.session(view.sid) or view
        found = screens.newest(paths, log, view, settings.attach.history_lines)
    veil = veil_of(paths, settings, view)
    if veil is not None:
        found = veil.anew(found)
    out = sys.stdout.buffer
    try:
        shown = screens.show(found)
    except ScreenUnavailable:
        out.write(found.data + b"\x1b[m\r\n")
    else:
        out.write(screens.above(shown, styled=True) + b"".join(_rows(shown)))
        shown.close()
    out.flush()
    if found.kind != "screen":
        warn("a part of this session's output is missing in the log: the screen may lack what stood there")
    return _say_end(view)


def _rows(shown: Screen) -> list[bytes]:
    """The screen; of a full-screen program the one behind it first."""
    last = _lines(shown)
    if not shown.facts().alternate:
        return last
    shown.feed(_LEAVE_ALTERNATE)
    return _lines(shown) + last


def _lines(shown: Screen) -> list[bytes]:
    return [row + b"\n" for row in screens.trimmed(shown.styled())]


def _say_end(view: SessionView) -> int:
    when = datetime.fromtimestamp(view.ended / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if view.state == "lost":
        warn(f"Session {view.id} is lost since {when}: {line(view.detail)}")
        return SESSION_LOST
    if view.exit_signal is not None:
        how, status = f"by signal {view.exit_signal}", 128 + view.exit_signal
    else:
        status = view.exit_code if view.exit_code is not None else SESSION_LOST
        how = f"with {status}"
    print(f"Session {view.id} ended {how} at {when}. Play it again: tether replay {view.id}", file=sys.stderr)
    return status
