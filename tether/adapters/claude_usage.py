"""What Claude Code used in a turn, from the transcript that it keeps beside its terminal: no hook says it. Pure.

A line of the transcript is one JSON object. Those of the assistant name the model's message and what it used; one
message may stand in several lines. The turn is that of the user's line before. Money is not told there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tether.adapters.facts import Usage

_TURNS_MAX: Final = 8
_LINE_BYTES_MAX: Final = 8 << 20


class Ledger:
    """One session's. `lines` that it did not understand are counted in `strange`."""

    def __init__(self) -> None:
        self.strange = 0
        self._turn = ""
        self._used: dict[str, dict[str, tuple[int, int, int]]] = {}  # turn -> message -> input, output, cached
        self._rest = b""

    def take(self, data: bytes) -> list[Usage]:
        """The next bytes of the transcript: what each turn in them has used by now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_BYTES_MAX:
            self._rest = b""
        changed: dict[str, None] = {}
        for line in lines:
            try:
                self._line(line, changed)
            except (msgspec.DecodeError, TypeError, ValueError, AttributeError, KeyError):
                self.strange += 1
        return [self._usage(turn) for turn in changed if turn in self._used]

    def _line(self, line: bytes, changed: dict[str, None]) -> None:
        if b'"promptId"' not in line and b'"usage"' not in line:
            return
        told: dict[str, Any] = msgspec.json.decode(line)
        if told.get("promptId"):
            self._turn = str(told["promptId"])
        if told.get("type") != "assistant" or not self._turn:
            return
        message = told["message"]
        usage = message["usage"]
        cached = int(usage.get("cache_read_input_tokens") or 0)
        fresh = int(usage.get("input_tokens") or 0) + int(usage.get("cache_creation_input_tokens") or 0)
        used = self._used.setdefault(self._turn, {})
        used[str(message["id"])] = (fresh + cached, int(usage.get("output_tokens") or 0), cached)
        changed[self._turn] = None
        while len(self._used) > _TURNS_MAX:
            del self._used[next(iter(self._used))]

    def _usage(self, turn: str) -> Usage:
        sums = [sum(one) for one in zip(*self._used[turn].values(), strict=True)]
        return Usage(turn, sums[0], sums[1], sums[2])
