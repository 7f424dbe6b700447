"""The fleet: order, filter, unread, tiles, stopping, first run; in two languages, four themes and two sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Visit
from tests.support.device import Offer
from tests.support.gateway import Gateway


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway on which nothing has run, with one of the agents on its PATH."""
    tools = tmp_path_factory.mktemp("bin")
    (tools / "codex").write_text("#!/bin/sh\nexit 0\n")
    (tools / "codex").chmod(0o755)
    with Gateway(env={"PATH": f"{tools}:/usr/bin:/bin"}) as running:
        yield running


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_gateway_never_used_shows_the_first_steps_until_something_runs(visit: Visit, fresh: Gateway) -> None:
    page = visit(fresh)
    first = page.get_by_test_id("never-used")
    expect(first).to_contain_text("tether run codex")
    found = first.locator("[data-testid=agent][data-found=true]")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("codex")
    expect(first.locator("[data-testid=agent][data-found=false]")).to_have_count(2)
    session = fresh.run("shell")
    expect(page.locator(f"[data-id='{session}']")).to_be_visible()
    expect(first).to_have_count(0)
    fresh.tether("stop", session, "--yes")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing is running")


@pytest.mark.parametrize("phone", [False, True])
def test_ten_sessions_fit_and_each_says_its_state_in_words(visit: Visit, fresh: Gateway, phone: bool) -> None:
    made = [fresh.run("shell", title=f"work {number} " + "long " * 30) for number in range(10)]
    page = visit(fresh, phone=phone)
    rows = page.locator("ul[aria-label=Live] [data-testid=session-row]")
    expect(rows).to_have_count(10)
    for index in range(10):
        expect(rows.nth(index).get_by_test_id("row-state")).to_have_text("running")
    box = rows.nth(0).bounding_box()
    assert box is not None
    assert box["height"] >= 56
    assert narrow(page)
    if not phone:
        last = rows.nth(9).bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= DESK["height"], "ten rows are seen without scrolling"
    for session in made:
        fresh.tether("stop", session, "--yes")


def test_the_filter_is_in_the_address(visit: Visit, gateway: Gateway) -> None:
    auth, docs = gateway.run("shell", title="fix the auth bug"), gateway.run("shell", title="write docs")
    page = visit(gateway)
    expect(page.locator(f"[data-id='{docs}']")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("auth")
    expect(page.locator(f"[data-id='{docs}']")).to_have_count(0)
    assert "q=auth" in page.url
    page.reload()
    expect(page.locator(f"[data-id='{auth}']").first).to_be_visible()
    expect(page.locator(f"[data-id='{docs}']")).to_have_count(0)
    page.get_by_test_id("filter").fill("state:nothing-like-it")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(f"[data-id='{docs}']")).to_be_visible()
    assert "q=" not in page.url


def test_what_ended_meanwhile_is_unread_on_each_device_until_it_is_opened_there(visit: Visit, gateway: Gateway) -> None:
    here, beside, there = visit(gateway), visit(gateway), visit(gateway, phone=True)
    paired(there, gateway)
    session = str(gateway.tether("run", "-d", "--share", "--title", "short", "shell").stdout).strip()
    for page in (here, beside, there):
        expect(page.locator(f"[data-id='{session}']")).to_have_attribute("data-unread", "false")
    gateway.tether("stop", session, "--yes")
    ended = f".ended [data-id='{session}']"
    for page in (here, beside, there):
        expect(page.locator(ended)).to_have_attribute("data-unread", "true")
    here.goto(gateway.url(session))
    expect(here.get_by_test_id("banner")).to_be_visible()
    here.get_by_role("link", name="All sessions").click()
    for page in (here, beside):
        expect(page.locator(ended)).to_have_attribute("data-unread", "false")
    expect(there.locator(ended)).to_have_attribute("data-unread", "true")
    here.reload()
    here.locator(".ended summary").click()
    here.locator(f".ended li:has([data-id='{session}'])").get_by_test_id("row-menu").click()
    here.get_by_test_id("mark-unread").locator("visible=true").click()
    for page in (here, beside):
        expect(page.locator(ended)).to_have_attribute("data-unread", "true")


def paired(page: Page, gateway: Gateway) -> None:
    """The browser becomes a device of the gateway's, and shows its list."""
    page.context.clear_cookies()
    with Offer(gateway) as offer:
        page.goto(f"http://127.0.0.1:{gateway.port}{offer.link}")
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("digits")).to_be_visible()
        offer.answer("y")
        expect(page.get_by_test_id("splash")).to_have_attribute("data-state", "paired")
    page.goto(f"http://127.0.0.1:{gateway.port}/")


def test_a_session_is_stopped_from_its_row_after_a_question(visit: Visit, gateway: Gateway) -> None:
    session = gateway.run("shell", title="to be stopped")
    page = visit(gateway)
    menu = page.locator(f"li:has([data-id='{session}'])").get_by_test_id("row-menu")
    menu.click()
    page.get_by_test_id("stop").locator("visible=true").click()
    sheet = page.get_by_test_id("stop-sheet")
    expect(sheet).to_contain_text("to be stopped")
    sheet.get_by_role("button", name="Cancel").click()
    expect(page.locator(f"ul[aria-label=Live] [data-id='{session}']")).to_be_visible()
    menu.click()
    page.get_by_test_id("stop").locator("visible=true").click()
    sheet.get_by_test_id("stop-sure").click()
    expect(page.locator(f".ended [data-id='{session}']")).to_have_count(1)
    assert gateway.session(session)["state"] == "stopped"


