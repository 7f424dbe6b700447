"""A session or a client as one JSON object, the same as the web API gives it."""

from __future__ import annotations

from typing import Any

from tether import attention
from tether.wire.plain import plain
from tether.wire.views import ClientView, SessionView


def session_row(view: SessionView, port: int) -> dict[str, Any]:
    """Every field of the view under its own name, bytes as hex, and the address of its page on `port`."""
    row: dict[str, Any] = plain(view)
    row["attention"] = attention.of_view(view)
    return {**row, "url": f"http://127.0.0.1:{port}/s/{view.id}"}


def client_row(view: ClientView, session: str) -> dict[str, Any]:
    """One attachment; `session` is the public id."""
    return {"session": session, **{name: value for name, value in plain(view).items() if name != "sid"}}
