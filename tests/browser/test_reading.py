"""A session as a text: for screen readers, for narrow screens, and to be selected."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab, Visit
from tests.browser.test_accessible import axe as axe
from tests.browser.test_accessible import violations
from tests.support.gateway import Gateway

SIDEWAYS = "(box => box.scrollWidth > box.clientWidth)(document.querySelector('[data-testid=read]'))"


@pytest.mark.parametrize("phone", [False, True])
def test_the_text_has_what_scrolled_off_and_is_folded_at_this_screens_width(
    open_tab: OpenTab, gateway: Gateway, session: str, axe: str, phone: bool
) -> None:
    tab = open_tab(session, phone=phone)
    gateway.tether("send", session, "seq 1 300; echo " + "word-" * 60 + "end", "--enter", "--take")
    tab.expect_text("-end")
    tab.see("tab-read").click()
    text = tab.see("read")
    expect(text.get_by_role("heading", name="Earlier")).to_have_count(1)
    expect(tab.see("read-screen")).to_contain_text("word-" * 60 + "end")
    assert tab.page.evaluate(SIDEWAYS) is False
    earlier = text.locator(".read-far").all_text_contents()
    assert [str(number) for number in range(1, 200)] == [
        line for part in earlier for line in part.split("\n") if line.isdigit()
    ][:199]
    assert violations(tab.page, axe) == []
    tab.shot(f"{'phone' if phone else 'desk'}-read")


def test_new_lines_are_said_once_and_not_more_than_can_be_listened_to(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    tab.see("tab-read").click()
    aloud = tab.see("read-aloud")
    expect(tab.see("read-screen")).to_contain_text("$")
    expect(aloud).to_have_attribute("aria-live", "polite")
    gateway.tether("send", session, "echo hear''me", "--enter", "--take")
    expect(aloud).to_contain_text("hearme")
    gateway.tether("send", session, "seq 1000 1100", "--enter", "--take")
    expect(aloud).to_contain_text("more lines before these")
    expect(aloud).to_contain_text("1100")
    said = aloud.inner_text()
    assert "hearme" not in said
    assert len(said.split("\n")) <= 14


def test_it_is_chosen_for_all_sessions_and_one_can_type_while_reading(
    visit: Visit, gateway: Gateway, session: str
) -> None:
    page = visit(gateway, phone=True)
    page.goto(gateway.url(path="/settings"))
    page.get_by_label("Text").check()
    page.get_by_label("On", exact=True).check()
    page.goto(gateway.url(path="/"))
    page.locator(f"[data-id='{session}']").click()
    expect(page.get_by_test_id("read")).to_be_visible()
    page.get_by_test_id("compose-text").fill("echo ty''ped")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("read-screen")).to_contain_text("typed")
    page.get_by_test_id("tab-terminal").click()
    expect(page.locator(".xterm-accessibility")).to_have_count(1)
