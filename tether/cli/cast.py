"""A session as an asciicast v2 recording, which asciinema plays. Pure."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator

from tether.wire.events import Created, Event, Output, Resized


def lines(events: Iterable[Event], title: str) -> Iterator[str]:
    """The recording's lines: a header, then one array an event. Characters cut between two events are joined; bytes
    that are no UTF-8 become U+FFFD, because JSON holds only text."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    start = 0
    began = False
    last = 0.0
    for event in events:
        if not began:
            began = True
            start = event.ts
            yield json.dumps(_header(event, title), ensure_ascii=False) + "\n"
        # The machine's clock may be set back; a recording's may not.
        last = max(last, (event.ts - start) / 1_000_000)
        if isinstance(event, Output):
            text = decoder.decode(event.data)
            if text:
                yield _line(last, "o", text)
        elif isinstance(event, Resized):
            yield _line(last, "r", f"{event.cols}x{event.rows}")
    rest = decoder.decode(b"", final=True)
    if rest:
        yield _line(last, "o", rest)


def _header(first: Event, title: str) -> dict[str, object]:
    cols, rows = (first.cols, first.rows) if isinstance(first, Created | Resized) else (80, 24)
    return {
        "version": 2,
        "width": cols or 80,
        "height": rows or 24,
        "timestamp": first.ts // 1_000_000,
        "title": title,
        "env": {"TERM": "xterm-256color"},
    }


def _line(at: float, kind: str, text: str) -> str:
    return json.dumps([round(at, 6), kind, text], ensure_ascii=False) + "\n"
