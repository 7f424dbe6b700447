"""devices, revoke: who may use this gateway, and who no more."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from tether.cli import gateway, owner, sessiontable
from tether.cli.call import CALL, columns, confirm, line, note, out_json
from tether.devices import registry, rows
from tether.errors import CONFLICT, NO_GATEWAY, NOT_FOUND, USAGE, TetherError
from tether.paths import Paths, resolve


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether devices | tether devices --json")(devices)
    app.command(epilog="Examples: tether revoke q2zk | tether revoke 'Ada iPhone' | tether revoke --all --yes")(revoke)


def devices() -> int:
    """List the devices that may use this gateway, browsers of this machine included."""
    paths = resolve()
    found = _listed(paths)
    if CALL.json:
        out_json(found)
        return 0
    now = time.time()
    table: list[tuple[str, ...]] = [("ID", "NAME", "KIND", "SCOPES", "PAIRED", "SEEN", "VIA")]
    table += [
        (
            line(one["id"], 16), line(one["name"], 40), line(one["kind"], 8), ",".join(one["scopes"]),
            sessiontable.age(int(now - one["created"])),
            sessiontable.age(int(now - one["last_seen"])) if one["last_seen"] else "never",
            line(one["last_path"], 20) or "-",
        )
        for one in found
    ]  # fmt: skip
    columns(table)
    if not found:
        note("No device is paired yet. Pair one: tether pair")
    return 0


def revoke(
    device: Annotated[str, typer.Argument(metavar="[DEVICE]", help="Its id, the beginning of it, or its name.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All devices, and all browsers of this machine.")] = False,
) -> int:
    """Revoke a device: its row is gone, and everything that it has open is closed at once."""
    if every == bool(device):
        raise TetherError("Name one device, or --all", hint="List them: tether devices", code="usage", status=USAGE)
    paths = resolve()
    if every and not confirm("Revoke every device and every browser?", refused="Every device would be revoked"):
        return 0
    try:
        gone = owner.ask(paths, "POST", "/api/v1/devices/revoke", {"device": device, "all": every})["revoked"]
    except TetherError as error:
        if error.status != NO_GATEWAY or gateway.is_up(paths):
            raise
        gone = _revoke_in_the_file(paths, device)
    if CALL.json:
        out_json({"schema": 1, "revoked": gone})
    else:
        for one in gone:
            note(f"Revoked {line(one['name'], 40)} ({one['id']})")
        if not gone:
            note("There was none")
    return 0


def _listed(paths: Paths) -> list[dict[str, Any]]:
    try:
        return list(owner.ask(paths, "GET", "/api/v1/devices")["devices"])
    except TetherError as error:
        if error.status != NO_GATEWAY:
            raise
    return [_plain(one) for one in registry.read(paths.devices).devices]


def _revoke_in_the_file(paths: Paths, device: str) -> list[dict[str, Any]]:
    """Nothing runs that could have anything open: the rows alone must go."""
    gone: list[rows.Device] = []

    def edit(book: rows.Book) -> rows.Book:
        found = rows.find(book, device) if device else book.devices
        if device and not found:
            raise TetherError("There is no such device", hint="List them: tether devices", status=NOT_FOUND)
        if device and len(found) > 1:
            raise TetherError(f"{len(found)} devices begin with that", hint="Use more of it", status=CONFLICT)
        book, removed = rows.remove(book, [one.id for one in found])
        gone.extend(removed)
        return book

    registry.change(paths.devices, edit)
    return [_plain(one) for one in gone]


def _plain(device: rows.Device) -> dict[str, Any]:
    names = ("id", "kind", "name", "scopes", "created", "last_seen", "last_path", "platform", "epoch")
    return {name: getattr(device, name) for name in names}
