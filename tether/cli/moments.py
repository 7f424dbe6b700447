"""A moment in a session's history as people name it: an event's number, a time of day, a date, or so long ago. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tether.errors import USAGE, TetherError, printable

_AGO: Final = re.compile(r"-?(\d+(?:\.\d+)?)(s|m|h|d)")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Moment(NamedTuple):
    """One of the two is set: an event's number, or microseconds since 1970."""

    seq: int = 0
    ts: int = 0


def parse(text: str, now: datetime) -> Moment:
    """`text` as a moment; `now` is local and aware of its zone. TetherError when it is none."""
    word = text.strip()
    if word.isascii() and word.isdigit():
        return Moment(seq=int(word))
    ago = _AGO.fullmatch(word)
    if ago:
        return Moment(ts=_micros(now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])))
    for form in ("%H:%M:%S", "%H:%M"):
        try:
            of_day = datetime.strptime(word, form)  # noqa: DTZ007 - the zone is `now`'s
        except ValueError:
            continue
        found = now.replace(hour=of_day.hour, minute=of_day.minute, second=of_day.second, microsecond=0)
        return Moment(ts=_micros(found if found <= now else found - timedelta(days=1)))
    try:
        date = datetime.fromisoformat(word)
    except ValueError:
        raise TetherError(
            f"{printable(text, 40)!r} is no moment",
            hint="Give an event's number, a time (14:05), a date (2026-01-31T14:05) or how long ago (-5m)",
            code="usage",
            status=USAGE,
        ) from None
    return Moment(ts=_micros(date if date.tzinfo else date.replace(tzinfo=now.tzinfo)))


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
