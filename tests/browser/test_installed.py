"""The page as an application: its manifest, its life without a network, and news of a newer one."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.support.gateway import Gateway


def test_the_manifest_has_no_errors_and_its_icons_are_there(visit: Visit, gateway: Gateway) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_be_visible()
    found = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert found["errors"] == []
    assert '"standalone"' in found["data"]
    for name in ("/icon-192.png", "/icon-512.png", "/icon-maskable-512.png", "/sw.js"):
        assert page.request.get(gateway.url(path=name)).ok


def test_without_a_network_the_page_shows_what_it_knew_and_says_so(
    visit: Visit, gateway: Gateway, session: str
) -> None:
    page = visit(gateway)
    expect(page.locator(f"[data-id='{session}']")).to_be_visible()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.reload()  # now by the worker, which keeps what the page is made of
    expect(page.locator(f"[data-id='{session}']")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_test_id("stale")).to_contain_text("Offline")
    expect(page.locator(f"[data-id='{session}']")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_test_id("stale")).to_have_count(0)
    kept = page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(n => caches.open(n).then(c => c.keys()))))"
        ".then(all => all.flat().map(request => new URL(request.url).pathname))"
    )
    assert "/" in kept
    assert not [path for path in kept if path.startswith("/api")]


def test_a_newer_page_is_offered_and_not_forced(visit: Visit, gateway: Gateway) -> None:
    page = visit(gateway)
    expect(page.get_by_test_id("list")).to_be_visible()
    expect(page.get_by_test_id("update")).to_have_count(0)

    def newer(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=re.sub(r"/assets/index-[^\"]+\.js", "/assets/index-newer.js", answer.text())
        )

    page.context.route(gateway.url(path="/"), newer)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_test_id("update")).to_be_visible()
    page.context.unroute(gateway.url(path="/"))
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_test_id("list")).to_be_visible()
    expect(page.get_by_test_id("update")).to_have_count(0)
