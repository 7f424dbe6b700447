"""The table "What survives what" in docs/operations.md, row by row, on a real gateway.

Every cell is a promise that a check here knows; a cell with other words fails until a check for it is written.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.screen import Screen

PAGE = Path(__file__).parent.parent.parent / "docs/operations.md"
COLUMNS = ["killed", "the agent", "output", "what you type", "what you see"]


def table() -> list[list[str]]:
    """The rows of the page's table, without its head."""
    text = PAGE.read_text(encoding="utf-8")
    lines = re.findall(r"<!-- survival -->\n(.*?)<!-- end -->", text, re.DOTALL)[0].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0] == COLUMNS
    return rows[2:]


@dataclass
class Story:
    """A session with its agent at work and a terminal attached, before and after the kill."""

    gateway: Gateway
    session: str
    screen: Screen
    agent: int
    worker: int

    def kill(self, what: str) -> None:
        """kill -9, and what the row says is to be done then."""
        if what == "worker":
            os.kill(self.worker, signal.SIGKILL)
        elif what == "command":
            self.screen.kill(signal.SIGKILL)
        else:
            self.gateway.kill(what)
        if what == "supervisord":
            self.gateway.tether("start")

    def log(self) -> str:
        return self.gateway.raw(self.session).decode()


def begin(gateway: Gateway) -> Story:
    session = gateway.run(gateway.add_fake("ticker"))
    screen = gateway.attach(session)
    screen.expect(r"tick \d")
    screen.type("before\r")
    screen.expect("got: before")
    return Story(gateway, session, screen, gateway.agent_pid(session), gateway.worker_pid(session))


# -- the agent


def lives(story: Story) -> None:
    os.kill(story.agent, 0)
    assert story.gateway.agent_pid(story.session) == story.agent


# -- output


def kept(story: Story) -> None:
    """Every tick is in the log once and in order, also those around the kill, and the numbers are dense."""

    def ticks() -> list[int]:
        return [int(number) for number in re.findall(r"tick (\d+)\r", story.log())]

    seen = len(ticks())
    story.gateway.wait_until("the log goes on", lambda: len(ticks()) > seen + 20)
    found = ticks()
    assert found == list(range(1, len(found) + 1))
    numbers = [event["seq"] for event in story.gateway.events(story.session)]
    assert numbers == list(range(1, len(numbers) + 1))


def kept_and_shown(story: Story) -> None:
    story.screen.expect(r"tick \d", timeout=30)
    kept(story)
    shown = [int(number) for number in re.findall(rb"tick (\d+)\r", story.screen.data)]
    assert shown == list(range(shown[0], shown[0] + len(shown))), "the screen misses or repeats something"


# -- input


def taken_once(story: Story) -> None:
    story.screen.expect("got: during", timeout=30)
    story.screen.type("after\r")
    story.screen.expect("got: after", timeout=30)
    story.gateway.wait_until("the log has it", lambda: "got: after" in story.log())
    assert re.findall(r"got: (\w+)", story.log()) == ["before", "during", "after"]


def acknowledged_is_taken(story: Story) -> None:
    assert re.findall(r"got: (\w+)", story.log()) == ["before"]
    story.screen = story.gateway.attach(story.session, "--take")
    story.screen.expect(r"tick \d")
    story.screen.type("again\r")
    story.screen.expect("got: again", timeout=30)


# -- what you see


def screen_goes_on(story: Story) -> None:
    assert story.screen.running
    story.gateway.wait_until(
        "every service runs", lambda: all(row["state"] == "running" for row in story.gateway.status()["services"])
    )


def services_are_back(story: Story) -> None:
    screen_goes_on(story)
    assert len(story.gateway.status()["services"]) >= 5


def browsers_reconnect(story: Story) -> None:
    screen_goes_on(story)

    def answers() -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", story.gateway.port, timeout=5)) as connection:
            connection.request("GET", "/api/v1/health")
            return connection.getresponse().status == 200

    story.gateway.wait_until("the web answers", answers)


def nothing(story: Story) -> None:
    screen_goes_on(story)
    other = story.gateway.run(story.gateway.add_fake("ticker"))
    story.gateway.wait_state(other, "running")


def recovered(story: Story) -> None:
    assert story.screen.running
    assert story.gateway.worker_pid(story.session) != story.worker
    story.gateway.wait_until(
        "the log says so",
        lambda: [e for e in story.gateway.events(story.session) if e.get("code") == "recovered"],
    )


def terminal_is_restored(story: Story) -> None:
    first = story.gateway.screens[0]
    assert not first.running
    story.gateway.wait_until("the terminal is as it was", lambda: first.termios_now() == first.termios_before)


PROMISES: dict[str, dict[str, Callable[[Story], None]]] = {
    "the agent": {"lives": lives},
    "output": {"kept, and shown": kept_and_shown, "kept, then shown": kept_and_shown, "kept": kept},
    "what you type": {
        "taken once": taken_once,
        "held, then taken once": taken_once,
        "what was acknowledged is taken": acknowledged_is_taken,
    },
    "what you see": {
        "the screen goes on; a moment without control": screen_goes_on,
        "the screen goes on; history waits for the store": screen_goes_on,
        "browsers reconnect by themselves; terminals notice nothing": browsers_reconnect,
        "nothing": nothing,
        'a moment\'s pause; the log says "recovered"': recovered,
        "the screen goes on; `tether start` brings the services back": services_are_back,
        "your terminal is restored; `tether attach --take`": terminal_is_restored,
    },
}


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0])
def test_what_survives(gateway: Gateway, row: list[str]) -> None:
    promises = [PROMISES[column][cell] for column, cell in zip(COLUMNS[1:], row[1:], strict=True)]
    story = begin(gateway)
    story.kill(row[0])
    if row[0] != "command":
        story.screen.type("during\r")
    for promise in promises[2:3] + promises[:2] + promises[3:]:  # input first: it is under way
        promise(story)


def test_the_table_has_every_part_that_can_be_killed() -> None:
    assert [row[0] for row in table()] == [
        "broker", "store", "web", "spawner", "adapters", "worker", "supervisord", "command",
    ]  # fmt: skip
