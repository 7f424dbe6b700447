"""The floating console: who needs somebody, the answer to it, and the last lines of a session, over everything else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SHOTS, Visit
from tests.browser.test_accessible import axe as axe
from tests.browser.test_accessible import violations
from tests.support.approvals import get
from tests.support.gateway import FAKE_AGENTS, Gateway


@pytest.fixture(scope="module")
def asker(gateway: Gateway) -> Iterator[str]:
    """A session whose agent asks what it is told to ask."""
    gateway.add_provider("asker", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
    session = gateway.run("asker", title="<b>build</b> the docs")
    gateway.tether("wait", session, "--for", "text:READY", "--timeout", "20")
    yield session
    gateway.tether("stop", session, "--yes", check=False)


def ask(gateway: Gateway, session: str) -> str:
    question = {"tool": "Bash", "input": {"command": "make docs", "description": "build the docs"}}
    gateway.tether("send", session, json.dumps(question), "--enter", "--take")
    rows = gateway.wait_until("it asks", lambda: json.loads(gateway.tether("approvals", "--json").stdout))
    return str(rows[0]["id"])


def floated(page: Page) -> Page:
    """The window that the page opens when it is asked to."""
    with page.context.expect_page() as opened:
        page.get_by_test_id("float-open").click()
    return opened.value


def test_it_floats_tells_shows_and_lets_decide(visit: Visit, gateway: Gateway, asker: str, session: str) -> None:
    page = visit(gateway)
    small = floated(page)
    expect(small.get_by_test_id("float")).to_have_attribute("data-state", "live")
    expect(small.locator(f"[data-id='{session}']")).to_be_visible()
    approval = ask(gateway, asker)
    first = small.get_by_test_id("float-row").first
    expect(first).to_have_attribute("data-id", asker)
    expect(first).to_contain_text("<b>build</b> the docs")
    card = small.get_by_test_id("approval")
    expect(card.get_by_test_id("exact")).to_have_text("make docs")
    if SHOTS:
        small.screenshot(path=f"{SHOTS}/float.png")
    card.get_by_test_id("allow").click()
    gateway.wait_until("it is allowed", lambda: get(gateway, approval)["state"] == "allowed")
    small.locator(f"[data-testid=float-row][data-id='{session}']").click()
    gateway.tether("send", session, "echo near''by", "--enter", "--take")
    expect(small.get_by_test_id("float-lines")).to_contain_text("nearby")
    small.get_by_test_id("float-visit").click()
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")
    assert page.url == gateway.url(session)


def test_a_browser_that_lets_nothing_float_opens_a_small_window(
    visit: Visit, gateway: Gateway, session: str, axe: str
) -> None:
    page = visit(gateway)
    page.add_init_script("delete window.documentPictureInPicture")
    page.goto(gateway.url(path="/"))
    small = floated(page)
    expect(small).to_have_url(gateway.url(path="/float"))
    expect(small.locator(f"[data-id='{session}']")).to_be_visible()
    small.locator(f"[data-id='{session}']").click()
    expect(small.get_by_test_id("float-lines")).to_have_text(re.compile(r"^\$"))
    assert violations(small, axe) == []
    assert small.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small.get_by_test_id("float-row").first.focus()
    small.keyboard.press("Enter")
    small.get_by_test_id("float-visit").focus()
    small.keyboard.press("Enter")
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")


def test_a_phone_has_no_second_window(visit: Visit, gateway: Gateway, session: str) -> None:
    page = visit(gateway, phone=True)
    expect(page.locator(f"[data-id='{session}']")).to_be_visible()
    expect(page.get_by_test_id("float-open")).to_have_count(0)
