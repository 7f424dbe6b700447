"""Errors that a person sees: what happened, why, and the next step, with the command's exit status."""

from __future__ import annotations

# Exit statuses of the `tether` command; docs/cli.md lists them.
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_ALLOWED = 4
NO_GATEWAY = 5
CONFLICT = 6
TIMED_OUT = 124
BEFORE_START = 125
NOT_EXECUTABLE = 126
NO_AGENT = 127
INTERRUPTED = 130
SESSION_LOST = 255


class TetherError(Exception):
    """`message` names the thing and the cause, `hint` the next step, `code` is stable for scripts."""

    def __init__(self, message: str, *, hint: str = "", code: str = "failed", status: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.status = status


def printable(text: str, limit: int = 200) -> str:
    """`text` on one line without control characters, at most `limit` characters: safe to print and to log."""
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: limit + 1])
    return shown[:limit] + "…" if len(shown) > limit else shown
