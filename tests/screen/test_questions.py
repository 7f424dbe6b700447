"""A terminal that is shown a session answers nothing by itself, and shows the same."""

from __future__ import annotations

import random

import pytest

from tests.screen import groups
from tests.screen.judging import cuts, difference, snapshot_of
from tests.screen.oracle import Op, Oracle
from tests.screen.streams import Stream
from tether.screen.queries import without_queries
from tether.screen.unasked import Unasked

_ASKED = (
    b"a\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[?6nb\x1b[4$p\x1b[?2004$p\x1bP$qm\x1b\\\x1bP$qr\x1b\\c\x1b[0c\x1b[>0cd\x05\x1bZe"
)
QUESTIONS = Stream("questions", "all that xterm.js answers", 80, 24, (("w", _ASKED),))


def pieces(stream: Stream) -> list[Op]:
    """The stream as it might arrive, in pieces of any size."""
    chance = random.Random(stream.name)
    found: list[Op] = []
    for op in stream.ops:
        if isinstance(op[1], bytes):
            at = 0
            while at < len(op[1]):
                size = chance.choice((1, 2, 3, 10, 1000, 4096))
                found.append(("w", op[1][at : at + size]))
                at += size
        else:
            found.append(op)
    return found


def unasked(ops: list[Op]) -> list[Op]:
    """The pieces as a terminal gets them; in one, so that only the bytes matter."""
    filtered = Unasked()
    made: list[Op] = []
    for op in ops:
        if not isinstance(op[1], bytes):
            made.append(op)
        elif made and isinstance(made[-1][1], bytes):
            made[-1] = ("w", made[-1][1] + filtered.feed(op[1]))
        else:
            made.append(("w", filtered.feed(op[1])))
    return made


def test_the_oracle_does_answer(oracle: Oracle) -> None:
    seen = oracle.show(80, 24, *QUESTIONS.ops)
    assert seen.replies.count("\x1b") > 8


@pytest.mark.parametrize("group", ["programs", "agents", "resize", "handmade", "unicode"])
def test_live_output_asks_nothing_and_shows_the_same(oracle: Oracle, group: str) -> None:
    streams = [*groups.ALL[group](), QUESTIONS]
    shown = oracle.show_all([(s.cols, s.rows, unasked(pieces(s))) for s in streams])
    whole = oracle.show_all([(s.cols, s.rows, list(s.ops)) for s in streams])
    for stream, seen, wanted in zip(streams, shown, whole, strict=True):
        assert seen.replies == "", stream.name
        assert difference(seen, wanted) == ("", ""), stream.name


@pytest.mark.parametrize("group", ["programs", "agents", "handmade"])
def test_snapshots_and_old_output_ask_nothing(oracle: Oracle, group: str) -> None:
    for stream in [*groups.ALL[group](), QUESTIONS]:
        places = cuts(stream, 2, 2)
        runs: list[tuple[int, int, list[Op]]] = []
        for at in places:
            cols, rows, snapshot = snapshot_of(stream, stream.cut(at)[0])
            runs.append((cols, rows, [("w", snapshot)]))
        data = b"".join(op[1] for op in stream.ops if isinstance(op[1], bytes))
        runs.append((stream.cols, stream.rows, [("w", without_queries(data))]))
        assert [seen.replies for seen in oracle.show_all(runs)] == [""] * len(runs), stream.name
