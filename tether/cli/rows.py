"""A session or a client as one JSON object, the same as the web API gives it."""

from __future__ import annotations

from typing import Any

import msgspec

from tether.wire.views import ClientView, SessionView


def session_row(view: SessionView, port: int) -> dict[str, Any]:
    """Every field of the view under its own name, bytes as hex, and the address of its page on `port`."""
    row = {name: _plain(getattr(view, name)) for name in view.__struct_fields__}
    return {**row, "url": f"http://127.0.0.1:{port}/s/{view.id}"}


def client_row(view: ClientView, session: str) -> dict[str, Any]:
    """One attachment; `session` is the public id."""
    row = {name: _plain(value) for name, value in msgspec.structs.asdict(view).items() if name != "sid"}
    return {"session": session, **row}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
