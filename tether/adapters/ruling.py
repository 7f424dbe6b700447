"""The owner's rule file, read again when it has changed. What is wrong with it leaves everything to people."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from tether.errors import TetherError
from tether.policy import Policy, Request, Verdict, judge, load
from tether.wire.agents import Approval, Decide

log = logging.getLogger("tether")

_NONE = Policy()
_BYTES_MAX = 1 << 20


class Judge:
    """Decides by the rules in `file`; `now` is microseconds since 1970. `tell` is given the facts of each file that is
    read anew: whatever runs as the owner can write it, so that it is at least seen."""

    def __init__(self, file: Path, now: Callable[[], int], tell: Callable[[dict[str, str]], None]) -> None:
        self._file = file
        self._now = now
        self._tell = tell
        self._known: tuple[tuple[int, ...], Policy] = ((), _NONE)

    def decide(self, record: Approval, directory: str) -> Decide | None:
        """The rules' decision on what is asked in a session that began in `directory`; None leaves it to people."""
        policy = self._policy()
        if not policy.rules or not directory:
            return None
        try:
            request = Request.of(record, os.path.realpath(directory))
            found: Verdict = judge(policy, request, self._now(), os.path.realpath)
        except Exception:  # whatever an agent wrote: a person decides, and the others' agents are heard
            log.exception("event=bug in=policy approval=%s", record.id)
            return None
        if found.decision not in ("allow", "deny"):
            return None
        return Decide(0, b"", record.id, found.decision, reason=found.reason, sha256=record.sha256, rule=found.rule)

    def _policy(self) -> Policy:
        try:
            status = self._file.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _BYTES_MAX:
                raise OSError("no rule file")
            mark = (status.st_ino, status.st_mtime_ns, status.st_size)
            if mark != self._known[0]:
                self._known = (mark, self._read())
        except OSError:
            self._known = ((), _NONE)
        return self._known[1]

    def _read(self) -> Policy:
        text = self._file.read_bytes()
        facts = {"file": str(self._file), "sha256": hashlib.sha256(text).hexdigest()}
        try:
            policy = load(text.decode(), str(self._file))
        except (TetherError, ValueError) as error:
            log.error("event=bad-policy error=%r", str(error))
            self._tell({**facts, "problem": str(error)})
            return _NONE
        self._tell({**facts, "rules": str(len(policy.rules))})
        return policy
