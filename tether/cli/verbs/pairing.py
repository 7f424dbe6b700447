"""pair: let a new device in."""

from __future__ import annotations

import io
import select
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tether import exposure, settings
from tether.cli import gateway, owner
from tether.cli.call import CALL, interactive, line, note, out
from tether.devices import scopes
from tether.errors import FAILED, NOT_ALLOWED, USAGE, TetherError
from tether.paths import Paths, resolve

_POLL_S = 0.3
_LOOPBACK = ("127.0.0.1", "localhost")


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog="Examples: tether pair | tether pair --name tablet --scopes observe")(pair)


def pair(
    scope: Annotated[str, typer.Option("--scopes", help="observe, input, approve, admin, with commas between.")] = "",
    name: Annotated[str, typer.Option(help="What to call the device; without, what it calls itself.")] = "",
    url: Annotated[str, typer.Option(help="The gateway's address as the device will use it.")] = "",
    qr: Annotated[
        bool | None, typer.Option("--qr/--no-qr", help="Draw the code; by default where it can work.")
    ] = None,
) -> int:
    """Let a new device in: show it a link, compare six digits, and say yes. The offer is good for two minutes, once.

    It needs a terminal: nobody else than you can say yes.
    """
    paths = resolve()
    gateway.require_up(paths)
    if not interactive():
        text = "Pairing asks you to compare digits, and this is no terminal"
        raise TetherError(text, hint="Run it in a terminal", code="usage", status=USAGE)
    given = _scopes(scope)
    base = (url or _address(paths)).rstrip("/")
    offer = owner.ask(paths, "POST", "/api/v1/pairing", {"scopes": sorted(given), "name": name})
    try:
        _show(base, offer, qr)
        return _follow(paths, offer["id"])
    except KeyboardInterrupt:
        owner.ask(paths, "POST", "/api/v1/pairing/cancel", {})
        note("\nThe offer is withdrawn")
        raise


def _scopes(text: str) -> scopes.Scopes:
    if not text:
        return scopes.PHONE
    try:
        return scopes.parse(text)
    except ValueError as error:
        raise TetherError(str(error), hint="Example: --scopes observe,input", code="usage", status=USAGE) from None


def _address(paths: Paths) -> str:
    """Where a device finds the gateway: through the tunnel, in the local network, or on this machine."""
    wanted = exposure.load(paths.exposure)
    if wanted.tunnel is not None and wanted.tunnel.hosts:
        return f"https://{wanted.tunnel.hosts[0]}"
    if wanted.lan is not None:
        host = f"[{wanted.lan.address}]" if ":" in wanted.lan.address else wanted.lan.address
        return f"https://{host}:{wanted.lan.port}"
    return f"http://127.0.0.1:{gateway.web_port(paths, settings.load(paths.settings))}"


def link(base: str, offer: dict[str, Any]) -> str:
    """What the device opens. All of it is behind the #, which browsers send to nobody."""
    return f"{base}/pair#v=1&g={offer['gateway']}&k={offer['secret']}&p={offer['id']}"


def _show(base: str, offer: dict[str, Any], qr: bool | None) -> None:
    address = link(base, offer)
    here = any(base.startswith((f"http://{name}:", f"http://{name}/")) for name in _LOOPBACK)
    # A phone that scans 127.0.0.1 finds itself.
    if qr or (qr is None and not here and sys.stderr.isatty()):
        sys.stderr.write(drawn(address))
    note("On the new device, open this link:")
    out(address)
    sys.stdout.flush()
    code = offer["code"]
    note(f"or open {base}/pair and type the code  {code[:4]}-{code[4:]}  (not through a tunnel)")
    if here:
        note("This address works on this machine only. For a phone, open a way first: tether lan on, or tether tunnel")
    note(f"It will be allowed to: {', '.join(offer['scopes'])}")


def drawn(address: str) -> str:
    """The QR code of `address` for a terminal of either polarity, two rows of dots in one line."""
    import segno

    text = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(out=text, border=2, compact=True)
    return text.getvalue()


def _follow(paths: Paths, id: str) -> int:
    """Wait for a device, ask about it, and tell how it ended."""
    asked = False
    while True:
        offer = owner.ask(paths, "GET", "/api/v1/pairing")
        if offer["id"] != id:
            raise TetherError(
                "Another offer took the place of this one", hint="Begin again: tether pair", status=FAILED
            )
        if offer["state"] in ("paired", "over"):
            _clear()
            return _ended(offer)
        if offer["state"] == "knocking" and not asked:
            asked = True
            _clear()
            if not _decide(paths, offer, lambda: owner.ask(paths, "GET", "/api/v1/pairing")["state"] == "knocking"):
                continue
        elif not asked:
            failures = f", {offer['failures']} wrong tries" if offer["failures"] else ""
            _progress(f"Waiting for the device: {offer['left_s']:.0f} s{failures}")
        select.select([], [], [], _POLL_S)


def _decide(paths: Paths, offer: dict[str, Any], stands: Callable[[], bool]) -> bool:
    """Ask whether the digits agree. False when the offer ended meanwhile."""
    knock = offer["knock"]
    name, platform = line(knock["name"], 60), line(knock["platform"], 60)
    note(f"A device asks to be let in: {name}{f' ({platform})' if platform else ''}, over {knock['path']}")
    note(f"Its screen must show these digits:  {knock['digits'][:3]} {knock['digits'][3:]}")
    print("The same digits, and it is yours? [y/N] ", end="", file=sys.stderr, flush=True)
    while not select.select([sys.stdin], [], [], _POLL_S)[0]:
        if not stands():
            return False
    accept = sys.stdin.readline().strip().lower() in ("y", "yes")
    body = {"id": offer["id"], "digits": knock["digits"], "accept": accept}
    owner.ask(paths, "POST", "/api/v1/pairing/decide", body)
    return True


def _ended(offer: dict[str, Any]) -> int:
    if offer["state"] == "paired":
        name = line(offer["knock"]["name"], 60)
        note(f"Paired: {name} ({offer['device']}). Take it back with: tether revoke {offer['device'][:6]}")
        return 0
    raise TetherError(
        f"No device was paired: {line(offer['reason'])}",
        hint="Begin again: tether pair",
        code="offer",
        status=NOT_ALLOWED,
    )


def _progress(text: str) -> None:
    if sys.stderr.isatty() and not CALL.quiet:
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty() and not CALL.quiet:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
