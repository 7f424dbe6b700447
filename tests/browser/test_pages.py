"""The list, the ends of a session, and the ways in."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, OpenTab
from tests.support.gateway import Gateway


@pytest.fixture
def stranger(chromium: Browser) -> Iterator[Page]:
    """A browser without a cookie."""
    context = chromium.new_context(viewport=DESK, color_scheme="dark")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("exit 3", "exited", "Exited 3"),
        ("kill -9 $$", "killed", "Killed by SIGKILL"),
    ],
)
def test_an_end_is_named_and_the_last_screen_stays(
    open_tab: OpenTab, gateway: Gateway, how: str, kind: str, words: str
) -> None:
    tab = open_tab(gateway.run("shell"))
    tab.type("echo fare''well\n")
    tab.expect_text("farewell")
    tab.type(f"{how}\n")
    expect(tab.see("banner")).to_have_attribute("data-kind", kind)
    expect(tab.see("banner")).to_contain_text(words)
    expect(tab.see("state-word")).to_have_text("exited")
    tab.expect_state("ended")
    tab.expect_text("farewell")
    tab.shot(f"desk-{kind}")
    tab.page.reload()
    expect(tab.see("banner")).to_contain_text(words)
    tab.expect_text("farewell")


def test_a_stopped_session_says_who_stopped_it(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    gateway.tether("stop", session, "--yes")
    expect(tab.see("banner")).to_have_attribute("data-kind", "stopped")
    expect(tab.see("banner")).to_contain_text(re.compile(r"Stopped by \S+"))


def test_a_lost_session_says_why(open_tab: OpenTab) -> None:
    with Gateway() as own:
        session = own.run("shell")
        tab = open_tab(session, link=own.ticket_url(session))
        tab.type("echo la''st\n")
        tab.expect_text("last")
        supervisor = own.pid("supervisord")
        os.kill(supervisor, signal.SIGSTOP)
        # Worker, spawner and keeper are all of one program: nobody is left to hold the terminal, or to tell of its end.
        for pid in processes_of(own, b"tether.spawner"):
            with contextlib.suppress(ProcessLookupError):  # some end with the first of them
                os.kill(pid, signal.SIGKILL)
        os.kill(supervisor, signal.SIGCONT)
        expect(tab.see("banner")).to_have_attribute("data-kind", "lost", timeout=60_000)
        expect(tab.see("banner")).to_contain_text("ended")
        expect(tab.see("state-word")).to_have_text("lost")
        tab.expect_state("ended")
        tab.expect_text("last")


def processes_of(gateway: Gateway, program: bytes) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and program in (entry / "cmdline").read_bytes():
                home = f"TETHER_HOME={gateway.root}".encode()
                if home in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def test_the_list_shows_what_lives_and_leads_to_it(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    client = tab.client()
    tab.page.get_by_role("link", name="All sessions").click()
    row = tab.page.locator(f"[data-testid=session-row][data-id='{session}']")
    expect(row).to_contain_text("fix the auth bug")
    expect(row).to_contain_text("running")
    made = gateway.run("shell", title="made meanwhile")
    expect(tab.page.locator(f"[data-id='{made}']")).to_be_visible()
    tab.shot("desk-list")
    row.click()
    tab.expect_state("live")
    tab.expect_mode("control")
    assert tab.client() == client
    assert tab.page.url.endswith(f"/s/{session}")
    tab.page.go_back()
    expect(row).to_be_visible()
    gateway.tether("stop", made, "--yes")
    expect(tab.page.locator(f".ended [data-id='{made}']")).to_have_count(1)


def test_a_session_nobody_knows_is_said_to_be_unknown_and_not_made(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    before = len(gateway.ls("-a"))
    tab.page.goto(gateway.url("zzzzzzzz"))
    tab.expect_state("unknown")
    expect(tab.page.get_by_text("There is no such session")).to_be_visible()
    tab.shot("desk-unknown")
    tab.page.get_by_role("link", name="Back to the list").click()
    expect(tab.see("list")).to_be_visible()
    assert len(gateway.ls("-a")) == before


def test_without_a_cookie_the_page_says_what_to_run_and_takes_a_link(
    stranger: Page, gateway: Gateway, session: str
) -> None:
    stranger.goto(gateway.url(session))
    expect(stranger.get_by_test_id("sign-in")).to_contain_text(f"tether open {session}")
    stranger.get_by_test_id("ticket").fill("nonsense words")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("alert")).to_contain_text("no ticket in that")
    stranger.get_by_test_id("ticket").fill("0.made-up.ticket")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("alert")).to_contain_text("Make a fresh link")
    stranger.get_by_test_id("ticket").fill(gateway.ticket_url(session))
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_test_id("session")).to_have_attribute("data-state", "live")


def test_a_used_link_is_refused_to_a_stranger_and_harmless_to_the_owner(
    stranger: Page, open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    link = gateway.ticket_url(session)
    tab.page.goto(link)
    tab.expect_state("live")
    tab.page.goto("about:blank")
    tab.page.goto(link)
    tab.expect_state("live")
    stranger.goto(link)
    expect(stranger.get_by_role("alert")).to_contain_text("used before")
    assert "ticket" not in stranger.url


def test_the_list_without_a_cookie_asks_for_a_link(stranger: Page, gateway: Gateway) -> None:
    stranger.goto(gateway.url(path="/"))
    expect(stranger.get_by_test_id("sign-in")).to_contain_text("tether open")


def test_a_gateway_that_is_gone_is_said_to_be_gone(open_tab: OpenTab) -> None:
    with Gateway() as own:
        session = own.run("shell")
        tab = open_tab(session, link=own.ticket_url(session))
        tab.type("echo still here\n")
        tab.expect_text("still here")
        own.tether("stop", "--yes")
        expect(tab.see("banner")).to_have_attribute("data-kind", "gateway-stopped", timeout=20_000)
        tab.expect_text("still here")
        tab.shot("desk-gateway-stopped")
        own.start()
        if tab.see("retry").count():
            tab.see("retry").click()
        tab.expect_state("live")
        tab.expect_mode("control")
        tab.type("echo ba''ck\n")
        tab.expect_text("back")