def test_tiles_show_what_the_screens_show(visit: Visit, gateway: Gateway) -> None:
    session = gateway.run("shell", title="tiled")
    page = visit(gateway)
    page.get_by_test_id("tiles-on").click()
    tile = page.locator(f"[data-testid=tile][data-id='{session}']")
    expect(tile.locator("img")).to_have_attribute("src", re.compile("^data:image/svg"))
    gateway.tether("send", session, "echo pic''ture", "--enter")
    expect(tile.locator("img")).to_have_attribute("src", re.compile("picture"))
    assert page.locator("canvas").count() == 0
    page.reload()
    expect(tile).to_be_visible()
    tile.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")


def test_the_tile_that_is_used_is_a_terminal_and_the_others_stay_pictures(visit: Visit, gateway: Gateway) -> None:
    first, second = (gateway.run("shell", title=name) for name in ("used", "beside"))
    page = visit(gateway)
    page.get_by_test_id("tiles-on").click()
    page.locator(f"[data-testid=tile][data-id='{first}']").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Type here, in “used”")).to_be_focused()
    page.keyboard.press("Enter")
    live = page.get_by_test_id("live-tile")
    expect(live).to_have_attribute("data-state", "live")
    page.keyboard.type("echo in''a''tile\n")
    expect(live.locator(".xterm-rows")).to_contain_text("inatile")
    expect(page.locator(".xterm")).to_have_count(1)
    expect(page.locator(f"[data-testid=tile][data-id='{second}'] img")).to_be_visible()
    # a is a key of the list, and of the terminal's while that has the focus.
    page.keyboard.type("a")
    assert page.url.endswith("/") or "view=tiles" in page.url
    page.keyboard.press("Control+Shift+L")
    expect(page.locator(".xterm")).to_have_count(0)
    expect(page.locator(f"[data-testid=tile][data-id='{first}']")).to_be_focused()
    for session in (first, second):
        gateway.tether("stop", session, "--yes")


@pytest.mark.parametrize("phone", [False, True])
def test_the_page_speaks_the_readers_language(visit: Visit, gateway: Gateway, session: str, phone: bool) -> None:
    page = visit(gateway, phone=phone, locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("会话")
    expect(page.locator(f"[data-id='{session}']").get_by_test_id("row-state")).to_have_text("运行中")
    assert narrow(page)
    controls = "[...document.querySelectorAll('button, .nav-link')]"
    assert page.evaluate(f"{controls}.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)") == []
    page.goto(gateway.url(path="/settings"))
    page.get_by_label("English").check()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_a_theme_is_there_before_the_first_paint_and_changes_without_a_new_connection(
    visit: Visit, gateway: Gateway, session: str
) -> None:
    page = visit(gateway, scheme="dark")
    page.goto(gateway.url(path="/settings"))
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_label("Light").check()
    light = page.evaluate(ground)
    assert light != dark
    page.get_by_label("High contrast").check()
    assert page.evaluate(ground) == "rgb(0, 0, 0)"
    page.get_by_label("Light").check()
    page.reload()
    assert page.evaluate(ground) == light
    page.get_by_label("System").check()
    page.goto(gateway.url(session))
    root = page.get_by_test_id("session")
    expect(root).to_have_attribute("data-state", "live")
    sockets: list[object] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    viewport = "getComputedStyle(document.querySelector('.xterm-viewport, .xterm')).backgroundColor"
    page.evaluate(viewport)
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_css("color-scheme", "light dark")
    assert page.evaluate(ground) == light
    assert sockets == []


def test_titles_that_carry_markup_are_words(visit: Visit, gateway: Gateway) -> None:
    title = "<img src=x onerror=alert(1)>\x1b[31m"
    session = gateway.run("shell", title=title)
    page = visit(gateway)
    expect(page.locator(f"[data-id='{session}'] .row-title")).to_contain_text("<img src=x")
    assert page.locator(".rows img").count() == 0
    page.get_by_test_id("tiles-on").click()
    expect(page.locator(f"[data-testid=tile][data-id='{session}'] .row-title")).to_contain_text("<img src=x")
    gateway.tether("stop", session, "--yes")


def test_a_view_of_a_session_has_an_address_and_the_terminal_keeps_its_place(
    visit: Visit, gateway: Gateway, session: str
) -> None:
    page = visit(gateway)
    page.goto(gateway.url(session))
    root = page.get_by_test_id("session")
    expect(root).to_have_attribute("data-state", "live")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("seq 200\n")
    expect(page.locator(".xterm-rows")).to_contain_text("200")
    page.get_by_test_id("tab-info").click()
    assert page.url.endswith(f"/s/{session}/info")
    expect(page.get_by_test_id("info")).to_contain_text(f"tether attach {session}")
    size = root.get_attribute("data-size")
    page.get_by_test_id("tab-terminal").click()
    expect(page.locator(".xterm-rows")).to_contain_text("200")
    assert root.get_attribute("data-size") == size
    page.goto(gateway.url(path=f"/s/{session}/info"))
    expect(page.get_by_test_id("info")).to_contain_text(session)


def test_when_the_gateway_goes_the_last_list_stays_and_says_that_it_is_old(visit: Visit) -> None:
    with Gateway() as own:
        session = own.run("shell", title="goes on")
        page = visit(own)
        expect(page.locator(f"[data-id='{session}']")).to_be_visible()
        own.tether("stop", "--yes")
        expect(page.get_by_test_id("stale")).to_contain_text("Offline")
        expect(page.locator(f"[data-id='{session}']")).to_be_visible()
        own.start()
        expect(page.get_by_test_id("stale")).to_have_count(0)
