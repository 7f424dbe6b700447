"""What programs and clipboards may not do with a page: answer twice, reach the clipboard, open addresses, type."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab, Tab
from tests.support.gateway import Gateway


def paste(tab: Tab, text: str) -> None:
    tab.page.locator(".xterm-helper-textarea").evaluate(
        """(area, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def test_lines_that_would_run_are_shown_first(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    # A shell without bracketed paste: every line end is an Enter.
    tab.type("bind 'set enable-bracketed-paste off' 2>/dev/null; printf '\\033[?2004l'; echo re''ady\n")
    tab.expect_text("ready")
    before = gateway.raw(session)
    paste(tab, "echo o''ne\necho t''wo\n")
    expect(tab.see("sheet")).to_have_attribute("data-kind", "paste")
    expect(tab.see("sheet-text")).to_contain_text("echo o''ne")
    tab.shot("desk-paste-sheet")
    tab.see("sheet-no").click()
    expect(tab.see("sheet")).to_have_count(0)
    tab.type("echo no''thing\n")
    tab.expect_text("nothing")
    assert b"one" not in gateway.raw(session)[len(before) :]
    paste(tab, "echo o''ne\necho t''wo\n")
    tab.see("sheet-yes").click()
    tab.expect_text("two")
    assert b"one\r\n" in gateway.raw(session)[len(before) :]


def test_a_paste_can_neither_end_itself_nor_carry_escapes(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    tab = open_tab(session)
    paste(tab, "a\x1b[201~b\x9b201~c\x07d")
    gateway.wait_until("the paste", lambda: gateway.raw(session).endswith(b"d"))
    assert b"a[201~b201~cd" in gateway.raw(session)
    assert b"\x1b[201~" not in gateway.raw(session)


def test_a_paste_into_a_program_that_wants_it_whole_is_one(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.type("printf '\\033[?2004h'; cat -v\n")
    tab.expect_text("cat -v")
    paste(tab, "a\nb")
    expect(tab.see("sheet")).to_have_count(0)
    expect(tab.rows).to_contain_text(re.compile(r"\^\[\[200~a"))
    tab.type("\n")
    tab.page.keyboard.press("Control+c")


def test_an_address_is_shown_whole_before_it_is_opened(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session)
    tab.type("printf '\\033]8;;http://127.0.0.1:1/hidden?x=1\\007innocent\\033]8;;\\007 \\n'\n")
    tab.type("printf '\\033]8;;javascript:alert(1)\\007wick''ed\\033]8;;\\007\\n'\n")
    tab.expect_text("wicked")
    tab.page.evaluate("void (window.open = (...seen) => { window.seen = seen; return null; })")

    def click(text: str) -> None:
        box = tab.page.locator(".xterm-rows > div", has_text=re.compile(rf"^{text}")).last.bounding_box()
        assert box is not None
        x, y = box["x"] + 20, box["y"] + box["height"] / 2
        tab.page.mouse.move(x + 1, y)
        tab.page.mouse.move(x, y)  # the terminal looks for links under a pointer that moves
        tab.page.mouse.click(x, y)

    click("wicked")
    click("innocent")
    expect(tab.see("sheet-text")).to_have_text("http://127.0.0.1:1/hidden?x=1")
    tab.shot("desk-link-sheet")
    assert tab.page.evaluate("window.seen") is None
    tab.see("sheet-yes").click()
    assert tab.page.evaluate("window.seen") == ["http://127.0.0.1:1/hidden?x=1", "_blank", "noopener,noreferrer"]


def test_the_clipboard_is_never_read_and_written_by_a_person_alone(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.evaluate("navigator.clipboard.writeText('mine')")
    tab.type("printf '\\033]52;c;?\\007'; printf '\\033]52;c;%s\\007' \"$(printf stolen | base64)\"; echo do''ne\n")
    tab.expect_text("done")
    expect(tab.see("notice")).to_contain_text("stolen")
    tab.shot("desk-clipboard")
    assert tab.page.evaluate("navigator.clipboard.readText()") == "mine"
    tab.see("notice-act").click()
    tab.page.wait_for_function("async () => await navigator.clipboard.readText() === 'stolen'")
    assert b"]52;c;bWluZQ" not in gateway.raw(session), "no answer was typed"


def test_many_watch_and_a_question_is_answered_once(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab, second, third = open_tab(session), open_tab(session), open_tab(session, phone=True)
    for one in (second, third):
        one.expect_mode("observe")
    questions = r"\033[c\033[6n\033[5n\033P$q" + '"' + r"p\033\134\033[21t"
    tab.type(f"printf '{questions}'; read -rs -t 1 -d X got; printf '%q\\n' \"$got\"\n")
    expect(tab.rows).to_contain_text(re.compile(r"\$'\\E\["))
    answer = "".join(tab.lines())
    assert answer.count("0n") == 1
    assert len(re.findall(r"\\E\[\d+;\d+R", answer)) == 1
    tab.type("echo qui''et\n")
    third.expect_text("quiet")
