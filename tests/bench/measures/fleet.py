"""The page of a fleet: 50 sessions, five of them busy, scrolled in chromium, and what the page's heap grows by.

Frames are those of chromium's own trace: a frame that it wanted and did not present in time is late.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import linear_regression
from typing import TYPE_CHECKING, Any, Final

from tests.bench.figures import Figure
from tests.bench.run import Run
from tests.bench.terminals import BenchError
from tests.support.waiting import pause

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

    from tests.bench.tether_peer import Tether

SESSIONS: Final = 50
BUSY: Final = 5
# How long the heap is watched: TETHER_BENCH_FLEET_MINUTES.
MINUTES: Final = 4
_LOOK_S: Final = 15.0
_SETTLE_MS: Final = 8_000
_CATEGORIES: Final = "cc,benchmark,viz,disabled-by-default-devtools.timeline.frame"
_LATE: Final = "STATE_DROPPED"
_SHOWN: Final = ("STATE_PRESENTED_ALL", "STATE_PRESENTED_PARTIAL")


def fleet(run: Run) -> None:
    """See the module."""
    minutes = float(os.environ.get("TETHER_BENCH_FLEET_MINUTES", 1 if run.quick else MINUTES))
    with run.fresh("tether") as peer, run.failing("fleet"):
        if peer is None:
            return
        _populate(peer)  # type: ignore[arg-type]
        with _page(peer) as (page, devtools):  # type: ignore[arg-type]
            for view in ("list", "tiles"):
                page.evaluate(f"localStorage['tether.view'] = '{view}'")
                page.reload()
                page.wait_for_selector("[data-testid=session-row], [data-testid=tile]")
                # What starting 50 sessions and loading a page still have to do is none of scrolling's.
                page.wait_for_timeout(_SETTLE_MS)
                late, frames = _scrolled(page, devtools)
                run.add(
                    Figure(
                        "fleet scroll", f"tether, {view}", 0, 100 * late / frames, "% late", extra={"frames": frames}
                    )
                )
            _heap(run, devtools, minutes)


def _populate(peer: Tether) -> None:
    peer.gateway.add_fake("ticker")
    for _ in range(BUSY):
        peer.client.launch("ticker")
    for _ in range(SESSIONS - BUSY):
        peer.client.launch("bench-idle")


@contextmanager
def _page(peer: Tether) -> Iterator[tuple[Page, CDPSession]]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise BenchError("no chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(peer.gateway.ticket_url(""))
        page.wait_for_selector("[data-testid=session-row]")
        yield page, page.context.new_cdp_session(page)
        browser.close()


def _scrolled(page: Page, devtools: CDPSession) -> tuple[int, int]:
    """Scroll to the end and back, twice: frames that were late, and all that were wanted."""
    events: list[dict[str, Any]] = []
    over: list[bool] = []
    devtools.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    devtools.on("Tracing.tracingComplete", lambda _: over.append(True))
    devtools.send("Tracing.start", {"categories": _CATEGORIES, "transferMode": "ReportEvents"})
    for distance in (-2500, 2500, -2500, 2500):
        gesture = {"x": 720, "y": 500, "yDistance": distance, "speed": 1500, "gestureSourceType": "mouse"}
        devtools.send("Input.synthesizeScrollGesture", gesture)
    devtools.send("Tracing.end")
    while not over:
        page.wait_for_timeout(50)
    states = [_state(event) for event in events if event.get("name") == "PipelineReporter" and event.get("ph") == "b"]
    late, shown = states.count(_LATE), sum(state in _SHOWN for state in states)
    if late + shown < 60:
        raise BenchError(f"chromium's trace tells of {late + shown} frames only: {sorted(set(states))}")
    return late, late + shown


def _state(event: dict[str, Any]) -> str:
    told = event.get("args", {}).get("chrome_frame_reporter") or event.get("args", {}).get("frame_reporter") or {}
    return str(told.get("state", ""))


def _heap(run: Run, devtools: CDPSession, minutes: float) -> None:
    """The heap after `minutes` in megabytes, and by how much it grows each minute, without its first look."""
    devtools.send("HeapProfiler.enable")
    began = time.monotonic()
    looks: list[tuple[float, float]] = []
    while (passed := time.monotonic() - began) < minutes * 60 or len(looks) < 4:
        devtools.send("HeapProfiler.collectGarbage")
        looks.append((passed / 60, devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6))
        pause(min(_LOOK_S, minutes * 15))
    slope = linear_regression(*zip(*looks[1:], strict=True)).slope
    extra = {"MB/min": slope, "minutes": minutes, "first": looks[0][1]}
    run.add(Figure("fleet heap", "tether", 0, looks[-1][1], "MB", extra=extra))
    print("  " + json.dumps([[round(at, 2), round(size, 2)] for at, size in looks]), flush=True)
