"""The streams of the suite, by group."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.screen import grammar, handmade
from tests.screen.streams import Stream, load

ALL: dict[str, Callable[[], list[Stream]]] = {
    "programs": partial(load, "programs"),
    "agents": partial(load, "agents"),
    "resize": partial(load, "resize"),
}
ALL["handmade"] = partial(handmade.streams, "handmade", handmade.HANDMADE)
ALL["unicode"] = partial(handmade.streams, "unicode", handmade.UNICODE)
ALL["random"] = partial(grammar.streams, 150)
