"""A phone and a desk are paired with the gateway, each in a browser of its own, and what that gives them."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE, SHOTS
from tests.security.strike import web_part
from tests.support.device import Offer, pair
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether.web import gate


@pytest.fixture
def visit(chromium: Browser, gateway: Gateway) -> Callable[[dict[str, int], str], Page]:
    """A browser that has never been here, at a size and an address."""
    contexts = []

    def open_page(size: dict[str, int], address: str) -> Page:
        phone = size == PHONE
        context = chromium.new_context(viewport=size, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{gateway.port}{address}")
        return page

    yield open_page  # type: ignore[misc]
    for context in contexts:
        context.close()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_link_pairs_a_browser_which_then_sees_and_types(
    visit: Callable[[dict[str, int], str], Page], gateway: Gateway, size: dict[str, int]
) -> None:
    kind = "phone" if size == PHONE else "desk"
    gateway.add_fake("echo", name=f"echo-{kind}")
    agent = gateway.run(f"echo-{kind}", title=f"for the {kind}")
    hidden = gateway.run("shell", title="not shared")
    with Offer(gateway) as offer:
        page = visit(size, offer.link)
        expect(page.get_by_test_id("pair")).to_have_attribute("data-state", "asking")
        assert page.url.endswith("/pair"), "nothing of the invitation stays in the address"
        assert "k=" not in page.evaluate(
            "JSON.stringify(performance.getEntriesByType('resource').map(one => one.name))"
        )
        assert fits(page)
        shot(page, f"pair-{kind}-1-ask")
        page.get_by_test_id("name").fill(f"my {kind}")
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("digits")).to_be_visible()
        shown = page.get_by_test_id("digits").inner_text().replace(" ", "")
        assert shown == offer.digits()
        assert fits(page)
        shot(page, f"pair-{kind}-2-digits")
        offer.answer("y")
        expect(page.get_by_test_id("splash")).to_have_attribute("data-state", "paired")
        shot(page, f"pair-{kind}-3-paired")
        offer.screen.expect(f"Paired: my {kind}")
    page.get_by_role("link", name="All sessions").click()
    expect(page.locator(f"[data-id='{agent}']")).to_be_visible()
    expect(page.locator(f"[data-id='{hidden}']")).to_have_count(0)
    shot(page, f"pair-{kind}-4-list")
    assert page.context.cookies() == [], "a device needs none"
    page.locator(f"[data-id='{agent}']").click()
    expect(page.locator(".xterm-rows")).to_contain_text("ready")
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("through the channel\n")
    expect(page.locator(".xterm-rows")).to_contain_text("echo: through the channel")
    shot(page, f"pair-{kind}-5-session")
    names = [one["name"] for one in json.loads(gateway.tether("clients", agent, "--json").stdout)]
    assert names == [f"my {kind}"]
    page.reload()
    expect(page.locator(".xterm-rows")).to_contain_text("echo: through the channel")
    gateway.tether("revoke", f"my {kind}")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    page.goto(f"http://127.0.0.1:{gateway.port}/")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    for session in (agent, hidden):
        gateway.tether("stop", session, "--yes")


def test_a_phone_whose_websocket_does_not_come_through_works_by_plain_http_and_says_so(
    visit: Callable[[dict[str, int], str], Page], gateway: Gateway
) -> None:
    before = {one["id"] for one in json.loads(gateway.tether("devices", "--json").stdout)}
    gateway.add_fake("echo", name="echo-http")
    agent = gateway.run("echo-http", title="behind a proxy")
    with Offer(gateway) as offer:
        page = visit(PHONE, offer.link)
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("digits")).to_be_visible()
        offer.answer("y")
        expect(page.get_by_test_id("splash")).to_have_attribute("data-state", "paired")
    tried: list[str] = []
    page.route_web_socket("**/api/v1/channel", lambda line: (tried.append(line.url), line.close(code=1011))[0])
    page.goto(f"http://127.0.0.1:{gateway.port}/s/{agent}")
    expect(page.get_by_test_id("session")).to_have_attribute("data-state", "live")
    expect(page.get_by_test_id("session")).to_have_attribute("data-transport", "http")
    expect(page.get_by_test_id("transport")).to_have_text("HTTP fallback")
    assert tried, "WebSocket was tried first"
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("through posts\n")
    expect(page.locator(".xterm-rows")).to_contain_text("echo: through posts")
    shot(page, "pair-phone-by-http")
    assert page.context.cookies() == []
    (row,) = [
        one
        for one in json.loads(gateway.tether("devices", "--json").stdout)
        if one["kind"] == "device" and one["id"] not in before
    ]
    gateway.tether("revoke", row["id"])
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    gateway.tether("stop", agent, "--yes")


def test_a_code_pairs_and_a_wrong_one_says_so(visit: Callable[[dict[str, int], str], Page], gateway: Gateway) -> None:
    with Offer(gateway) as offer:
        page = visit(PHONE, "/pair")
        page.get_by_test_id("code").fill("0000-0000")
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("problem")).to_contain_text("Not paired")
        shot(page, "pair-code-wrong")
        page.get_by_test_id("code").fill(f"{offer.code[:4].lower()} {offer.code[4:]}")
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("digits")).to_be_visible()
        assert page.get_by_test_id("digits").inner_text().replace(" ", "") == offer.digits()
        offer.answer("n")
        expect(page.get_by_test_id("problem")).to_contain_text("the owner said no")


def test_the_devices_page_lists_them_and_revokes_one(
    visit: Callable[[dict[str, int], str], Page], gateway: Gateway
) -> None:
    device = pair(gateway, name="an old tablet")
    page = visit(PHONE, "/" + gateway.ticket_url("").partition("/#")[2].join(["#", ""]))
    page.get_by_role("link", name="Devices").click()
    row = page.locator(f"[data-testid=device][data-id='{device.id}']")
    expect(row).to_contain_text("an old tablet")
    expect(page.get_by_test_id("devices")).to_contain_text("this one")
    assert fits(page)
    shot(page, "devices-phone")
    row.get_by_role("button").click()
    expect(row.get_by_role("button")).to_have_text("Really?")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    assert device.id not in gateway.tether("devices").stdout


def test_a_used_link_and_an_address_that_names_another_gateway_lead_nowhere(
    visit: Callable[[dict[str, int], str], Page], gateway: Gateway
) -> None:
    with Offer(gateway) as offer:
        offer.screen.type("\x03")
        offer.screen.expect("withdrawn")
    page = visit(DESK, offer.link)
    page.get_by_role("button", name="Pair").click()
    expect(page.get_by_test_id("problem")).to_contain_text("the owner withdrew it")
    sockets: list[str] = []
    other = visit(DESK, "/")
    other.on("websocket", lambda socket: sockets.append(socket.url))
    other.goto(
        f"http://127.0.0.1:{gateway.port}/?gateway=ws://evil.example&r=evil.example#r=evil.example&gateway=wss://evil"
    )
    expect(other.get_by_test_id("sign-in")).to_be_visible()
    assert [url for url in sockets if "evil" in url] == []


WRONG_PAGE = """
  // What no line of ours does, and a mistake of tomorrow may: take the server from the address.
  const wanted = new URLSearchParams(location.search).get("gateway");
  const [Socket, ask] = [window.WebSocket, window.fetch];
  window.WebSocket = class extends Socket { constructor() { super(wanted); } };
  window.fetch = (path, init) => ask(new URL(path, wanted.replace("ws", "http")), init);
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.blockedURI));
"""


def test_a_page_that_took_its_server_from_the_address_would_be_stopped_by_the_policy(
    chromium: Browser, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page reads no server from its address. With code that does, nothing leaves; without the policy it does."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)

        def somebody_came() -> bool:
            with contextlib.suppress(BlockingIOError):
                elsewhere.accept()[0].close()
                return True
            return False

        context = chromium.new_context()
        context.add_init_script(WRONG_PAGE)
        page, query = context.new_page(), f"?gateway=ws://127.0.0.1:{elsewhere.getsockname()[1]}"
        page.goto(f"http://127.0.0.1:{gateway.port}/{query}")
        wait_until("the policy to say no", lambda: page.evaluate("window.refused"))
        assert not somebody_came()
        rest = tuple(one for one in gate.SECURITY_HEADERS if one[0] != b"content-security-policy")
        monkeypatch.setattr(gate, "SECURITY_HEADERS", rest)
        with web_part(gateway) as port:
            page.goto(f"http://127.0.0.1:{port}/{query}")
            wait_until("a connection to the other server", somebody_came)
        context.close()


def test_the_devices_key_can_not_be_read_by_the_page(
    visit: Callable[[dict[str, int], str], Page], gateway: Gateway
) -> None:
    with Offer(gateway) as offer:
        page = visit(DESK, offer.link)
        page.get_by_role("button", name="Pair").click()
        expect(page.get_by_test_id("digits")).to_be_visible()
        offer.digits()
        offer.answer("y")
        expect(page.get_by_test_id("splash")).to_have_attribute("data-state", "paired")
    tried = page.evaluate(
        """async () => {
          const database = await new Promise((done) => {
            const opening = indexedDB.open("tether", 1);
            opening.onsuccess = () => done(opening.result);
          });
          const device = await new Promise((done) => {
            const asked = database.transaction("device").objectStore("device").get("me");
            asked.onsuccess = () => done(asked.result);
          });
          database.close();
          const results = [];
          for (const format of ["pkcs8", "jwk", "raw"]) {
            const exported = crypto.subtle.exportKey(format, device.keys.privateKey);
            results.push(await exported.then(() => "got it", () => "no"));
          }
          return results;
        }"""
    )
    assert tried == ["no", "no", "no"]
