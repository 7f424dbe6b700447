"""`[masking] log = "masked"`: an agent's output is hidden before it is recorded, and so wherever it is shown.

It stands between the terminal and the ring. What the masker holds back (some bytes, until the terminal is silent) is in
memory alone: a worker that is killed loses it, which is the price of not having it on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tether.clock import monotonic

if TYPE_CHECKING:
    from tether.knownvalues import KnownValues
    from tether.masking import Mask
    from tether.ptyworker.loop import Worker

_SILENCE_S: Final = 0.04
_READ_BYTES: Final = 16 * 1024


def begin(worker: Worker) -> Recording:
    """What hides a session's output before it is recorded; what its agent is given is hidden as well."""
    # Not loaded in workers that record what they read: rules take some megabytes.
    from tether import masking
    from tether.paths import resolve

    values = masking.known(resolve())
    masking.meet(values, worker.kept.view)
    return Recording(values, masking.Mask(values.finder), worker.terminal.read_into, lambda: worker.kept.view.cols)


class Recording:
    """What is read of a terminal by `read`, with its secrets hidden; as `read`, but from time to time there is
    something although the terminal has nothing."""

    def __init__(
        self, values: KnownValues, mask: Mask, read: Callable[[memoryview], int], cols: Callable[[], int]
    ) -> None:
        self.know = values.given
        self._mask = mask
        self._masker = mask.stream(cols())
        self._read = read
        self._cols = cols
        self._scratch = memoryview(bytearray(_READ_BYTES))
        self._ready = b""
        self._read_at = 0.0
        self._over = False

    def event(self, message: Any) -> Any:
        """Something told from beside the terminal, as it may be recorded."""
        from tether import masking

        return masking.event_masked(message, self._mask)

    def read_into(self, place: memoryview) -> int:
        """Put what may be recorded into `place`: its size, 0 when there is nothing now, -1 when there will be
        nothing."""
        if not self._ready and not self._over:
            size = self._read(self._scratch)
            if size > 0:
                self._read_at = monotonic()
                self._ready = self._masker.feed(bytes(self._scratch[:size]), cols=self._cols())
            elif size < 0:
                self.finish()
        if not self._ready:
            return -1 if self._over else 0
        part, self._ready = self._ready[: len(place)], self._ready[len(place) :]
        place[: len(part)] = part
        return len(part)

    def finish(self) -> None:
        """There will be no more, or not for this process: what was held back is ready, hidden."""
        if not self._over:
            self._over = True
            self._ready += self._masker.flush()

    def wait(self, now: float) -> float | None:
        """Seconds until `due`; None while nothing waits."""
        if self._ready:
            return 0.0
        return max(0.0, self._read_at + _SILENCE_S - now) if self._masker.holding else None

    def due(self, now: float) -> bool:
        """True when there is something to read although the terminal may have nothing."""
        if not self._ready and self._masker.holding and now >= self._read_at + _SILENCE_S:
            self._ready = self._masker.silent()
        return bool(self._ready)
