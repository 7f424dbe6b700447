"""Every page by axe's rules of WCAG 2.2 AA, in both sizes and all themes; and by the keyboard alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.support.gateway import FAKE_AGENTS, Gateway

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make webtest installs it")
    return AXE.read_text()


@pytest.fixture(scope="module")
def asked(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """A session whose agent waits for a decision."""
    gateway.add_provider("asker", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
    session = gateway.run("asker", title="waits")
    gateway.tether("wait", session, "--for", "text:READY", "--timeout", "20")
    question = {"tool": "Bash", "input": {"command": "make test", "description": "run the tests"}}
    gateway.tether("send", session, json.dumps(question), "--enter")
    rows = gateway.wait_until("it asks", lambda: json.loads(gateway.tether("approvals", "--json").stdout))
    yield session, rows[0]["id"]
    gateway.tether("stop", session, "--yes", check=False)


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, with where."""
    page.evaluate(axe)
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(TAGS)}}}).then(result => result.violations)")
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_every_page_keeps_the_rules(
    visit: Visit, gateway: Gateway, asked: tuple[str, str], axe: str, phone: bool, theme: str
) -> None:
    session, _ = asked
    page = visit(gateway, phone=phone)
    page.evaluate(f"localStorage.setItem('tether.theme', '{theme}')")
    pages = {
        "/": "list", "/approvals": "approval", "/devices": "devices", "/audit": "audit", "/settings": "settings",
        "/pair": "pair", f"/s/{session}": "approval", f"/s/{session}/info": "info",
        f"/s/{session}/changes": "view-changes", f"/s/{session}/files": "view-files",
        f"/s/{session}/timeline": "view-timeline", f"/s/{session}/read": "read", "/float": "float",
    }  # fmt: skip
    problems = []
    for path, mark in pages.items():
        page.goto(gateway.url(path=path))
        expect(page.get_by_test_id(mark).first).to_be_visible()
        problems += [f"{path}: {one}" for one in violations(page, axe)]
    assert problems == []


def test_the_way_from_the_list_to_the_end_of_a_session_needs_no_pointer(visit: Visit, gateway: Gateway) -> None:
    session = gateway.run("shell", title="by keys")
    page = visit(gateway)
    page.get_by_test_id("filter").press_sequentially("by keys")
    expect(page.get_by_test_id("session-row")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(f"[data-id='{session}']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")
    # Tab stays in the terminal; the key that leaves it is said to who listens and shown to who looks.
    terminal = page.locator(".xterm-helper-textarea")
    expect(terminal).to_be_focused()
    expect(terminal).to_have_attribute("aria-description", re.compile(r"Control\+Shift\+L leaves"))
    expect(page.get_by_test_id("leave-hint")).to_be_visible()
    page.keyboard.press("Tab")
    expect(terminal).to_be_focused()
    page.keyboard.press("Control+Shift+L")
    expect(page.get_by_test_id("tab-terminal")).to_be_focused()
    expect(page.get_by_test_id("left")).to_contain_text("left the terminal")
    expect(page.get_by_test_id("leave-hint")).not_to_be_visible()
    page.keyboard.press("Enter")
    expect(terminal).to_be_focused()
    page.keyboard.press("Control+Shift+L")
    while page.evaluate("document.activeElement.dataset.testid") != "tab-changes":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("view-changes")).to_be_visible()
    while page.evaluate("document.activeElement.className") != "back":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_test_id("filter").press_sequentially("by keys")
    page.locator(f"li:has([data-id='{session}'])").get_by_test_id("row-menu").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("stop").locator("visible=true").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f".ended [data-id='{session}']")).to_be_visible()
