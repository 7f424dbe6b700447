"""Messages as JSON can hold them. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from tether.wire.agents import Approval


def plain(value: Any) -> Any:
    """Structs as objects with their fields by name, bytes in hex; what an approval would run or write as text."""
    if isinstance(value, Approval):
        return record(value)
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def record(approval: Approval) -> dict[str, Any]:
    """An approval as the API shows it."""
    fields = {
        name: getattr(approval, name) for name in approval.__struct_fields__ if name not in ("key", "parts", "sid")
    }
    fields["exact"] = approval.exact.decode("utf-8", "replace")
    return {name: plain(value) for name, value in fields.items()}
