"""The credentials of this gateway as they stand now: the owner's token, read again whenever its file changes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tether import access, secret_files
from tether.clock import now_us
from tether.web.admission import Credential


class Credentials:
    """Vouches for requests. A change of the owner's token voids every cookie, ticket and open connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = ""
        self._mark: tuple[int, ...] = ()
        self._used = access.UsedNonces()
        self.generation = 0
        self.refresh()

    def refresh(self) -> int:
        """Look at the token's file again; it is made when it is gone. Returns the generation: one more per change."""
        try:
            found = os.stat(self._path)
            mark: tuple[int, ...] = (found.st_ino, found.st_mtime_ns, found.st_size)
        except OSError:
            mark = ()
        if not mark or mark != self._mark:
            token = secret_files.ensure_token(self._path)
            if token != self._token:
                self._token = token
                self.generation += 1
            found = os.stat(self._path)
            self._mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        return self.generation

    def identify(self, bearer: str | None, cookie: str | None) -> Credential | None:
        """The credential that a bearer token or a cookie stands for, or None."""
        generation = self.refresh()
        if bearer is not None:
            return Credential("bearer", generation) if access.check_bearer(self._token, bearer) else None
        if cookie is not None and access.check_cookie(self._token, cookie, _now_s()) is not None:
            return Credential("cookie", generation)
        return None

    def redeem(self, ticket: str) -> str | None:
        """A cookie's value for a ticket that was not used before, else None."""
        self.refresh()
        now_s = _now_s()
        nonce = access.check_ticket(self._token, ticket, now_s)
        if nonce is None or not self._used.use(nonce, now_s):
            return None
        return access.make_cookie(self._token, now_s, secrets.token_bytes(access.NONCE_BYTES))


def _now_s() -> int:
    return now_us() // 1_000_000
