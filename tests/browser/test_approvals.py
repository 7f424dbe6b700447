"""What agents ask, on the page: shown whole, decided once, by pointer and by keys, on two devices."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
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


def ask(gateway: Gateway, session: str, tool: str, **given: object) -> str:
    """Have the agent ask; the approval's id."""
    gateway.tether("send", session, json.dumps({"tool": tool, "input": given}), "--enter", "--take")

    def look() -> str:
        return next(iter(json.loads(gateway.tether("approvals", "--json").stdout)), {"id": ""})["id"]

    return str(gateway.wait_until("it asks", look))


def card(page: Page, approval: str) -> Locator:
    return page.locator(f"[data-testid=approval][data-id='{approval}']")


def inbox(visit: Visit, gateway: Gateway, phone: bool = False) -> Page:
    page = visit(gateway, phone=phone)
    page.goto(gateway.url(path="/approvals"))
    return page


def test_what_is_allowed_on_the_phone_leaves_the_desk(visit: Visit, gateway: Gateway, asker: str) -> None:
    desk, phone = inbox(visit, gateway), inbox(visit, gateway, phone=True)
    expect(desk.get_by_test_id("nothing-asked")).to_be_visible()
    approval = ask(gateway, asker, "Bash", command="make docs <img src=x>", description="build the docs")
    for page in (desk, phone):
        expect(card(page, approval)).to_contain_text("build the docs")
        expect(card(page, approval).get_by_test_id("exact")).to_have_text("make docs <img src=x>")
        expect(page).to_have_title("(1) Approvals · Tether")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for name in ("allow", "deny"):
            box = card(page, approval).get_by_test_id(name).bounding_box()
            assert box is not None
            assert box["height"] >= 44
    card(phone, approval).get_by_test_id("allow").click()
    expect(card(phone, approval)).to_have_attribute("data-state", "allowed")
    expect(card(desk, approval)).to_have_attribute("data-state", "allowed", timeout=2_000)
    expect(card(desk, approval).get_by_test_id("outcome")).to_contain_text("Allowed by Chrome")
    expect(desk.get_by_test_id("pending")).to_have_text("0")
    assert get(gateway, approval)["state"] == "allowed"


def test_two_who_decide_at_once_make_one_decision(visit: Visit, gateway: Gateway, asker: str) -> None:
    one, two = inbox(visit, gateway), inbox(visit, gateway, phone=True)
    approval = ask(gateway, asker, "Bash", command="true", description="nothing")
    expect(card(one, approval)).to_be_visible()
    expect(card(two, approval)).to_be_visible()
    # Both are about to press before either does: the news of the first may take the second's button away.
    card(two, approval).get_by_test_id("deny").click()
    allow = card(one, approval).get_by_test_id("allow").element_handle()
    deny = card(two, approval).get_by_test_id("deny").element_handle()
    allow.evaluate("button => button.click()")
    deny.evaluate("button => button.click()")
    for page in (one, two):
        expect(card(page, approval).get_by_test_id("outcome")).to_be_visible()
    state = get(gateway, approval)["state"]
    for page in (one, two):
        expect(card(page, approval)).to_have_attribute("data-state", state)


