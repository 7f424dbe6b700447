"""What holds on every page: narrow, enlarged, in both languages, without motion, in forced colours, when it fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.support.gateway import Gateway
from tests.support.repositories import Repo

# Labels that do not fit into their own box.
CUT = """[...document.querySelectorAll('button, .nav-link, .tab, label, h1')].filter(
  one => one.checkVisibility() && !one.closest('.key, .tiny, [data-testid=title], .compose')
    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'
).map(one => one.outerHTML.slice(0, 120))"""
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
MOVING = """document.getAnimations().filter(
  one => one.effect.getTiming().duration < 1800 && one.playState === 'running').length"""


@pytest.fixture(scope="module")
def worked(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A session with changes, a long title that carries markup, and a deep directory."""
    place = tmp_path_factory.mktemp("r")
    repo = Repo(place)
    deep = "/".join(f"level-{number}" for number in range(9))
    repo.write(f"{deep}/file.py", "one = 1\n")
    repo.commit()
    repo.write(f"{deep}/file.py", "one = 2\n")
    title = "<img src=x onerror=alert(1)> " + "a title that goes on and on " * 4
    session = str(gateway.tether("run", "-d", "--title", title, "shell", cwd=place / deep).stdout).strip()
    yield session
    gateway.tether("stop", session, "--yes", check=False)


def pages(session: str) -> dict[str, str]:
    """Every page, and what is there when it is whole."""
    return {
        "/": "list", "/approvals": "approvals", "/devices": "devices", "/audit": "audit", "/settings": "settings",
        "/pair": "pair", "/float": "float", f"/s/{session}": "session", f"/s/{session}/read": "read",
        f"/s/{session}/changes": "changes", f"/s/{session}/files": "tree", f"/s/{session}/timeline": "timeline",
        f"/s/{session}/info": "info",
    }  # fmt: skip


def each(page: Page, gateway: Gateway, session: str) -> Iterator[str]:
    for path, mark in pages(session).items():
        page.goto(gateway.url(path=path))
        expect(page.get_by_test_id(mark).first).to_be_visible()
        yield path


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_at_320_pixels_nothing_is_lost_or_cut(visit: Visit, gateway: Gateway, worked: str, locale: str) -> None:
    page = visit(gateway, phone=True, locale=locale)
    page.set_viewport_size({"width": 320, "height": 640})
    lost = [(path, page.evaluate(CUT), page.evaluate(SIDEWAYS)) for path in each(page, gateway, worked)]
    assert [one for one in lost if one[1] or one[2]] == []
    assert page.locator("img[src=x]").count() == 0


def test_at_twice_the_size_everything_is_still_there(visit: Visit, gateway: Gateway, worked: str) -> None:
    page = visit(gateway)
    page.set_viewport_size({"width": 720, "height": 450})  # what a zoom of 200 % leaves of a desk
    lost = [(path, page.evaluate(CUT), page.evaluate(SIDEWAYS)) for path in each(page, gateway, worked)]
    assert [one for one in lost if one[1] or one[2]] == []


def test_nothing_moves_for_who_wants_it_still(visit: Visit, gateway: Gateway, worked: str) -> None:
    page = visit(gateway)
    page.emulate_media(reduced_motion="reduce")
    assert [path for path in each(page, gateway, worked) if page.evaluate(MOVING)] == []


def test_in_forced_colours_what_is_chosen_can_be_told(visit: Visit, gateway: Gateway, worked: str) -> None:
    page = visit(gateway)
    page.emulate_media(forced_colors="active")
    page.goto(gateway.url(path="/"))
    chosen = page.locator(".fleet-views [aria-pressed=true]")
    expect(chosen).to_have_css("outline-style", "solid")
    expect(page.locator(".nav-link[aria-current=page]")).to_have_css("outline-style", "solid")
    row = page.locator(f"[data-testid=session-row][data-id='{worked}']")
    expect(row.get_by_test_id("row-state")).to_have_text("running")
    row.focus()
    expect(row).to_have_css("outline-style", "solid")
    page.goto(gateway.url(worked))
    expect(page.locator(".tab[aria-current=page]")).to_have_css("outline-style", "solid")


def test_a_list_that_failed_is_not_an_empty_one(visit: Visit, gateway: Gateway, worked: str) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_be_visible()
    error = {"error": {"code": "bug", "message": "The gateway made a mistake", "hint": "Look at its log: tether logs"}}
    for address in ("**/api/v1/feed?*", "**/api/v1/sessions*"):
        page.context.route(address, lambda route: route.fulfill(status=500, json=error))
    page.evaluate("localStorage.removeItem('tether.fleet')")
    page.reload()
    expect(page.get_by_test_id("splash")).to_have_attribute("data-state", "failed")
    expect(page.get_by_test_id("splash")).to_contain_text("tether logs")
    page.context.unroute("**/api/v1/feed?*")
    page.context.unroute("**/api/v1/sessions*")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_test_id("list")).to_be_visible()
