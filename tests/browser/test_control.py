"""Two people at one session: who controls, whose size it is, and what happens to keys that may not be sent."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, OpenTab, Tab
from tests.support.gateway import Gateway


def test_who_comes_second_observes_and_keeps_what_it_types(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    first, second = open_tab(session), open_tab(session)
    first.expect_mode("control")
    second.expect_mode("observe")
    expect(second.see("control")).to_contain_text("Controlled by Chrome")
    first.type("echo rea''dy\n")
    second.expect_text("ready")
    before = gateway.raw(session)
    second.type("echo se''cond\n")
    expect(second.see("kept-text")).to_have_text("echo se''cond⏎")
    second.shot("desk-observer-kept")
    # That nothing of it was sent shows in what the controller types afterwards: it stands alone on its line.
    first.type("echo fi''rst\n")
    second.expect_text("first")
    assert gateway.raw(session)[len(before) :] == b"echo fi''rst\r\nfirst\r\n$ "

    second.page.get_by_role("button", name="Take control").click()
    second.expect_mode("control")
    first.expect_mode("observe")
    expect(first.see("notice")).to_contain_text("You lost control to")
    first.shot("desk-displaced")
    second.see("kept-send").click()
    expect(second.see("kept")).to_have_count(0)
    first.expect_text("second")


def test_kept_keys_can_be_thrown_away(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    open_tab(session)
    second = open_tab(session)
    second.type("rm -rf /\n")
    second.see("kept-discard").click()
    expect(second.see("kept")).to_have_count(0)
    second.see("take").click()
    second.expect_mode("control")
    second.type("echo sa''fe\n")
    second.expect_text("safe")
    assert b"rm" not in gateway.raw(session)


def test_control_goes_back_and_forth_and_can_be_given_up(open_tab: OpenTab, session: str) -> None:
    first, second = open_tab(session), open_tab(session)
    second.see("take").click()
    second.expect_mode("control")
    first.see("take").click()
    first.expect_mode("control")
    second.expect_mode("observe")
    first.see("release").click()
    first.expect_mode("observe")
    expect(second.see("control")).to_have_text("Nobody controls")
    second.see("take").click()
    second.expect_mode("control")


def test_a_displaced_page_does_not_take_back_by_coming_back(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    first, second = open_tab(session), open_tab(session)
    second.see("take").click()
    first.expect_mode("observe")
    gateway.kill("web")
    for tab in (first, second):
        expect(tab.root).not_to_have_attribute("data-state", "live")
    for tab in (first, second):
        tab.expect_state("live")
    second.expect_mode("control")
    first.expect_mode("observe")


def test_a_terminal_and_a_browser_take_turns(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.expect_mode("control")
    gateway.attach(session, "--take").expect(r"\$ ")
    tab.expect_mode("observe")
    expect(tab.see("control")).to_contain_text(re.compile("Controlled by (?!Chrome)"))
    tab.see("take").click()
    tab.expect_mode("control")


def test_a_duplicated_tab_is_somebody_else(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    with tab.page.expect_popup() as opening:
        # As browsers do when a tab is duplicated: the copy begins with the other's session storage.
        tab.page.evaluate("void window.open(location.href)")
    copy = Tab(opening.value)
    copy.expect_state("live")
    copy.expect_mode("observe")
    assert copy.client() != tab.client()
    tab.expect_mode("control")
    assert gateway.session(session)["clients"] == 2


def test_an_observer_by_wish_leaves_control_free(open_tab: OpenTab, session: str) -> None:
    watcher = open_tab(session, query="?mode=observe")
    watcher.expect_mode("observe")
    expect(watcher.see("control")).to_have_text("Nobody controls")
    open_tab(session).expect_mode("control")


def test_looking_never_resizes_and_the_first_key_does(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.expect_text("$")
    assert tab.size() == "80x24"
    expect(tab.see("size")).to_have_text("80×24, sized elsewhere")
    tab.shot("desk-letterbox")
    tab.page.set_viewport_size({"width": 1200, "height": 700})
    expect(tab.see("size")).to_have_attribute("data-fits", "false")
    tab.page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    tab.type("tput cols\n")
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    cols = int(tab.size().partition("x")[0])
    assert cols > 100
    tab.expect_text(str(cols))
    resizes = [event for event in gateway.events(session) if event.get("type", event.get("tag")) == "resized"]
    assert len(resizes) == 1


def test_an_owned_size_follows_the_window(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session)
    tab.see("fit").click()
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    wide = tab.size()
    tab.page.set_viewport_size({"width": 900, "height": 600})
    expect(tab.root).not_to_have_attribute("data-size", wide)
    expect(tab.see("size")).to_have_attribute("data-fits", "true")


def test_a_phone_that_looks_leaves_the_desk_its_size(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    desk = open_tab(session)
    desk.see("fit").click()
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    wide = desk.size()
    phone = open_tab(session, phone=True, dark=False)
    phone.expect_size(wide)
    expect(phone.see("size")).to_have_text(re.compile("size of Chrome"))
    expect(phone.see("fit")).to_be_disabled()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.shot("phone-observer-panned")
    phone.see("take").click()
    phone.expect_mode("control")
    assert phone.size() == wide
    phone.see("fit").click()
    expect(phone.see("size")).to_have_attribute("data-fits", "true")
    narrow = phone.size()
    assert int(narrow.partition("x")[0]) < 60
    desk.expect_size(narrow)
    expect(desk.see("size")).to_have_attribute("data-fits", "false")
    desk.shot("desk-letterboxed-phone")
    desk.see("take").click()
    desk.expect_mode("control")
    desk.see("fit").click()
    phone.expect_size(wide)
    sizes = [event for event in gateway.events(session) if event.get("type", event.get("tag")) == "resized"]
    assert len(sizes) == 3
