"""Recorded streams: what real programs printed, kept beside the tests."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from tests.screen.oracle import Op

FOLDER = Path(__file__).parent / "streams"


@dataclass(frozen=True)
class Stream:
    """`ops` begin on a terminal of `cols` by `rows`."""

    group: str
    name: str
    cols: int
    rows: int
    ops: tuple[Op, ...]

    @property
    def size(self) -> int:
        """Bytes that are written."""
        return sum(len(op[1]) for op in self.ops if op[0] == "w")  # type: ignore[arg-type]

    def cut(self, at: int) -> tuple[list[Op], list[Op]]:
        """What comes before the byte `at` of all that is written, and what comes from it on."""
        before: list[Op] = []
        for index, op in enumerate(self.ops):
            if op[0] == "w":
                data = op[1]
                assert isinstance(data, bytes)
                if at < len(data):
                    return [*before, ("w", data[:at])], [("w", data[at:]), *self.ops[index + 1 :]]
                at -= len(data)
            before.append(op)
        return before, []


def packed(stream: Stream) -> bytes:
    """A stream's file; the same stream makes the same bytes."""
    ops = [[op[0], op[1].decode("latin-1")] if isinstance(op[1], bytes) else list(op) for op in stream.ops]
    document = {"cols": stream.cols, "rows": stream.rows, "ops": ops}
    return gzip.compress(json.dumps(document).encode(), 9, mtime=0)


def save(stream: Stream) -> None:
    """Write a stream's file."""
    path = FOLDER / stream.group / f"{stream.name}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(stream))


def load(group: str) -> list[Stream]:
    """The streams of a group."""
    found = []
    for path in sorted((FOLDER / group).glob("*.json.gz")):
        document = json.loads(gzip.decompress(path.read_bytes()))
        ops = tuple((op[0], op[1].encode("latin-1")) if op[0] == "w" else tuple(op) for op in document["ops"])
        found.append(Stream(group, path.name.removesuffix(".json.gz"), document["cols"], document["rows"], ops))
    return found
