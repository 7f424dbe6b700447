"""The owner's rule file, read again when it has changed, and what somebody allowed for the session. What is wrong with
the file leaves everything to people."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from tether.adapters.decisions import Book
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
        self._known: tuple[tuple[int, ...], Policy | None] = ((), _NONE)

    def decide(self, record: Approval, directory: str, book: Book, cost: float | None = None) -> Decide | None:
        """The decision on what is asked in a session that began in `directory` and has cost `cost` US dollars (None:
        nobody told), of the rules or of a grant that stands in its `book`; None leaves it to people. While the rules
        can't be read no grant counts: one may deny."""
        policy = self._policy()
        if policy is None:
            return None
        try:
            root = os.path.realpath(directory) if directory else ""
            return self._by_rule(policy, record, root, cost) or _by_grant(record, root, book)
        except Exception:  # whatever an agent wrote: a person decides, and the others' agents are heard
            log.exception("event=bug in=policy approval=%s", record.id)
            return None

    def _by_rule(self, policy: Policy, record: Approval, root: str, cost: float | None) -> Decide | None:
        if not policy.rules or not root:
            return None
        found: Verdict = judge(policy, Request.of(record, root, cost), self._now(), os.path.realpath)
        if found.decision not in ("allow", "deny"):
            return None
        return Decide(
            0, b"", record.id, found.decision, reason=found.reason, sha256=record.sha256, by=f"rule {found.rule}",
            rule=found.rule,
        )  # fmt: skip

    def _policy(self) -> Policy | None:
        """The rules; None while they can't be read."""
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._known = ((), _NONE)
            return _NONE
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size > _BYTES_MAX:
            return None
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        if mark != self._known[0]:
            self._known = (mark, self._read())
        return self._known[1]

    def _read(self) -> Policy | None:
        try:
            text = self._file.read_bytes()
        except OSError:
            return None
        facts = {"file": str(self._file), "sha256": hashlib.sha256(text).hexdigest()}
        try:
            policy = load(text.decode(), str(self._file))
        except (TetherError, ValueError) as error:
            log.error("event=bad-policy error=%r", str(error))
            self._tell({**facts, "problem": str(error)})
            return None
        self._tell({**facts, "rules": str(len(policy.rules))})
        return policy


def _by_grant(record: Approval, root: str, book: Book) -> Decide | None:
    grant = book.granting(record, root, os.path.realpath)
    if grant is None:
        return None
    name = f"grant {grant.id}"
    return Decide(0, b"", record.id, "allow", sha256=record.sha256, by=name, rule=name)
