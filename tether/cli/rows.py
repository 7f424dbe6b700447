"""A session or a client as one JSON object, the same as the web API gives it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tether.wire.views import ClientView, SessionView

# Not for people: the id says it, or it is a client's secret name.
_HIDDEN: Final = ("sid", "controller_id")


def session_row(view: SessionView) -> dict[str, Any]:
    """Every field of the view under its own name; bytes as hex."""
    row = {name: _plain(getattr(view, name)) for name in view.__struct_fields__ if name not in _HIDDEN}
    return {**row, "sid": view.sid.hex()}


def client_row(view: ClientView, session: str) -> dict[str, Any]:
    """One attachment; `session` is the public id."""
    row = {name: _plain(value) for name, value in msgspec.structs.asdict(view).items() if name != "sid"}
    return {"session": session, **row}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
