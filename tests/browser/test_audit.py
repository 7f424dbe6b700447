"""The audit log's page: what people did is on it, found by a word, and what was typed is not."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.support.gateway import Gateway


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_newest_deeds_are_on_the_page(gateway: Gateway, session: str, open_tab: OpenTab, phone: bool) -> None:
    title = "<img src=x onerror=alert(1)>"
    gateway.tether("send", session, "echo not-on-the-page", "--enter")
    gateway.tether("rename", session, title)
    tab = open_tab("", phone=phone, live=False, link=gateway.ticket_url(""))
    page = tab.page
    page.get_by_role("link", name="Audit log").click()
    rows = page.get_by_test_id("audit-row")
    expect(rows.filter(has_text=session).first).to_be_visible()
    tab.shot(f"audit-{'phone' if phone else 'desk'}")
    page.get_by_role("searchbox").fill(f"{session} renamed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(title)
    assert "not-on-the-page" not in page.content()
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= screen
