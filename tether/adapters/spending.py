"""What a session has cost, from what its agent tells of each turn. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from tether.adapters.facts import Usage

# What no turn costs: a number that is nonsense must not make everything that follows nonsense.
_TURN_MAX: Final = Decimal(100_000)


class Spending:
    """One session's. `total` is what it had cost before ("" is: nobody told)."""

    def __init__(self, total: str = "") -> None:
        self.total = total
        self._turn = ""
        self._before = _amount(total) or Decimal(0)

    def add(self, usage: Usage) -> str:
        """What the session has cost now, in US dollars; a turn's cost is told again as it grows. "" is: nobody told."""
        cost = _amount(usage.cost_usd)
        if cost is None:
            return self.total
        if usage.turn != self._turn:
            self._turn, self._before = usage.turn, _amount(self.total) or Decimal(0)
        self.total = f"{self._before + cost:f}"
        return self.total

    @property
    def known(self) -> float | None:
        """The total as a number; None while nobody told."""
        return float(self.total) if self.total else None


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found <= _TURN_MAX else None
