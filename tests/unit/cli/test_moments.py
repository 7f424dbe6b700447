"""A moment of the past, as people name it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tether.cli.moments import Moment, parse
from tether.errors import TetherError

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 3, 5, 14, 30, 0, tzinfo=ZONE)


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZONE).timestamp() * 1_000_000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("300", Moment(seq=300)),
        (" 7 ", Moment(seq=7)),
        ("14:05", Moment(ts=micros(2026, 3, 5, 14, 5))),
        ("14:05:09", Moment(ts=micros(2026, 3, 5, 14, 5, 9))),
        ("23:00", Moment(ts=micros(2026, 3, 4, 23, 0))),  # has not come yet today
        ("-5m", Moment(ts=micros(2026, 3, 5, 14, 25))),
        ("90s", Moment(ts=micros(2026, 3, 5, 14, 28, 30))),
        ("-1.5h", Moment(ts=micros(2026, 3, 5, 13, 0))),
        ("2d", Moment(ts=micros(2026, 3, 3, 14, 30))),
        ("2026-01-31", Moment(ts=micros(2026, 1, 31))),
        ("2026-01-31T08:00", Moment(ts=micros(2026, 1, 31, 8, 0))),
        ("2026-01-31T08:00:00Z", Moment(ts=int(datetime(2026, 1, 31, 8, tzinfo=UTC).timestamp() * 1_000_000))),
    ],
)
def test_what_people_write(text: str, wanted: Moment) -> None:
    assert parse(text, NOW) == wanted


@pytest.mark.parametrize("text", ["", "yesterday", "-5", "5 m", "25:00", "2026-13-01", "٣", "\x1b[31m"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(TetherError, match="no moment"):
        parse(text, NOW)
