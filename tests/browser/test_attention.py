"""Who needs somebody: first in the list, counted everywhere, visited by a key, decided with the keyboard alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.support.gateway import FAKE_AGENTS, Gateway

LIVE = "ul[aria-label=Live] [data-testid=session-row]"


@pytest.fixture(scope="module")
def fleet() -> Iterator[tuple[Gateway, list[str]]]:
    """Ten sessions, of which the third and the seventh can ask."""
    with Gateway() as running:
        running.add_provider("asker", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
        made = [running.run("asker" if number in (2, 6) else "shell", title=f"work {number}") for number in range(10)]
        askers = [made[2], made[6]]
        for session in askers:
            running.tether("wait", session, "--for", "text:READY", "--timeout", "20")
        yield running, askers


def ask(gateway: Gateway, session: str, command: str) -> None:
    question = {"tool": "Bash", "input": {"command": command, "description": "try it"}}
    gateway.tether("send", session, json.dumps(question), "--enter", "--take")

    def asks() -> bool:
        return any(row["session"] == session for row in json.loads(gateway.tether("approvals", "--json").stdout))

    gateway.wait_until("it asks", asks)


def rows(page: Page) -> list[str]:
    return [str(row.get_attribute("data-id")) for row in page.locator(LIVE).all()]


def test_two_of_ten_wait_are_first_counted_visited_and_decided_without_a_pointer(
    visit: Visit, fleet: tuple[Gateway, list[str]]
) -> None:
    gateway, askers = fleet
    desk, phone = visit(gateway), visit(gateway, phone=True)
    expect(desk.locator(LIVE)).to_have_count(10)
    expect(desk.get_by_test_id("next")).to_have_count(0)
    for session in askers:
        ask(gateway, session, f"make {session}")
    for page in (desk, phone):
        expect(page).to_have_title("(2) Tether")
        expect(page.locator(LIVE).nth(1)).to_have_attribute("data-id", askers[1])
        assert rows(page)[:2] == askers, "who waits longest is first"
        # Not by colour alone: the words are there, and what is asked.
        expect(page.locator(LIVE).nth(0)).to_contain_text("needs approval")
        expect(page.locator(LIVE).nth(0)).to_contain_text(f"make {askers[0]}")
    for index in (0, 1):
        box = phone.locator(LIVE).nth(index).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"], "those who wait are seen without scrolling"
    visited = []
    for _ in range(3):
        desk.keyboard.press("a")
        expect(desk.get_by_test_id("session")).to_have_attribute("data-state", "live")
        visited.append(desk.url.rsplit("/", 1)[1])
        if len(visited) < 3:
            desk.go_back()
            expect(desk.get_by_test_id("list")).to_be_visible()
    assert visited == [askers[0], askers[1], askers[0]]
    expect(desk.get_by_test_id("elsewhere")).to_contain_text("1")
    desk.get_by_test_id("approval").focus()
    desk.keyboard.press("y")
    for page in (desk, phone):
        expect(page).to_have_title("(1) work 2 · Tether" if page is desk else "(1) Tether")
    desk.get_by_test_id("elsewhere").focus()
    desk.keyboard.press("Enter")
    expect(desk).to_have_title("(1) work 6 · Tether")
    desk.get_by_test_id("approval").focus()
    desk.keyboard.press("y")
    expect(phone).to_have_title("Tether")
    desk.get_by_role("link", name="All sessions").focus()
    desk.keyboard.press("Enter")
    desk.locator(f"li:has([data-id='{askers[1]}'])").get_by_test_id("row-menu").focus()
    desk.keyboard.press("Enter")
    desk.get_by_test_id("stop").locator("visible=true").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Cancel")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator(f"li:has([data-id='{askers[1]}'])").get_by_test_id("row-menu")).to_be_focused()


def test_ten_tiles_are_reached_by_the_keyboard_and_none_is_drawn_by_a_terminal(
    visit: Visit, fleet: tuple[Gateway, list[str]]
) -> None:
    gateway, _ = fleet
    page = visit(gateway)
    page.get_by_test_id("tiles-on").click()
    tiles = page.get_by_test_id("tile")
    expect(tiles).to_have_count(10)
    expect(tiles.locator("img")).to_have_count(10)
    assert page.locator("canvas").count() == 0
    page.get_by_test_id("filter").focus()
    reached: list[str] = []
    for _ in range(60):  # there are controls between them
        page.keyboard.press("Tab")
        found = page.evaluate("document.activeElement.closest('[data-testid=tile]')?.dataset.id")
        if found is not None and found not in reached:
            reached.append(found)
    assert reached == [tile.get_attribute("data-id") for tile in tiles.all()]
