"""What the owner chose to expose: `exposure.toml`, written by `tether lan` and `tether tunnel`, read by the web part.

No environment variable and no other setting opens anything: without this file the gateway listens on 127.0.0.1 alone
and answers to its names alone.
"""

from __future__ import annotations

import ipaddress
import json
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tether import secret_files
from tether.errors import USAGE, TetherError
from tether.exposure.hosts import is_host

LAN_PORT_DEFAULT: Final = 4790
_WARNING: Final = "# Written by `tether lan` and `tether tunnel`. Whoever reaches these addresses can knock here.\n"


class Lan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One address of the local network, with TLS. Without a certificate of the user's, Tether's own authority makes
    one."""

    address: str
    port: int = LAN_PORT_DEFAULT
    # The network interface that was named; the address is looked up again at each start.
    interface: str = ""
    certificate: str = ""
    key: str = ""


class Tunnel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tunnel that ends at the gateway's own port, and the names under which it is reached."""

    kind: Literal["tailscale", "cloudflare"]
    hosts: list[str]
    # Cloudflare Access: its team and the application's audience tag; then every request must carry its assertion too.
    access_team: str = ""
    access_audience: str = ""


class Exposure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing, unless it is said."""

    lan: Lan | None = None
    tunnel: Tunnel | None = None


def load(path: Path) -> Exposure:
    """What was chosen; nothing when there is no file. TetherError when it does not fit: then nothing is exposed."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return Exposure()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(path, str(error)) from None
    try:
        exposure = msgspec.convert(document, Exposure)
    except msgspec.ValidationError as error:
        raise _invalid(path, str(error)) from None
    problem = check(exposure)
    if problem:
        raise _invalid(path, problem)
    return exposure


def check(exposure: Exposure) -> str:
    """What is wrong with it, "" when nothing is."""
    if exposure.lan is not None:
        problem = check_address(exposure.lan.address)
        if problem:
            return f"lan.address: {problem}"
        if not 1 <= exposure.lan.port <= 65535:
            return f"lan.port: {exposure.lan.port} is no port"
        if bool(exposure.lan.certificate) != bool(exposure.lan.key):
            return "lan.certificate and lan.key belong together"
    if exposure.tunnel is not None:
        for host in exposure.tunnel.hosts:
            if not is_host(host):
                return f"tunnel.hosts: {host!r} is no host name"
        if bool(exposure.tunnel.access_team) != bool(exposure.tunnel.access_audience):
            return "tunnel.access_team and tunnel.access_audience belong together"
    return ""


def check_address(text: str) -> str:
    """Why the gateway may not listen there, "" when it may: one address of this network, never all of them."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return f"{text!r} is no IP address"
    if address.is_unspecified:
        return f"{text} is every address of this machine: name one"
    if address.is_loopback:
        return f"{text} is this machine itself: nobody else reaches it"
    if address.is_multicast or address.is_reserved:
        return f"{text} is no address of a machine"
    if address.is_global:
        return f"{text} is reachable from the whole internet: use a tunnel instead"
    return ""


def names(exposure: Exposure, machine: str) -> tuple[frozenset[str], frozenset[str]]:
    """(Host header values, origins) under which the gateway is called from elsewhere. `machine` is its host name."""
    hosts: set[str] = set()
    if exposure.lan is not None:
        port = exposure.lan.port
        address = f"[{exposure.lan.address}]" if ":" in exposure.lan.address else exposure.lan.address
        for name in (address, *local_names(machine)):
            hosts.add(f"{name}:{port}" if port != 443 else name)
    if exposure.tunnel is not None:
        hosts.update(exposure.tunnel.hosts)
    return frozenset(hosts), frozenset(f"https://{host}" for host in hosts)


def local_names(machine: str) -> list[str]:
    """The names under which the local network may know `machine`."""
    name = machine.split(".")[0].lower()
    return [f"{name}.local"] if is_host(f"{name}.local") else []


def save(path: Path, exposure: Exposure) -> None:
    """Write what was chosen; nothing chosen removes the file."""
    if exposure == Exposure():
        path.unlink(missing_ok=True)
        return
    parts = [_WARNING]
    for name, section in (("lan", exposure.lan), ("tunnel", exposure.tunnel)):
        if section is not None:
            rows = [f"{key} = {_toml(value)}\n" for key, value in msgspec.structs.asdict(section).items() if value]
            parts.append(f"\n[{name}]\n" + "".join(rows))
    secret_files.write(path, "".join(parts))


def _toml(value: Any) -> str:
    # A JSON string is a TOML basic string, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _invalid(path: Path, problem: str) -> TetherError:
    return TetherError(
        f"{path}: {problem}",
        hint="Correct it, or remove it: then the gateway is reachable from this machine alone",
        code="settings",
        status=USAGE,
    )
