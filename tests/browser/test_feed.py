"""The list is told what changes: at once, without being loaded again, and by other means where the feed is down."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.support.gateway import Gateway

FEED = "**/api/v1/feed?*"


def asked(page: Page, part: str) -> list[str]:
    """The page's questions from now on whose address holds `part`."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if part in request.url else None)
    return found


def row(page: Page, session: str, within: str = "ul[aria-label=Live]") -> str:
    return f"{within} [data-id='{session}']"


def test_a_change_is_told_and_the_list_is_not_asked_for(visit: Visit, gateway: Gateway) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_have_attribute("data-state", "live")
    lists = asked(page, "/api/v1/sessions?")
    session = gateway.run("shell", title="told of")
    expect(page.locator(row(page, session))).to_be_visible()
    gateway.tether("stop", session, "--yes")
    expect(page.locator(row(page, session, ".ended"))).to_have_count(1)
    assert [url for url in lists if "all=1" not in url] == []


def test_without_a_feed_the_list_is_asked_for(visit: Visit, gateway: Gateway) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_be_visible()
    page.context.route(FEED, lambda route: route.fulfill(status=503, json={"error": {"code": "x", "message": "no"}}))
    page.reload()
    expect(page.get_by_test_id("list")).to_have_attribute("data-state", "live")
    session = gateway.run("shell", title="asked for")
    expect(page.locator(row(page, session))).to_be_visible()
    gateway.tether("stop", session, "--yes")
    expect(page.locator(row(page, session, ".ended"))).to_have_count(1)


def test_the_list_goes_on_after_the_gateways_web_has_died(visit: Visit, gateway: Gateway) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_have_attribute("data-state", "live")
    gateway.kill("web")
    expect(page.get_by_test_id("stale")).to_be_visible()
    expect(page.get_by_test_id("stale")).to_have_count(0)
    session = gateway.run("shell", title="after the restart")
    expect(page.locator(row(page, session))).to_be_visible()
    gateway.tether("stop", session, "--yes")


def test_who_needs_somebody_is_told_by_the_title_of_every_page(visit: Visit, gateway: Gateway, session: str) -> None:
    page = visit(gateway)

    def waits(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for one in body["sessions"]:
            if one["id"] == session:
                one["activity"] = {"state": "waiting", "detail": "question", "since": 1, "source": "hook", "why": ""}
        route.fulfill(response=answer, json=body)

    page.context.route(FEED, waits)
    page.goto(gateway.url(path="/settings"))
    expect(page).to_have_title("(1) Settings · Tether")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon-waiting.svg")
    page.goto(gateway.url(session))
    expect(page).to_have_title("(1) fix the auth bug · Tether")
    page.context.unroute_all(behavior="ignoreErrors")  # one may be on its way
    page.reload()
    expect(page).to_have_title("fix the auth bug · Tether")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon.svg")
