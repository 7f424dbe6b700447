"""The gateway's door beyond this machine: names, the TLS listener of the local network, the gate before a tunnel.

Read once, at the web part's start; `tether lan` and `tether tunnel` start it again. What can't be opened (the network
is gone, a certificate does not fit) is reported and left closed: the gateway on this machine starts all the same.
"""

from __future__ import annotations

import datetime as dt
import logging
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tether import exposure, secret_files
from tether.errors import TetherError
from tether.exposure import Exposure, Lan, certificates, chosen, interfaces
from tether.paths import Paths
from tether.web.access_keys import AccessKeys
from tether.web.admission import Headers

log = logging.getLogger("tether")


@dataclass(frozen=True)
class Door:
    """A listener with TLS. `authority` is the certificate that phones must trust, None with the user's own."""

    listener: socket.socket
    tls: ssl.SSLContext
    authority: Path | None


@dataclass(frozen=True)
class Elsewhere:
    """What is open beyond 127.0.0.1: nothing, by default. `hosts` and `origins` are for `admission`; `tunnel_hosts`
    are those of them at which `access` must be passed as well, when it is there."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    tunnel_hosts: frozenset[str] = frozenset()
    door: Door | None = None
    access: AccessKeys | None = None
    problems: tuple[str, ...] = field(default=())

    def admits(self, headers: Headers) -> bool:
        """Cloudflare Access, where it stands before the tunnel: its assertion, beside everything else."""
        if self.access is None:
            return True
        hosts = [value.decode("latin-1").lower() for name, value in headers if name.lower() == b"host"]
        # Whoever calls us by another name did not come through the tunnel's door, or lies: those names have their own
        # rules, and none of them lets a stranger in.
        return not any(host in self.tunnel_hosts for host in hosts) or self.access.admits(headers)

    def path_of(self, host: str) -> str:
        """By which way somebody comes who asks for `host` (as the header says it): lan or tunnel."""
        return "tunnel" if host in self.tunnel_hosts or self.door is None else "lan"


NOWHERE: Final = Elsewhere()


def look(paths: Paths) -> Elsewhere:
    """Open what the owner chose. Never raises: what is wrong is in `problems`, in the log and in `tether status`."""
    error_file = paths.run / "exposure.error"
    found = _open(paths)
    for problem in found.problems:
        log.error("event=not-exposed reason=%r", problem)
    if found.problems:
        secret_files.write(error_file, "\n".join(found.problems))
    else:
        error_file.unlink(missing_ok=True)
    if found.hosts:
        log.warning("event=exposed hosts=%s", ",".join(sorted(found.hosts)))
    return found


def _open(paths: Paths) -> Elsewhere:
    problems: list[str] = []
    door: Door | None = None
    try:
        wanted = exposure.load(paths.exposure)
    except TetherError as error:
        return Elsewhere(problems=(error.message,))
    lan = wanted.lan
    if lan is not None:
        try:
            lan = _addressed(lan)
            door = _door(paths, lan)
        except (TetherError, OSError) as error:
            problems.append(f"The local network: {error}")
            lan = None
    tunnel = wanted.tunnel
    hosts, origins = exposure.names(Exposure(lan, tunnel), socket.gethostname())
    access = AccessKeys(tunnel.access_team, tunnel.access_audience) if tunnel and tunnel.access_team else None
    return Elsewhere(hosts, origins, frozenset(tunnel.hosts if tunnel else ()), door, access, tuple(problems))


def _addressed(lan: Lan) -> Lan:
    """With the address that the interface has now. TetherError when it has none that may be used."""
    if not lan.interface:
        return lan
    address = interfaces.choose(lan.interface, interfaces.addresses())
    problem = chosen.check_address(address)
    if problem:
        raise TetherError(problem)
    return Lan(address, lan.port, lan.interface, lan.certificate, lan.key)


def _door(paths: Paths, lan: Lan) -> Door:
    if lan.certificate:
        files, authority = (Path(lan.certificate), Path(lan.key)), None
    else:
        names = [lan.address, *chosen.local_names(socket.gethostname())]
        made = certificates.ensure(paths.certificates, names, dt.datetime.now(dt.UTC))
        files, authority = (made.certificate, made.key), made.authority
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.set_alpn_protocols(["http/1.1"])
    try:
        tls.load_cert_chain(*files)
    except (OSError, ssl.SSLError) as error:
        raise TetherError(f"the certificate {files[0]} and its key do not fit: {error}") from None
    family = socket.AF_INET6 if ":" in lan.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((lan.address, lan.port))
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise TetherError(f"it can't listen on {lan.address} port {lan.port}: {reason}") from None
    return Door(listener, tls, authority)
