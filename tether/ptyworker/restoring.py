"""Asking the store what stood on the screen, one answer at a time, until what is left is in the ring. Pure."""

from __future__ import annotations

from typing import Final

from tether.wire.storing import Recall, Recalled

# Without an answer for this long it is asked again: the store may be starting.
AGAIN_S: Final = 1.0


class Restoring:
    """`fed` is the newest event that the model has seen, `upto` the newest one that the log has."""

    def __init__(self, upto: int) -> None:
        self.fed = 0
        self.upto = upto
        self._asked_at = float("-inf")

    def question(self, now: float) -> Recall | None:
        """What to ask at `now` (seconds); None while an answer is awaited."""
        return Recall(self.fed, self.upto) if now - self._asked_at >= AGAIN_S else None

    def asked(self, now: float) -> None:
        """The question was sent."""
        self._asked_at = now

    def wait(self, now: float) -> float:
        """Seconds until it is time to ask (again)."""
        return max(0.0, self._asked_at + AGAIN_S - now)

    def fits(self, answer: Recalled) -> bool:
        """True when it is the answer to the last question."""
        return answer.after == self.fed

    def took(self, answer: Recalled) -> None:
        """The model was fed with the answer. One without events says that the log has none of them (any more)."""
        self.fed = max(self.fed, answer.last) if answer.last else self.upto
        self._asked_at = float("-inf")

    def done(self, first_held: int) -> bool:
        """True when what comes next is in the ring, which holds the events from `first_held` on."""
        return self.fed + 1 >= first_held
