"""A session's past in the page: scrubbed, played, searched; and nothing that is typed there reaches it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.support.gateway import Gateway

INSIDE = """e => { const [a, b] = [e.getBoundingClientRect(), e.closest('.tab-page').getBoundingClientRect()];
  return a.top >= b.top && a.bottom <= b.bottom && a.left >= b.left && a.right <= b.right }"""


@pytest.fixture(scope="module")
def past(gateway: Gateway) -> str:
    """A session with three pages one after the other, which then ended."""
    session = gateway.run("shell", title="the past")
    for page in ("alpha", "bravo", "charlie"):
        gateway.tether("send", session, f"printf '\\033[2J\\033[H{page} page\\n'", "--enter")
        gateway.wait_until(page, lambda page=page: f"\x1b[H{page} page".encode() in gateway.raw(session))
    gateway.tether("send", session, "exit 3", "--enter")
    gateway.wait_state(session, "exited")
    return session


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_scrub_play_and_find(open_tab: OpenTab, gateway: Gateway, past: str, phone: bool) -> None:
    tab = open_tab(past, phone=phone, live=False)
    tab.expect_state("ended")
    tab.see("tab-timeline").click()
    replay = tab.see("replay").locator(".xterm-rows")
    expect(tab.see("timeline")).to_have_attribute("data-complete", "true")
    expect(replay).to_contain_text("charlie page")
    expect(tab.see("mark").first).to_contain_text("exited")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.shot(f"{'phone' if phone else 'desk'}-timeline")
    scrub = tab.see("scrub")
    scrub.focus()
    tab.page.keyboard.press("Home")
    expect(replay).not_to_contain_text("alpha page")
    tab.see("speed").select_option("16")
    tab.see("play").click()
    expect(replay).to_contain_text("charlie page")
    tab.see("search-for").fill("alpha page")
    tab.see("search-for").press("Enter")
    expect(tab.see("search")).to_have_attribute("data-done", "true")
    tab.see("hit").filter(has_text="alpha page").first.click()
    expect(replay).to_contain_text("alpha page")
    expect(replay).not_to_contain_text("bravo page")
    # All of the recorded screen is in view, and so are the controls.
    assert tab.see("replay").locator(".xterm-screen").evaluate(INSIDE)
    if not phone:
        assert tab.see("play").evaluate(INSIDE)
    tab.shot(f"{'phone' if phone else 'desk'}-timeline-found")


def test_a_recording_takes_no_input(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.type("echo li''ve\n")
    tab.expect_text("live")
    tab.see("tab-timeline").click()
    replay = tab.see("replay")
    expect(replay.locator(".xterm-rows")).to_contain_text("live")
    replay.click()
    tab.page.keyboard.type("echo never\n")
    replay.locator("textarea").evaluate("e => { e.removeAttribute('readonly'); e.focus() }")
    tab.page.keyboard.type("echo never\n")
    tab.page.keyboard.press("Control+c")
    tab.see("tab-terminal").click()
    # A later marker that did arrive shows that nothing came before it.
    tab.type("echo mar''ker\n")
    tab.expect_text("marker")
    assert b"never" not in gateway.raw(session)


def test_another_sessions_line_is_found_and_opened(
    open_tab: OpenTab, gateway: Gateway, session: str, past: str
) -> None:
    tab = open_tab(session)
    tab.see("tab-timeline").click()
    tab.see("everywhere").check()
    tab.see("search-for").fill("bravo page")
    tab.see("search-for").press("Enter")
    hit = tab.page.locator("a[data-testid=hit]").filter(has_text="bravo page").first
    hit.click()
    replay = tab.see("replay").locator(".xterm-rows")
    expect(replay).to_contain_text("bravo page")
    assert f"/s/{past}/timeline" in tab.page.url


def test_at_its_live_end_a_recording_goes_on_with_what_comes(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    gateway.tether("send", session, "echo be''fore", "--enter")
    gateway.wait_until("the first", lambda: b"before" in gateway.raw(session))
    tab = open_tab(session, query="?mode=observe")
    tab.see("tab-timeline").click()
    replay = tab.see("replay").locator(".xterm-rows")
    expect(replay).to_contain_text("before")
    tab.see("to-end").click()
    gateway.tether("send", session, "echo com''ing", "--enter")
    expect(replay).to_contain_text("coming")
