"""A session as one HTML file: every line that scrolled off its screen, in colour, what stood on full screens whenever
the agent paused, and the last screen. No script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Final

from tether.screen import Screen, html
from tether.wire.events import Created, Event, Output, Resized

_PAUSE_US: Final = 10_000_000
_DRAIN_LINES: Final = 500
_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 16px; background: #0d1117; color: #e6edf3; font: 14px/18px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
h1 {{ font-size: 18px; }} time {{ color: #9198a1; }}
pre {{ margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }}
pre.screen {{ margin-block: 8px; padding: 8px; border: 1px solid #2a313a; white-space: pre; overflow-x: auto; }}
</style></head><body>
<h1>{title}</h1>
"""  # noqa: E501 - the page's own lines


def page(events: Iterable[Event], title: str) -> Iterator[str]:
    """The file's pieces. ScreenUnavailable where there is no emulator."""
    yield _HEAD.format(title=escape(title))
    screen = Screen(80, 24, scrollback_lines=20_000)
    last = 0
    try:
        for event in events:
            if last and event.ts - last > _PAUSE_US:
                yield from _pause(screen, last)
            last = event.ts
            if isinstance(event, Created | Resized):
                screen.resize(event.cols, event.rows)
            elif isinstance(event, Output):
                screen.feed(event.data)
                if screen.history_size() >= _DRAIN_LINES:
                    yield from _drained(screen)
        yield from _lines(screen)
        yield _shown(screen, last, "end")
    finally:
        screen.close()
    yield "</body></html>\n"


def _pause(screen: Screen, ts: int) -> Iterator[str]:
    """What stood there while nothing happened: a full screen leaves no lines behind."""
    if screen.facts().alternate:
        yield _shown(screen, ts, "pause")
    else:
        yield from _drained(screen)


def _drained(screen: Screen) -> Iterator[str]:
    """The scrollback, which is empty afterwards."""
    yield from _lines(screen)
    if not screen.facts().alternate:
        screen.feed(b"\x1b[3J")


def _lines(screen: Screen) -> Iterator[str]:
    found = screen.history(0, screen.history_size())
    if found:
        text = "".join(html.line(one.ansi) + ("" if one.wrapped else "\n") for one in found)
        yield f"<pre>{text}</pre>\n"


def _shown(screen: Screen, ts: int, kind: str) -> str:
    rows = [html.line(row) for row in screen.styled()]
    while rows and not rows[-1]:
        rows.pop()
    when = datetime.fromtimestamp(ts / 1e6).astimezone().isoformat(" ", "seconds")
    text = "\n".join(rows)
    return f'<time datetime="{when}">{when}</time>\n<pre class="screen" data-kind="{kind}">{text}</pre>\n'
