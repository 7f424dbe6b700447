"""One session on a desk and on a phone: who writes, whose size it is, and that both end where they began."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenTab, Tab
from tests.support.gateway import Gateway


def resizes(gateway: Gateway, session: str) -> int:
    return sum(event.get("type", event.get("tag")) == "resized" for event in gateway.events(session))


def test_a_second_device_watches_takes_over_and_gives_back_by_leaving(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    desk = open_tab(session)
    desk.expect_mode("control")
    expect(desk.see("control")).to_have_count(0)  # alone, there is nothing to share
    desk.type("echo rea''dy\n")
    desk.expect_text("ready")
    size = desk.size()

    phone = open_tab(session, phone=True)
    phone.expect_mode("observe")
    desk.expect_mode("control")
    expect(desk.see("control")).to_contain_text("You control")
    expect(phone.see("control")).to_contain_text("Controlled by")
    assert phone.size() == size
    before = gateway.raw(session)
    phone.type("x\n")
    expect(phone.see("kept-text")).to_have_text("x⏎")
    phone.shot("phone-observer-kept")
    desk.shot("desk-shared")
    desk.type("echo nothing''-of-it\n")
    phone.expect_text("nothing-of-it")
    assert gateway.raw(session)[len(before) :] == b"echo nothing''-of-it\r\nnothing-of-it\r\n$ "

    phone.see("take").click()
    phone.expect_mode("control")
    desk.expect_mode("observe")
    expect(desk.see("notice")).to_contain_text("You lost control to")
    expect(desk.see("notice-act")).to_have_text("Take back")
    desk.shot("desk-lost-control")
    desk.type("y")
    expect(desk.see("kept-text")).to_have_text("y")

    # The phone goes away without a word: after the grace the desk has it back, with what was typed in vain.
    phone.page.context.close()
    desk.expect_mode("control")
    expect(desk.see("notice")).to_have_attribute("data-kind", "regained")
    expect(desk.see("kept-text")).to_have_text("y")
    desk.shot("desk-regained")
    desk.see("kept-discard").click()
    desk.type("echo mi''ne\n")
    desk.expect_text("mine")
    told = gateway.tether("audit", "--session", session, "--kind", "control", "--json").stdout
    assert len(json.loads(told)) == 3, "every change of control is in the audit log"


def test_the_size_is_the_controllers_and_comes_back_with_control(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    desk = open_tab(session)
    desk.see("fit").click()
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    wide, count = desk.size(), resizes(gateway, session)

    phone = open_tab(session, phone=True)
    phone.expect_size(wide)
    expect(phone.see("terminal")).to_have_attribute("data-fit", re.compile("panned|boxed"))
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.shot("phone-panned")
    phone.see("take").click()
    phone.expect_mode("control")
    phone.expect_size(wide)
    phone.see("fit").click()
    expect(phone.see("size")).to_have_attribute("data-fits", "true")
    narrow = phone.size()
    assert int(narrow.partition("x")[0]) < 60
    desk.expect_size(narrow)
    expect(desk.see("terminal")).to_have_attribute("data-fit", "boxed")
    phone.shot("phone-fit")
    desk.shot("desk-boxed")
    assert resizes(gateway, session) == count + 1

    phone.page.context.close()
    desk.expect_mode("control")
    desk.expect_size(wide)
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    assert resizes(gateway, session) == count + 2


def test_a_late_page_shows_the_screen_at_once_and_older_lines_when_scrolled_to(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    native = gateway.attach(session)
    native.type("seq 1 100000; echo th''rough\r")
    gateway.wait_until("the end", lambda: b"through\r\n$ " in gateway.raw(session)[-40:], 60)
    native.type("\x1cd")
    tab = open_tab(session)
    tab.expect_text("through")
    tab.page.get_by_test_id("terminal").hover()
    for _ in range(3):
        tab.page.mouse.wheel(0, -2000)
    expect(tab.rows).to_contain_text(re.compile(r"99\d\d\d"))
    expect(tab.rows).not_to_contain_text("through")
    tab.shot("desk-scrolled-back")
    # What is printed meanwhile does not move what is read.
    shown = tab.lines()
    other = gateway.attach(session, "--take")
    other.type("echo mo''re\r")
    gateway.wait_until("more", lambda: b"more\r\n" in gateway.raw(session))
    assert tab.lines() == shown


def test_a_full_screen_program_is_whole_for_who_comes_late(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    first = open_tab(session)
    first.type("vi -u NONE -c 'set number' /etc/passwd\n")
    first.expect_text("root:")
    late = open_tab(session, phone=True)
    late.expect_text("root:")
    assert first.lines()[:5] == late.lines()[:5]
    late.shot("phone-full-screen")
    first.type(":q!\n")


def test_a_flood_is_skipped_and_said_and_ctrl_c_shows_its_prompt(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    tab.type("seq 1 100000000\n")
    expect(tab.rows).to_contain_text(re.compile(r"\d{6}"))
    tab.page.keyboard.press("Control+c")
    expect(tab.rows).to_contain_text(re.compile(r"\^C"))
    tab.type("echo do''ne\n")
    tab.expect_text("done")
    assert gateway.raw(session).endswith(b"done\r\n$ ")


def hide(tab: Tab, hidden: bool) -> None:
    """As a browser does with a page in the background."""
    tab.page.evaluate(
        """state => {
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        "hidden" if hidden else "visible",
    )


def test_a_size_says_whose_it_is_and_goes_back_when_nobody_looks(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    desk = open_tab(session)
    desk.see("fit").click()
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    wide = desk.size()
    phone = open_tab(session, phone=True)
    expect(phone.see("size")).to_have_text(re.compile("size of Chrome"))
    phone.page.clock.install()
    phone.see("take").tap()
    phone.expect_mode("control")
    phone.see("fit").tap()
    expect(phone.see("size")).to_have_attribute("data-fits", "true")
    expect(desk.see("size")).to_have_text(re.compile("size of Chrome"))
    before = resizes(gateway, session)
    hide(phone, hidden=True)
    phone.page.clock.fast_forward(29_000)
    hide(phone, hidden=False)
    phone.page.clock.fast_forward(29_000)
    hide(phone, hidden=True)
    phone.page.clock.fast_forward(31_000)
    desk.expect_size(wide)
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    assert resizes(gateway, session) == before + 1
    # Seen again it only looks, until somebody types there.
    hide(phone, hidden=False)
    expect(phone.see("size")).to_have_attribute("data-fits", "false")
    phone.type("x")
    expect(phone.see("size")).to_have_attribute("data-fits", "true")


def test_a_locked_size_stays_whatever_is_typed(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    phone = open_tab(session, phone=True)
    phone.expect_size("80x24")
    phone.see("lock-size").tap()
    expect(phone.see("lock-size")).to_have_attribute("aria-pressed", "true")
    phone.type("echo ty''ped\n")
    phone.expect_text("typed")
    phone.shot("phone-size-locked")
    assert phone.size() == "80x24"
    assert resizes(gateway, session) == 0
    phone.see("fit").tap()
    expect(phone.see("size")).to_have_attribute("data-fits", "true")
    phone.see("lock-size").tap()
    expect(phone.see("lock-size")).to_have_attribute("aria-pressed", "false")
