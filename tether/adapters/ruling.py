"""The owner's rule file, read again when it has changed. What is wrong with it leaves everything to people."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from tether.errors import TetherError
from tether.policy import Policy, Request, Verdict, judge, load
from tether.wire.agents import Approval, Decide

log = logging.getLogger("tether")

_NONE = Policy()


class Judge:
    """Decides by the rules in `file`; `now` is microseconds since 1970."""

    def __init__(self, file: Path, now: Callable[[], int]) -> None:
        self._file = file
        self._now = now
        self._known: tuple[tuple[int, ...], Policy] = ((), _NONE)

    def decide(self, record: Approval, directory: str) -> Decide | None:
        """The rules' decision on what is asked in a session that began in `directory`; None leaves it to people."""
        policy = self._policy()
        if not policy.rules or not directory:
            return None
        found: Verdict = judge(policy, Request.of(record, os.path.realpath(directory)), self._now(), os.path.realpath)
        if found.decision not in ("allow", "deny"):
            return None
        return Decide(0, b"", record.id, found.decision, reason=found.reason, sha256=record.sha256, rule=found.rule)

    def _policy(self) -> Policy:
        try:
            status = self._file.stat()
            mark = (status.st_ino, status.st_mtime_ns, status.st_size)
            if mark != self._known[0]:
                self._known = (mark, self._read())
        except OSError:
            self._known = ((), _NONE)
        return self._known[1]

    def _read(self) -> Policy:
        try:
            return load(self._file.read_text(encoding="utf-8"), str(self._file))
        except (TetherError, ValueError) as error:
            log.error("event=bad-policy error=%r", str(error))
            return _NONE
