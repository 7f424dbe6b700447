"""A terminal without a terminal: the model of a session's screen, over libghostty-vt.

`Screen` is fed what a program prints and knows what a terminal would show. The rest of Tether sees this package and
the modules `queries`, `svg` and `png`; the binding and the serialiser are its own affair.
"""

from __future__ import annotations

from tether.screen.binding import ScreenUnavailable
from tether.screen.facts import HistoryLine, ScreenFacts
from tether.screen.terminal import Screen, unavailable

__all__ = ["HistoryLine", "Screen", "ScreenFacts", "ScreenUnavailable", "unavailable"]
