"""why: what an agent does, by whose word, and what it waits for."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import Annotated, Any, Final

import typer

from tether import attention
from tether.cli import finding, history, sessiontable
from tether.cli.call import CALL, line, out, out_json
from tether.paths import resolve
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.agents import Active, Approval
from tether.wire.plain import plain, record
from tether.wire.views import ENDED, SessionView

_BEFORE: Final = 5
# Where a state was seen, in words.
_SOURCES: Final = {
    "hook": "the agent's own hooks", "api": "the agent's own interface", "title": "the terminal's title",
    "bell": "the terminal's bell", "notice": "a notice of the terminal", "mark": "the shell's marks in its output",
    "process": "nothing but that it runs",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog="Examples: tether why k3v9 | tether why k3v9 --json")(why)


def why(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
) -> int:
    """Say what an agent does now, since when, by whose word, and what it waits for."""
    paths = resolve()
    view = finding.find_any(paths, session)
    before: deque[Active] = deque(maxlen=_BEFORE + 1)
    asked: list[Approval] = []
    with contextlib.closing(LogReader(paths)) as log, contextlib.suppress(LogUnavailable):
        asked = log.approvals(pending=True, sid=view.sid)
        for event in history.read(log, view.sid, 0):
            if isinstance(event, Active):
                before.append(event)
    if CALL.json:
        now = {"activity": plain(view.activity), "attention": attention.of_view(view)}
        earlier = [plain(one.activity) for one in before]
        asks = [record(one) for one in asked]
        out_json({"id": view.id, "state": view.state, **now, "approvals": asks, "before": earlier})
        return 0
    for text in _told(view, asked, list(before), time.time_ns() // 1000):
        out(text)
    return 0


def _told(view: SessionView, asked: list[Approval], before: list[Active], now: int) -> list[str]:
    activity = view.activity
    if view.state in ENDED:
        ended = f"{view.state}: {view.detail}" if view.detail else view.state
        return [f"{view.id}  {ended}"]
    if activity is None:
        return [f"{view.id}  {view.state}; nothing was said of what it does"]
    doing = f"{activity.state}: {activity.detail}" if activity.detail else activity.state
    lines = [f"{view.id}  {doing}  for {_age(now, activity.since)}"]
    lines.append(f"  why      {line(activity.why)}")
    lines.append(f"  seen by  {_SOURCES.get(activity.source, line(activity.source))}")
    if activity.said:
        lines.append(f"  says     {line(activity.said)}")
    if activity.degraded:
        lines.append(f"  plain    a plain terminal only: {line(activity.degraded)}")
    needs = attention.of_view(view)
    if needs:
        lines.append(f"  needs    you: {needs}")
    lines += [f"  asks     {one.id}  {one.kind}  {line(one.title, 80)}" for one in asked]
    earlier: list[Any] = [one for one in before if one.activity.since != activity.since][-_BEFORE:]
    for one in reversed(earlier):
        was = one.activity
        shown = f"{was.state}: {was.detail}" if was.detail else was.state
        lines.append(f"  before   {shown}  {_age(now, was.since or one.ts)} ago ({was.source}): {line(was.why, 80)}")
    return lines


def _age(now: int, since: int) -> str:
    return sessiontable.age(max(0, now - since) // 1_000_000)
