"""The session on a phone: touch, the key bar, the soft keyboard, an input method."""

from __future__ import annotations

import os
import re
import signal
import sys

from playwright.sync_api import CDPSession, expect

from tests.browser.conftest import PHONE, OpenTab, Tab
from tests.support.gateway import FAKE_AGENTS, Gateway


def touch(tab: Tab) -> CDPSession:
    return tab.page.context.new_cdp_session(tab.page)


def drag(tab: Tab, from_y: int, to_y: int, steps: int = 12) -> None:
    """One finger from top to bottom or back, at the middle of the screen."""
    session = touch(tab)
    x = PHONE["width"] // 2
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": from_y}]})
    for step in range(1, steps + 1):
        y = from_y + (to_y - from_y) * step / steps
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def focused(tab: Tab) -> bool:
    return bool(tab.page.evaluate("document.activeElement.className.includes('xterm-helper-textarea')"))


def test_the_key_bar_sends_keys_and_keeps_the_keyboard(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session, phone=True)
    tab.page.get_by_test_id("terminal").tap()
    assert focused(tab)
    bar = tab.see("key-bar")
    for key in bar.get_by_role("button").all():
        box = key.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    ctrl = bar.get_by_role("button", name="Control, for the next key")
    ctrl.tap()
    expect(ctrl).to_have_attribute("aria-pressed", "true")
    assert focused(tab)
    tab.page.keyboard.type("c")
    expect(ctrl).to_have_attribute("aria-pressed", "false")
    bar.get_by_role("button", name="Shift Tab").tap()
    bar.get_by_role("button", name="Up").tap()
    assert focused(tab)
    gateway.wait_until(
        "the bytes of the keys", lambda: b"\x03\x1b[Z\x1b[A" in gateway.raw(session).replace(b"\r\n", b"")
    )
    tab.shot("phone-keys")


def test_a_second_tap_locks_a_modifier_and_alt_goes_before_a_key(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session, phone=True)
    tab.page.get_by_test_id("terminal").tap()
    bar = tab.see("key-bar")
    ctrl, alt = (bar.locator(f'[data-key="{key}"]') for key in ("ctrl", "alt"))
    ctrl.tap()
    ctrl.tap()
    expect(ctrl).to_have_accessible_name("Ctrl locked until tapped again")
    tab.page.keyboard.type("bf")
    expect(ctrl).to_have_attribute("aria-pressed", "true")
    tab.shot("phone-keys-locked")
    ctrl.tap()
    expect(ctrl).to_have_attribute("aria-pressed", "false")
    alt.tap()
    bar.get_by_role("button", name="Enter").tap()
    expect(alt).to_have_attribute("aria-pressed", "false")
    alt.tap()
    tab.page.keyboard.type("x")
    tab.page.keyboard.type("y")
    assert focused(tab)
    gateway.wait_until(
        "the bytes of the keys", lambda: b"\x02\x06\x1b\r\x1bxy" in gateway.raw(session).replace(b"\r\n", b"")
    )


def test_more_keys_are_a_swipe_or_a_tap_away(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session, phone=True)
    tab.page.get_by_test_id("terminal").tap()
    bar, page = tab.see("key-bar"), tab.see("keys-page")
    tab.see("keys-more").tap()
    expect(page).to_have_attribute("data-page", "1")
    assert focused(tab)
    bar.locator('[data-key="pgup"]').tap()
    tab.shot("phone-keys-more")
    box = bar.bounding_box()
    assert box is not None
    y = box["y"] + 20
    cdp = touch(tab)
    for kind, x in (("touchStart", 300), ("touchMove", 200), ("touchMove", 120)):
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page).to_have_attribute("data-page", "2")
    assert focused(tab)
    while bar.locator('[data-key="f5"]').count() == 0:
        tab.see("keys-more").tap()
    bar.locator('[data-key="f5"]').tap()
    for key in bar.get_by_role("button").all():
        box = key.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    # What the finger swept over was not pressed.
    gateway.wait_until("both keys", lambda: gateway.raw(session).replace(b"\r\n", b"").endswith(b"\x1b[5~\x1b[15~"))
    tab.see("keys-keyboard").tap()
    assert not focused(tab)


