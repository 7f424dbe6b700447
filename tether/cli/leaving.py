"""The last words of an attachment, and who may not begin one."""

from __future__ import annotations

import os
import sys

from tether.cli.attach import End
from tether.cli.call import line, warn
from tether.errors import NO_GATEWAY, USAGE, TetherError, printable
from tether.wire.views import SessionView


def refuse_nested(target: str = "") -> None:
    """TetherError inside a session: a terminal within itself helps nobody. `target` is what would be attached to."""
    inside = os.environ.get("TETHER_SESSION_ID", "")
    if not inside:
        return
    if target and target == inside:
        raise TetherError(
            f"This is session {printable(inside, 20)} itself", hint="Attach from outside", code="nested", status=USAGE
        )
    raise TetherError(
        f"Already inside session {printable(inside, 20)}",
        hint="Use -d to start another one beside it, or --nest if you mean it",
        code="nested",
        status=USAGE,
    )


def refuse_self(target: str) -> None:
    """TetherError when `target` is the session around this command: it would show itself showing itself."""
    if target and target == os.environ.get("TETHER_SESSION_ID", ""):
        refuse_nested(target)


def say(end: End, view: SessionView) -> int:
    """Print what became of the session on stderr; the command's exit status."""
    print("\r", end="", file=sys.stderr)
    back = f"tether attach {view.id}"
    match end.kind:
        case "detached":
            _line(f"Detached. Session {view.id} keeps running — {back}")
        case "signal" | "hangup":
            _line(f"Session {view.id} keeps running — {back}")
        case "away":
            warn(f"The gateway went away. Session {view.id} keeps running — tether start, then {back}")
            return NO_GATEWAY
        case "lost":
            warn(f"Session {view.id} is lost: {line(end.text)}")
        case _:
            how = f"by signal {end.status - 128}" if end.status > 128 else f"with {end.status}"
            if end.status:
                _line(f"Session {view.id} ended {how}")
    return end.status


def _line(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        return  # the terminal is gone; nobody is there to tell
