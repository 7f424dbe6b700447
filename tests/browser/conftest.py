"""Pages in a real chromium, against a real gateway. What is waited for is the state that the page itself shows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.support.gateway import Gateway
from tether.web import pages

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SHOTS = os.environ.get("TETHER_TEST_SHOTS")  # a directory to leave screenshots in

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no chromium on PATH: apt install chromium")
    if not (pages.STATIC / "index.html").is_file():
        pytest.fail("the web client is not built: make web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """One gateway for all: what tests do to a session is that session's alone. Programs may offer text for the
    clipboard."""
    with Gateway(settings="[web]\nclipboard = true\n") as running:
        yield running


@pytest.fixture
def session(gateway: Gateway) -> Iterator[str]:
    """A shell of one's own."""
    made = gateway.run("shell", title="fix the auth bug")
    yield made
    gateway.tether("stop", made, "--yes", check=False)


class Tab:
    """A page with a session in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("session")
        self.rows = page.locator(".xterm-rows")
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._said)

    def _said(self, message: ConsoleMessage) -> None:
        # A policy that is violated shows up here; a refused connection does so too, and is none of ours.
        if message.type == "error" and "net::" not in message.text and "status of" not in message.text:
            self.problems.append(message.text)

    def expect_state(self, state: str) -> None:
        expect(self.root).to_have_attribute("data-state", state)

    def expect_text(self, text: str) -> None:
        expect(self.rows).to_contain_text(text)

    def expect_mode(self, mode: str) -> None:
        expect(self.root).to_have_attribute("data-mode", mode)

    def expect_size(self, size: str) -> None:
        expect(self.root).to_have_attribute("data-size", size)

    def client(self) -> str:
        """This tab's client id, in hex."""
        return str(self.page.evaluate("sessionStorage['tether.client']"))

    def size(self) -> str:
        return self.root.get_attribute("data-size") or ""

    def type(self, text: str) -> None:
        """Keys of a real keyboard, into the terminal."""
        self.page.locator(".xterm-helper-textarea").focus()
        self.page.keyboard.type(text)

    def lines(self) -> list[str]:
        """The lines on the screen, without what is blank."""
        text = self.rows.inner_text().replace("\xa0", " ")
        return [line.rstrip() for line in text.split("\n") if line.strip()]

    def see(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/{name}.png")


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(chromium: Browser, gateway: Gateway) -> Iterator[OpenTab]:
    """`open_tab(session, phone=False, query="")`: a browser of its own, signed in with a link, live in the session.

    `link` is the link of another gateway's session.
    """
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def open_one(
        session: str, *, phone: bool = False, query: str = "", dark: bool = True, live: bool = True, link: str = ""
    ) -> Tab:
        context = chromium.new_context(
            viewport=PHONE if phone else DESK,
            has_touch=phone,
            is_mobile=phone,
            device_scale_factor=2 if phone else 1,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        tab = Tab(context.new_page())
        tabs.append(tab)
        tab.page.goto((link or gateway.ticket_url(session)).replace("#", f"{query}#", 1))
        if live:
            tab.expect_state("live")
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert [problem for tab in tabs for problem in tab.problems] == []


class Visit:
    """Browsers of one's own, signed in to a gateway; what a page complains of is a failure."""

    def __init__(self, chromium: Browser) -> None:
        self.chromium = chromium
        self.contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def __call__(self, gateway: Gateway, phone: bool = False, scheme: str = "dark", locale: str = "en-US") -> Page:
        context = self.chromium.new_context(
            viewport=PHONE if phone else DESK, has_touch=phone, is_mobile=phone, color_scheme=scheme, locale=locale
        )  # type: ignore[arg-type]
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        page.goto(gateway.ticket_url(""))
        return page


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    made = Visit(chromium)
    yield made
    for context in made.contexts:
        context.close()
    assert [one for one in made.problems if "net::" not in one and "status of" not in one] == []
