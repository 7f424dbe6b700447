"""`[masking] attach = "masked"`: a session's output on its way to the owner's own terminal, with its secrets hidden.

The terminal is not lent then: what the worker would write to it is raw.
"""

from __future__ import annotations

from tether import masking
from tether.masking import SILENCE_S, Mask
from tether.paths import Paths
from tether.wire.control import Snapshot
from tether.wire.views import SessionView


def over(paths: Paths, view: SessionView) -> Veil:
    """The veil over a session's output. TetherError when the user's rules do not fit."""
    values = masking.known(paths)
    masking.meet(values, view)
    return Veil(Mask(values.finder), view.cols)


class Veil:
    """Hides what is written to one terminal. `now` is monotonic seconds."""

    def __init__(self, mask: Mask, cols: int) -> None:
        self._mask = mask
        self._cols = cols
        self._masker = mask.stream(cols)
        self._fed_at = 0.0

    def resize(self, cols: int) -> None:
        """The session's terminal has another width."""
        self._cols = cols

    def feed(self, data: bytes, now: float) -> bytes:
        """What of `data`, and of what came before, may be shown."""
        self._fed_at = now
        return self._masker.feed(data, cols=self._cols)

    def anew(self, snapshot: Snapshot) -> Snapshot:
        """A screen takes the place of everything before it."""
        self._cols = snapshot.cols
        self._masker = self._mask.stream(snapshot.cols)
        return masking.snapshot_masked(snapshot, self._mask)

    def deadline(self) -> float | None:
        """When what waits is to be shown, hidden; None while nothing waits."""
        return self._fed_at + SILENCE_S if self._masker.holding else None

    def rest(self, now: float, *, end: bool = False) -> bytes:
        """What has waited long enough, hidden; at the `end` all that is left."""
        if end:
            return self._masker.flush()
        deadline = self.deadline()
        return self._masker.silent() if deadline is not None and now >= deadline else b""
