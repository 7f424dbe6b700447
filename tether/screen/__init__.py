"""A terminal without a terminal: the model of a session's screen, over libghostty-vt.

`Screen` is fed what a program prints and knows what a terminal would show. The rest of Tether sees what this package
names and the modules `queries`, `unasked`, `tail`, `svg` and `png`; the binding and the serialiser are its own affair.

The model is imported when it is first named: who only wants a pure module of the room does not pay for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tether.screen.binding import ScreenUnavailable
    from tether.screen.facts import HistoryLine, ScreenFacts
    from tether.screen.terminal import Screen, unavailable

__all__ = ["HistoryLine", "Screen", "ScreenFacts", "ScreenUnavailable", "unavailable"]

_HOMES = {"HistoryLine": "facts", "ScreenFacts": "facts", "ScreenUnavailable": "binding"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'terminal')}")
    value = globals()[name] = getattr(home, name)
    return value
