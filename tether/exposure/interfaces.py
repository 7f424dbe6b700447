"""The network interfaces of this machine and their addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from tether.errors import USAGE, TetherError


def addresses() -> dict[str, list[str]]:
    """Every interface with its addresses, IPv4 first, link-local ones left out: they need a zone that no URL holds."""
    import ifaddr

    found: dict[str, list[str]] = {}
    for adapter in ifaddr.get_adapters():
        kept = []
        for one in adapter.ips:
            text = one.ip if isinstance(one.ip, str) else one.ip[0]
            address = ipaddress.ip_address(text)
            if not address.is_link_local:
                kept.append((address.version, text))
        if kept:
            found[adapter.nice_name] = [text for _, text in sorted(kept)]
    return found


def choose(name: str, found: Mapping[str, Sequence[str]]) -> str:
    """The address of interface `name`, its first IPv4 one if it has any. TetherError naming what there is."""
    if name in found:
        return found[name][0]
    known = ", ".join(f"{interface} ({', '.join(texts)})" for interface, texts in sorted(found.items()) if texts)
    raise TetherError(
        f"There is no network interface {name!r} with an address",
        hint=f"There are: {known or 'none'}",
        code="interface",
        status=USAGE,
    )
