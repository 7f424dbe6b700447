"""A snapshot and the rest of the stream show what the whole stream shows, in xterm.js.

`python -m tests.screen.report` prints the figures of docs/screen.md.
"""

from __future__ import annotations

import pytest

from tests.screen import groups
from tests.screen.judging import Verdict, cuts, judge
from tests.screen.known import KNOWN
from tests.screen.oracle import Oracle
from tests.screen.streams import Stream


def shown(verdicts: list[Verdict]) -> list[str]:
    """The verdicts on which the screens differ, for people."""
    return [
        f"{v.stream.name} at {v.cut} of {v.stream.size}: {v.why[:400]}\n  {v.snapshot[-200:]!r}"
        for v in verdicts
        if v.level in ("text", "screen")
    ]


def everything(*names: str) -> list[Stream]:
    return [stream for name in names for stream in groups.ALL[name]()]


@pytest.mark.parametrize("stream", everything("programs", "agents"), ids=lambda stream: stream.name)
def test_programs_from_any_cut(oracle: Oracle, stream: Stream) -> None:
    places = cuts(stream, 6, 4)
    assert places
    assert shown(list(judge(oracle, stream, places))) == []


def test_programs_at_the_end(oracle: Oracle) -> None:
    streams = everything("programs", "agents")
    wrong = [v for stream in streams for v in judge(oracle, stream, [stream.size]) if v.level in ("text", "screen")]
    assert [line for line in shown(wrong) if line.partition(" at ")[0] not in KNOWN] == []
    assert len(wrong) <= 0.04 * len(streams)


@pytest.mark.parametrize(("group", "floor"), [("resize", 0.97), ("handmade", 0.99), ("unicode", 0.97)])
def test_other_groups_differ_only_where_it_is_known(oracle: Oracle, group: str, floor: float) -> None:
    verdicts = [v for stream in groups.ALL[group]() for v in judge(oracle, stream, cuts(stream, 6, 4))]
    ends = [v for stream in groups.ALL[group]() for v in judge(oracle, stream, [stream.size])]
    assert [line for line in shown(verdicts + ends) if line.partition(" at ")[0] not in KNOWN] == []
    assert len(shown(verdicts)) <= (1 - floor) * len(verdicts)


def test_random_streams(oracle: Oracle) -> None:
    verdicts = [v for stream in groups.ALL["random"]() for v in judge(oracle, stream, cuts(stream, 3, 2))]
    assert len(shown(verdicts)) <= 0.11 * len(verdicts), "\n".join(shown(verdicts)[:20])


@pytest.mark.parametrize("group", ["handmade", "unicode"])
def test_small_streams_at_every_byte(oracle: Oracle, group: str) -> None:
    for stream in groups.ALL[group]():
        if stream.size <= 48 and stream.name not in KNOWN:
            assert shown(list(judge(oracle, stream, range(stream.size + 1)))) == []


def test_what_is_known_is_still_so(oracle: Oracle) -> None:
    for stream in everything("programs", "agents", "resize", "handmade", "unicode"):
        if stream.name in KNOWN:
            found = list(judge(oracle, stream, [*cuts(stream, 6, 4), stream.size]))
            assert shown(found), f"{stream.name} differs no more: take it out of the list"
