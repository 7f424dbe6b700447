"""lan, tunnel: letting paired devices in from beyond this machine, and no longer."""

from __future__ import annotations

import datetime as dt
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from tether import exposure
from tether.cli import exposing, gateway, supervising, tunnelling
from tether.cli.call import CALL, confirm, line, note, out, out_json
from tether.errors import FAILED, USAGE, TetherError
from tether.exposure import Lan, Tunnel, certificates, chosen, interfaces
from tether.paths import Paths
from tether.settings import Settings

_LAN_ACTIONS = ("on", "off", "status")
_TUNNEL_ACTIONS = ("up", "down", "status")


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(
        epilog="Examples: tether lan on --interface eth0 | tether lan on --address 192.168.1.20 --port 4790 | "
        "tether lan status | tether lan off"
    )(lan)
    app.command(
        epilog="Examples: tether tunnel tailscale up | tether tunnel cloudflare up | "
        "tether tunnel cloudflare up --name home --host tether.example.com | tether tunnel tailscale down"
    )(tunnel)


def lan(
    action: Annotated[str, typer.Argument(metavar="on|off|status")],
    interface: Annotated[str, typer.Option(help="The network interface to listen on.")] = "",
    address: Annotated[str, typer.Option(help="The address to listen on, instead of an interface.")] = "",
    port: Annotated[int, typer.Option(help="The port, apart from the gateway's own.")] = chosen.LAN_PORT_DEFAULT,
    certificate: Annotated[str, typer.Option(metavar="FILE", help="Your own certificate chain (PEM).")] = "",
    key: Annotated[str, typer.Option(metavar="FILE", help="Its key (PEM).")] = "",
) -> int:
    """Let paired devices in over the local network, with TLS only. Off until you say `on`."""
    paths, settings = gateway.load()
    _known(action, _LAN_ACTIONS)
    if action == "status":
        return _lan_status(paths)
    if action == "off":
        exposing.change(paths, settings, lan=None)
        exposing.tell_audit(paths, "exposure", lan="off")
        note("The gateway is off the local network")
        return 0
    exposing.require_device(paths)
    wanted = _wanted_lan(interface, address, port, certificate, key)
    problem = chosen.check(exposure.Exposure(lan=wanted))
    if problem:
        raise TetherError(problem, hint="See: tether lan --help", code="usage", status=USAGE)
    if not confirm(
        f"Whoever is on the network of {wanted.address} will reach the gateway's door on port {wanted.port}. Open it?",
        refused="This opens the gateway to the local network",
    ):
        return FAILED
    exposing.change(paths, settings, lan=wanted)
    exposing.tell_audit(paths, "exposure", lan=f"{wanted.address}:{wanted.port}")
    return _lan_status(paths)


def tunnel(
    kind: Annotated[str, typer.Argument(metavar="tailscale|cloudflare")],
    action: Annotated[str, typer.Argument(metavar="up|down|status")],
    name: Annotated[str, typer.Option(help="cloudflare: a tunnel that you made; without it a random one.")] = "",
    host: Annotated[str, typer.Option(help="cloudflare: the host name that leads to your tunnel.")] = "",
    access_team: Annotated[str, typer.Option(help="cloudflare: the team of Cloudflare Access before it.")] = "",
    access_audience: Annotated[str, typer.Option(help="cloudflare: the audience tag of that application.")] = "",
) -> int:
    """Let paired devices in through Tailscale or Cloudflare, whose programs you have installed and signed in."""
    paths, settings = gateway.load()
    _known(kind, ("tailscale", "cloudflare"))
    _known(action, _TUNNEL_ACTIONS)
    if action == "status":
        return _tunnel_status(paths, settings, kind)
    if action == "down":
        return _tunnel_down(paths, settings, kind)
    exposing.require_device(paths)
    gateway.require_up(paths)
    _refuse_two(paths, kind)
    port = gateway.web_port(paths, settings)
    if kind == "tailscale":
        opened = tunnelling.up_tailscale(port)
    else:
        opened = tunnelling.up_cloudflare(paths, port, name, host, access_team, access_audience)
    exposing.change(paths, settings, tunnel=opened)
    exposing.tell_audit(paths, "exposure", tunnel=kind, hosts=" ".join(opened.hosts))
    return _tunnel_status(paths, settings, kind)


# -- lan


def _wanted_lan(interface: str, address: str, port: int, certificate: str, key: str) -> Lan:
    if bool(interface) == bool(address):
        raise TetherError(
            "Name the interface or the address to listen on",
            hint=f"There are: {_shown_interfaces()}. Example: tether lan on --interface eth0",
            code="usage",
            status=USAGE,
        )
    found = address or interfaces.choose(interface, interfaces.addresses())
    files = [str(Path(file).resolve()) if file else "" for file in (certificate, key)]
    if files[0]:
        certificates.read(Path(files[0]))
    return Lan(found, port, interface, *files)


