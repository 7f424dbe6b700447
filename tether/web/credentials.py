"""Who vouches for whom as things stand now: the owner's token, the devices, and the kernel's word on a Unix socket.

A credential is only a claim with an expiry that this object knows: `stands` is asked again for as long
as a connection lives.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tether import access, secret_files
from tether.clock import monotonic, now_us
from tether.devices import rows, scopes
from tether.devices.registry import Registry
from tether.devices.rows import Device
from tether.web.admission import Credential, Peer
from tether.web.line import Line

Address = tuple[str, int]


class Credentials:
    """`around(pid)` tells the sessions around a process of this machine, `around_peer(ours, theirs)` those around
    whoever holds the other end of a TCP connection, `has_terminal(pid)` whether somebody sits before a process."""

    def __init__(
        self,
        token: Path,
        registry: Registry,
        around: Callable[[int], frozenset[bytes]] = lambda _pid: frozenset(),
        around_peer: Callable[[Address, Address], frozenset[bytes]] = lambda _here, _there: frozenset(),
        has_terminal: Callable[[int], bool] = lambda _pid: True,
    ) -> None:
        self._path = token
        self._token = ""
        self._mark: tuple[int, ...] = ()
        self._tickets = access.Tickets()
        self._around = around
        self._around_peer = around_peer
        self._has_terminal = has_terminal
        self.registry = registry
        self.generation = 0
        self.refresh()

    def refresh(self) -> int:
        """Look at the files again; the token is made when it is gone. Returns its generation: one more per change."""
        self.registry.refresh()
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

    def identify(
        self, bearer: str | None, cookie: str | None, under: Line | None = None, *, reads: bool = False
    ) -> Credential | None:
        """The credential that a bearer token, a cookie or the peer of a Unix socket stands for, or None. For a request
        that `reads` with the token nobody needs to know where it comes from: that costs a look at all processes."""
        generation = self.refresh()
        if under is not None and under.peer is not None:
            return self._command(under.peer, generation)
        if bearer is not None:
            if not access.check_bearer(self._token, bearer):
                return None
            inside = frozenset() if reads else self.inside(under)
            return Credential("bearer", generation, scopes.TOKEN, inside=inside)
        digest = access.cookie_digest(self._token, cookie or "")
        desk = self.registry.by_digest(digest) if digest else None
        if desk is None or desk.created <= _now_s() - rows.DESK_TTL_S:
            return None
        self.note_seen(desk.id, "loopback")
        found, inside = of_device(desk, "cookie", generation), self.inside(under)
        # A program in a session that got hold of a browser's cookie is no browser.
        return replace(found, scopes=found.scopes & scopes.TOKEN, inside=inside) if inside else found

    def inside(self, under: Line | None) -> frozenset[bytes]:
        """The sessions around the peer of a TCP connection; asked once for each connection."""
        if under is None or under.ends is None:
            return frozenset()
        if under.inside is None:
            under.inside = self._around_peer(*under.ends)
        return under.inside

    def of_key(self, key: bytes) -> Credential | None:
        """The credential of the device with this public key, which has proved that it holds it."""
        generation = self.refresh()
        device = self.registry.by_key(key)
        return None if device is None else of_device(device, "device", generation)

    def stands(self, credential: Credential) -> bool:
        """Is it still good? Call `refresh` first."""
        if credential.device:
            row = self.registry.get(credential.device)
            if row is None or row.epoch != credential.epoch:
                return False
        return credential.via == "device" or credential.generation == self.generation

    def issue_ticket(self) -> str:
        """A ticket for one browser, once."""
        ticket = access.secret(secrets.token_bytes(access.SECRET_BYTES))
        self._tickets.issue(ticket, monotonic())
        return ticket

    def redeem(self, ticket: str, name: str = "browser") -> str | None:
        """A cookie's value for a ticket that was not used before, else None. The browser is a desk of the owner's."""
        self.refresh()
        if not self._tickets.redeem(ticket, monotonic()):
            return None
        cookie = access.secret(secrets.token_bytes(access.SECRET_BYTES))
        digest, id, now_s = access.cookie_digest(self._token, cookie), secrets.token_hex(8), _now_s()
        self.registry.change(
            lambda book: rows.add_desk(book, id=id, digest=digest, name=name, scopes=scopes.DESK, now_s=now_s)[0]
        )
        return cookie

    def note_seen(self, id: str, path: str) -> None:
        """The device is here. The file is written at most once a minute for it."""
        now_s = _now_s()
        if rows.seen(self.registry.book, id, path, now_s) is not self.registry.book:
            self.registry.change(lambda book: rows.seen(book, id, path, now_s))

    def _command(self, peer: Peer, generation: int) -> Credential | None:
        if peer.uid != os.geteuid():
            return None
        inside = self._around(peer.pid)
        # What runs inside a session is an agent, or its child: it gets what the owner's token gives, and no more.
        held = scopes.TOKEN if inside else scopes.TERMINAL if self._has_terminal(peer.pid) else scopes.UNSEATED
        return Credential("socket", generation, held, inside=inside)


def of_device(device: Device, via: str, generation: int) -> Credential:
    """The credential of a row: its scopes, and nothing that anybody says."""
    return Credential(via, generation, frozenset(device.scopes), device.id, device.epoch, device.name)


def _now_s() -> int:
    return now_us() // 1_000_000