def test_the_keys_are_chosen_and_ordered_and_kept(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    bar, page = tab.see("key-bar"), tab.see("keys-page")
    while tab.see("keys-edit").count() == 0:
        tab.see("keys-more").tap()
    tab.see("keys-edit").tap()
    editor = tab.see("key-editor")
    chosen = tab.see("keys-chosen")
    tab.shot("phone-keys-editor")
    chosen.locator('[data-key="tab"]').tap()
    tab.see("key-earlier").tap()
    tab.see("key-earlier").tap()
    expect(chosen.locator("button").first).to_have_attribute("data-key", "tab")
    chosen.locator('[data-key="esc"]').tap()
    tab.see("key-remove").tap()
    expect(tab.see("keys-spare").locator('[data-key="esc"]')).to_be_visible()
    tab.see("keys-done").tap()
    expect(editor).to_have_count(0)
    tab.page.reload()
    tab.expect_state("live")
    expect(page.locator("button").first).to_have_attribute("data-key", "tab")
    while tab.see("keys-edit").count() == 0:
        tab.see("keys-more").tap()
    tab.see("keys-edit").tap()
    tab.see("keys-reset").tap()
    tab.page.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    while page.get_attribute("data-page") != "0":
        tab.see("keys-more").tap()
    expect(bar.locator("button").first).to_have_attribute("data-key", "esc")


def test_arrows_follow_the_mode_of_the_program(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.type(r"printf '\033[?1h'; read -rsn3 key; printf '%q\n' " + '"$key"\n')
    expect(tab.rows).to_contain_text(re.compile(r'"\$key"'))
    tab.see("key-bar").get_by_role("button", name="Up").tap()
    tab.expect_text(r"$'\EOA'")


def test_a_fine_pointer_has_no_key_bar(open_tab: OpenTab, session: str) -> None:
    expect(open_tab(session).see("key-bar")).to_have_count(0)


def test_a_drag_scrolls_and_a_tap_focuses(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.type("for i in $(seq 1 300); do echo row-$i; done\n")
    tab.expect_text("row-300")
    tab.page.locator(".xterm-helper-textarea").evaluate("area => area.blur()")
    address = tab.page.url
    drag(tab, 200, 560)
    expect(tab.rows).not_to_contain_text("row-300")
    assert not focused(tab)
    assert tab.page.url == address
    tab.page.get_by_test_id("terminal").tap()
    assert focused(tab)
    drag(tab, 560, 120)
    drag(tab, 560, 120)
    tab.expect_text("row-300")
    expect(tab.see("to-latest")).to_have_count(0)
    drag(tab, 200, 560)
    drag(tab, 200, 560)
    tab.see("to-latest").tap()
    tab.expect_text("row-300")
    expect(tab.see("to-latest")).to_have_count(0)


def test_on_the_alternate_screen_a_drag_is_arrow_keys(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.type("seq 1 500 | less\n")
    expect(tab.rows).to_contain_text(re.compile(r"^1234.*:"))
    drag(tab, 500, 200)
    expect(tab.rows).not_to_contain_text(re.compile(r"^1234"))
    expect(tab.rows).to_contain_text(re.compile(r":"))
    tab.type("q")


def test_a_soft_keyboard_shrinks_the_page_and_asks_for_one_size(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session, phone=True)
    tab.see("fit").tap()
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    tall = tab.size()
    # As on iOS: the window keeps its size, and only the visual viewport shrinks.
    tab.page.evaluate(
        """() => {
            Object.defineProperty(visualViewport, "height", { value: 500, configurable: true });
            visualViewport.dispatchEvent(new Event("resize"));
            visualViewport.dispatchEvent(new Event("scroll"));
        }"""
    )
    expect(tab.root).not_to_have_attribute("data-size", tall)
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    box = tab.see("key-bar").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 500
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tab.shot("phone-keyboard")
    resizes = [event for event in gateway.events(session) if event.get("type", event.get("tag")) == "resized"]
    assert len(resizes) == 2


def test_an_input_method_types_once(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    # What is typed before cat reads is echoed by the terminal and again by whoever reads it.
    tab.type("echo re''ady; cat\n")
    expect(tab.rows).to_contain_text("ready")
    cdp = touch(tab)
    for text in ("n", "ni", "niha", "nihao"):
        cdp.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    cdp.send("Input.insertText", {"text": "你好"})
    tab.page.keyboard.press("Enter")
    expect(tab.rows).to_contain_text(re.compile("你好.*你好"))
    assert "".join(tab.lines()).count("你好") == 2
    assert "ni" not in "".join(tab.lines())


def test_a_long_title_leaves_every_control_in_reach(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run("shell", title="the quick brown fox " * 6)
    tab = open_tab(session, phone=True, dark=False)
    open_tab(session)  # alone, there would be no control to share
    back = tab.page.get_by_role("link", name="All sessions")
    for control in (tab.see("release"), tab.see("control"), tab.see("key-bar"), back):
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    tab.shot("phone-long-title")
    tab.page.goto(gateway.url(path="/"))
    row = tab.page.locator(f"[data-id='{session}']")
    expect(row).to_be_visible()
    box = row.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tab.shot("phone-list")


def test_a_prompt_is_composed_and_sent_as_one(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session, phone=True)
    field = tab.see("compose-text")
    field.fill("你好世界\nsecond line")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.see("send").tap()
    expect(field).to_have_value("")
    wanted = "你好世界\rsecond line\r".encode()
    gateway.wait_until("the prompt", lambda: wanted in gateway.raw(session).replace(b"\r\n", b"\r"))
    tab.page.get_by_test_id("quick").first.tap()
    gateway.wait_until("the reply", lambda: b"y\r" in gateway.raw(session).replace(b"\r\n", b"\r"))
    field.press("ArrowUp")
    expect(field).to_have_value("你好世界\nsecond line")
    tab.shot("phone-compose")
    field.fill("")
    tab.see("earlier").tap()
    expect(field).to_have_value("你好世界\nsecond line")


def test_own_phrases_are_a_touch_away(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session, phone=True)
    field = tab.see("compose-text")
    # Nobody tells what this program shows: no numbers.
    expect(tab.see("quick")).to_have_text(["y", "n"])
    field.fill("run the tests")
    tab.see("snippets-edit").tap()
    expect(tab.see("snippet-text")).to_have_value("run the tests")
    tab.see("snippet-add").tap()
    tab.see("snippet-text").fill("put into the line")
    tab.see("snippet-add").tap()
    editor = tab.see("snippet-editor")
    editor.get_by_role("checkbox").last.tap()
    editor.get_by_test_id("snippet-remove").first.tap()
    tab.shot("phone-phrases")
    tab.see("snippets-done").tap()
    expect(editor).to_have_count(0)
    field.fill("")
    tab.page.reload()
    tab.expect_state("live")
    expect(tab.see("snippet")).to_have_text(["/compact", "run the tests", "put into the line"])
    tab.see("snippet").nth(2).tap()
    expect(field).to_have_value("put into the line")
    field.fill("")
    tab.see("snippet").nth(1).tap()
    gateway.wait_until("the phrase", lambda: gateway.raw(session).replace(b"\r\n", b"\r").endswith(b"run the tests\r"))


def test_in_a_dialog_that_is_known_a_number_is_sent_alone(open_tab: OpenTab, gateway: Gateway) -> None:
    # An agent that shows something before it reports: its adapter says that its terminal is needed.
    gateway.add_provider("silent", [sys.executable, "-I", str(FAKE_AGENTS / "raw_echo.py")], channel="claude")
    session = gateway.run("silent")
    tab = open_tab(session, phone=True)
    expect(tab.see("quick")).to_have_text(["1", "2", "3", "y", "n"], timeout=30_000)
    before = len(gateway.raw(session))
    tab.see("quick").nth(1).tap()
    tab.see("quick").nth(0).tap()
    gateway.wait_until("both keys", lambda: gateway.raw(session)[before:] == b"21")
    # Other tests of this gateway count who needs somebody.
    gateway.tether("stop", session, "--yes")


def test_what_was_sent_stands_until_the_worker_has_it(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session, phone=True)
    field = tab.see("compose-text")
    field.fill("echo ac''knowledged")
    worker = gateway.session(session)["worker_pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        tab.see("send").tap()
        expect(field).to_have_js_property("readOnly", True)
        expect(field).to_have_value("echo ac''knowledged")
    finally:
        os.kill(worker, signal.SIGCONT)
    expect(field).to_have_value("")
    tab.expect_text("acknowledged")


def test_a_prompt_of_an_observer_is_kept_until_it_may_be_sent(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    open_tab(session)
    tab = open_tab(session, phone=True)
    tab.expect_mode("observe")
    tab.see("compose-text").fill("echo ke''pt")
    expect(tab.see("compose-why")).to_contain_text("observe")
    expect(tab.see("send")).to_be_disabled()
    tab.page.reload()
    expect(tab.see("compose-text")).to_have_value("echo ke''pt")
    tab.see("take").tap()
    tab.expect_mode("control")
    tab.see("send").tap()
    tab.expect_text("kept")


def test_the_choice_between_composing_and_typing_is_remembered(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.see("direct").tap()
    expect(tab.see("compose")).to_have_count(0)
    assert focused(tab)
    tab.page.reload()
    tab.expect_state("live")
    expect(tab.see("compose")).to_have_count(0)
    tab.see("compose-on").tap()
    expect(tab.see("compose-text")).to_be_visible()