def _shown_interfaces() -> str:
    found = {name: texts for name, texts in interfaces.addresses().items() if not chosen.check_address(texts[0])}
    return ", ".join(f"{name} ({texts[0]})" for name, texts in found.items()) or "no local network"


def _lan_status(paths: Paths) -> int:
    opened = exposure.load(paths.exposure).lan
    if opened is None:
        out_json({"lan": None}) if CALL.json else out("LAN   off: the gateway listens on 127.0.0.1 alone")
        return 0
    address = f"[{opened.address}]" if ":" in opened.address else opened.address
    url = f"https://{address}:{opened.port}"
    authority = None if opened.certificate else paths.certificates / "authority.pem"
    if authority is not None:
        names = [opened.address, *chosen.local_names(socket.gethostname())]
        authority = certificates.ensure(paths.certificates, names, dt.datetime.now(dt.UTC)).authority
    found = exposing.look_from_outside(url, authority=authority or Path(opened.certificate))
    document: dict[str, Any] = {"url": url, "problems": found.problems, "unknown": found.unknown}
    if authority is not None:
        document |= {"authority": str(authority), "fingerprint": certificates.fingerprint(authority)}
    if CALL.json:
        out_json({"lan": document})
    else:
        out(f"LAN   on: {url}, for paired devices")
        _print_found(found)
        if authority is not None:
            _print_guide(url, document["fingerprint"], authority)
    return FAILED if found.problems else 0


def _print_guide(url: str, fingerprint: str, authority: Path) -> None:
    out("")
    out("A phone must trust this gateway's authority once:")
    out(f"  1. Open {url}/authority.crt on it, past its warning; that file is public.")
    out("     iPhone, iPad: Settings > General > VPN & Device Management > install the profile,")
    out("                   then Settings > General > About > Certificate Trust Settings > turn it on.")
    out("     Android:      Settings > Security > Encryption & credentials > Install a certificate > CA certificate.")
    out("  2. Compare before you trust it. SHA-256:")
    out(f"     {fingerprint[:47]}")
    out(f"     {fingerprint[48:]}")
    out("It can vouch for private addresses and .local names only.")
    note(f"The same file on this machine: {authority}")


# -- tunnel


def _refuse_two(paths: Paths, kind: str) -> None:
    opened = exposure.load(paths.exposure).tunnel
    if opened is not None and opened.kind != kind:
        raise TetherError(
            f"A {opened.kind} tunnel is up, and there is one at a time",
            hint=f"End it first: tether tunnel {opened.kind} down",
            code="tunnel",
            status=FAILED,
        )


def _tunnel_down(paths: Paths, settings: Settings, kind: str) -> int:
    opened = _opened(paths, kind)
    if opened is not None:
        # First the names, so that nobody is let in any more whatever the program does.
        exposing.change(paths, settings, tunnel=None)
        exposing.tell_audit(paths, "exposure", tunnel="off")
    there = tunnelling.end(paths, kind, gateway.web_port(paths, settings), opened=opened is not None)
    if opened is not None:
        note(f"The {kind} tunnel is down")
    else:
        note(f"Ended what was left of a {kind} tunnel" if there else f"There is no {kind} tunnel")
    return 0


def _opened(paths: Paths, kind: str) -> Tunnel | None:
    found = exposure.load(paths.exposure).tunnel
    return found if found is not None and found.kind == kind else None


def _tunnel_status(paths: Paths, settings: Settings, kind: str) -> int:
    opened = _opened(paths, kind)
    if opened is None:
        out_json({"tunnel": None}) if CALL.json else out("Tunnel   none")
        if kind == "cloudflare" and supervising.is_alive(paths) and tunnelling.state(paths) != "unknown":
            note("A cloudflared is left of one that was not opened; the gateway does not answer to its name.")
            note(f"End it: tether tunnel {kind} down")
        return 0
    found = tunnelling.look(paths, opened, gateway.web_port(paths, settings))
    if CALL.json:
        document = {"kind": kind, "hosts": opened.hosts, "problems": found.problems, "unknown": found.unknown}
        out_json({"tunnel": document})
    else:
        out(f"Tunnel   {kind}: {', '.join(f'https://{host}' for host in opened.hosts)}, for paired devices")
        _print_found(found)
    return FAILED if found.problems else 0


def _print_found(found: exposing.Found) -> None:
    for problem in found.problems:
        out(f"✖ {line(problem, 300)}")
    for unknown in found.unknown:
        out(f"– {line(unknown, 300)}")


def _known(word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise TetherError(
            f"{line(word, 40)!r} is none of: {', '.join(words)}", hint="See --help", code="usage", status=USAGE
        )
