"""The stream that `agents/numbered.py` writes, as its terminal shows it: known for every offset. Pure."""

from __future__ import annotations

LINE_BYTES = len(b"line 00000000\r\n")
_BLOCK_LINES = 4096
_BLOCK_BYTES = _BLOCK_LINES * LINE_BYTES


class Mismatch(AssertionError):
    """A line is missing, doubled, out of order or damaged."""


class Numbered:
    """Checks a stream that arrives in pieces, each byte once and in order."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.offset = 0
        self.total = -1  # lines, once the agent has said how many
        self._block = -1
        self._bytes = b""
        self._end = b""

    @property
    def complete(self) -> bool:
        """True when the last line was seen."""
        return self.total >= 0

    def take(self, data: bytes, offset: int | None = None) -> None:
        """The next bytes of the stream, which claim to stand at `offset`. Mismatch when they are not what is next."""
        if offset is not None and offset != self.offset:
            raise Mismatch(f"{self.who}: output at offset {offset}, expected {self.offset}")
        view = memoryview(data)
        while view and not self._end:
            wanted = self._expected()
            piece = bytes(view[: len(wanted)])
            if piece != wanted[: len(piece)]:
                view = self._last_line(view, wanted)
                break
            self.offset += len(piece)
            view = view[len(piece) :]
        if view:
            self._finish(view)

    def _expected(self) -> bytes:
        block, start = divmod(self.offset, _BLOCK_BYTES)
        if block != self._block:
            first = block * _BLOCK_LINES
            self._bytes = b"".join(b"line %08d\r\n" % number for number in range(first, first + _BLOCK_LINES))
            self._block = block
        return self._bytes[start:]

    def _last_line(self, view: memoryview, wanted: bytes) -> memoryview:
        """`view` differs from `wanted`: up to the start of a line it must agree, and then be the end."""
        data = bytes(view[: len(wanted)])
        same = next(i for i, (a, b) in enumerate(zip(data, wanted, strict=False)) if a != b)
        self.offset += same
        if self.offset % LINE_BYTES:
            raise self._wrong(bytes(view[same:]))
        self._end = b"end  %08d\r\n" % (self.offset // LINE_BYTES)
        return view[same:]

    def _finish(self, view: memoryview) -> None:
        if not self._end:
            raise self._wrong(bytes(view))
        done = self.offset % LINE_BYTES if self.total < 0 else LINE_BYTES
        if bytes(view) != self._end[done : done + len(view)]:
            raise self._wrong(bytes(view))
        self.offset += len(view)
        if done + len(view) == LINE_BYTES:
            self.total = self.offset // LINE_BYTES - 1

    def _wrong(self, data: bytes) -> Mismatch:
        line = self.offset // LINE_BYTES
        return Mismatch(f"{self.who}: behind line {line} (offset {self.offset}) came {data[:60]!r}")