def test_keys_alone_are_enough(visit: Visit, gateway: Gateway, asker: str) -> None:
    page = inbox(visit, gateway)
    approval = ask(gateway, asker, "Bash", command="git push", description="publish")
    expect(card(page, approval)).to_be_visible()
    page.keyboard.press("j")
    expect(card(page, approval)).to_be_focused()
    page.keyboard.press("n")
    expect(card(page, approval).get_by_test_id("reason")).to_be_focused()
    page.keyboard.type("not before the tests pass")
    page.keyboard.press("Enter")
    expect(card(page, approval)).to_have_attribute("data-state", "denied")
    gateway.tether("wait", asker, "--for", "text:not before the tests pass", "--timeout", "20")
    second = ask(gateway, asker, "Bash", command="git status", description="look")
    expect(card(page, second)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("y")
    expect(card(page, second)).to_have_attribute("data-state", "allowed")


@pytest.mark.parametrize("phone", [False, True])
def test_an_edit_is_a_diff_beside_its_terminal(
    visit: Visit, gateway: Gateway, asker: str, phone: bool, tmp_path: Path
) -> None:
    file = tmp_path / "calc.py"
    file.write_text("def add(a, b):\n    return a - b\n")
    approval = ask(gateway, asker, "Edit", file_path=str(file), old_string="a - b", new_string="a + b")
    page = visit(gateway, phone=phone)
    page.goto(gateway.url(asker))
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")
    body = card(page, approval).get_by_test_id("exact")
    expect(body.locator("[data-line=del]")).to_contain_text("return a - b")
    expect(body.locator("[data-line=add]")).to_contain_text("return a + b")
    terminal = page.get_by_test_id("terminal").bounding_box()
    assert terminal is not None
    assert terminal["height"] >= 80
    gateway.tether("approve", approval)
    expect(card(page, approval).get_by_test_id("outcome")).to_contain_text("Allowed")
    expect(page.get_by_test_id("session-approvals")).to_have_count(0)


def test_a_question_is_answered_with_one_of_its_choices(visit: Visit, gateway: Gateway, asker: str) -> None:
    options = [{"label": "Postgres", "description": ""}, {"label": "SQLite", "description": ""}]
    question = {"question": "Which database?", "header": "db", "options": options, "multiSelect": False}
    approval = ask(gateway, asker, "AskUserQuestion", questions=[question])
    page = visit(gateway, phone=True)
    page.goto(gateway.url(path=f"/approvals/{approval}"))
    expect(card(page, approval).get_by_test_id("answer")).to_be_disabled()
    card(page, approval).get_by_label("SQLite").check()
    card(page, approval).get_by_test_id("answer").click()
    expect(card(page, approval)).to_have_attribute("data-state", "answered")
    gateway.tether("wait", asker, "--for", "text:SQLite", "--timeout", "20")


def test_who_waits_is_first_in_the_fleet_and_in_the_title(visit: Visit, gateway: Gateway, asker: str) -> None:
    other = gateway.run("shell", title="newer")
    page = visit(gateway)
    approval = ask(gateway, asker, "Bash", command="true", description="nothing")
    rows = page.locator("ul[aria-label=Live] [data-testid=session-row]")
    expect(rows.first).to_have_attribute("data-id", asker)
    expect(rows.first.get_by_test_id("row-state")).to_have_text("needs approval")
    expect(page).to_have_title("(1) Tether")
    page.keyboard.press("a")
    expect(card(page, approval)).to_be_visible()
    assert page.url.endswith(f"/s/{asker}")
    gateway.tether("deny", approval)
    page.get_by_role("link", name="All sessions").click()
    expect(page).to_have_title("Tether")
    gateway.tether("stop", other, "--yes")


def test_what_was_decided_can_be_read_afterwards(visit: Visit, gateway: Gateway, asker: str) -> None:
    approval = ask(gateway, asker, "Bash", command="make clean", description="tidy")
    gateway.tether("deny", approval, "--reason", "keep it")
    page = inbox(visit, gateway)
    page.get_by_text("Decided", exact=True).click()
    expect(card(page, approval).get_by_test_id("outcome")).to_contain_text("keep it")
    expect(card(page, approval).get_by_test_id("allow")).to_have_count(0)


@pytest.mark.parametrize("phone", [False, True])
def test_what_stands_is_listed_and_undone(
    visit: Visit, gateway: Gateway, asker: str, phone: bool, tmp_path: Path
) -> None:
    page = inbox(visit, gateway, phone=phone)
    command = f"make stand-{phone}"
    approval = ask(gateway, asker, "Bash", command=command, description="build")
    card(page, approval).get_by_test_id("allow-session").click()
    expect(card(page, approval).get_by_test_id("outcome")).to_contain_text("for the session")
    page.get_by_text("Allowed without asking").click()
    row = page.locator(f"[data-testid=grant][data-id='{approval}']")
    expect(row).to_contain_text(command)
    expect(row).to_contain_text("<b>build</b> the docs")
    page.screenshot(path=tmp_path / "standing.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row.get_by_role("button", name=f"Ask again: {command}").click()
    expect(row).to_have_count(0)
    assert get(gateway, approval)["scope"] == "undone"
    again = ask(gateway, asker, "Bash", command=command, description="asked again")
    gateway.tether("deny", again)
