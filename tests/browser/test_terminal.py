"""A session in a browser: typed into, reloaded, cut off, and carried by plain HTTP."""

from __future__ import annotations

import hashlib
import random
import re
import signal
import string
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab, Tab
from tests.support.gateway import Gateway


def test_what_is_typed_in_the_browser_shows_there_and_in_a_terminal(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    native = gateway.attach(session, "--observe")
    tab = open_tab(session)
    tab.type("echo ok\n")
    expect(tab.rows).to_contain_text(re.compile(r"echo ok.*ok"))
    native.expect(r"echo ok\r\nok\r\n")
    tab.shot("desk-typed")


def test_what_is_typed_in_a_terminal_shows_in_the_browser(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    native = gateway.attach(session)
    native.type("echo na''tive\r")
    tab = open_tab(session)
    tab.expect_text("native")
    tab.expect_mode("observe")


def test_a_ticket_never_stays_in_the_address(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session)
    address = urlsplit(tab.page.url)
    assert (address.path, address.query, address.fragment) == (f"/s/{session}", "", "")
    assert tab.page.evaluate("performance.getEntriesByType('resource').some(e => e.name.includes('ticket'))") is False


def test_the_other_address_of_a_session(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.page.goto(gateway.url(path=f"/remote/session/{session}"))
    tab.expect_state("live")


def test_a_reload_keeps_screen_control_and_numbers(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.type("echo bef''ore\n")
    tab.expect_text("before")
    epoch = gateway.session(session)["epoch"]
    tab.page.reload()
    tab.expect_state("live")
    tab.expect_text("before")
    tab.expect_mode("control")
    tab.type("echo af''ter\n")
    tab.expect_text("after")
    row = gateway.session(session)
    assert (row["epoch"], row["clients"]) == (epoch, 1)
    assert gateway.raw(session).count(b"after\r\n") == 1


def test_the_death_of_the_web_part_is_told_and_mended_without_a_byte_lost(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    tab.type("clear; for i in $(seq 1 40); do echo line-$i; sleep 0.1; done; echo th''rough\n")
    tab.expect_text("line-5")
    gateway.kill("web", signal.SIGKILL)
    expect(tab.see("banner")).to_have_attribute("data-kind", re.compile("reconnecting|gateway-stopped"))
    tab.shot("desk-reconnecting")
    tab.expect_state("live")
    expect(tab.see("banner")).to_have_count(0)
    tab.expect_text("through")
    assert [line for line in tab.lines() if line.startswith("line-")] == [f"line-{i}" for i in range(1, 41)]
    tab.expect_mode("control")
    tab.type("echo ag''ain\n")
    tab.expect_text("again")


def test_keys_typed_into_a_dead_line_go_out_once(open_tab: OpenTab, gateway: Gateway) -> None:
    session = gateway.run("shell", title="keys")
    tab = open_tab(session)
    tab.type("echo one\n")
    tab.expect_text("one")
    gateway.kill("web", signal.SIGKILL)
    # The page holds keys for a line that is back in a blink, and keeps the others in sight.
    tab.type("echo tw''o\n")
    tab.expect_state("live")
    if tab.see("kept").count():
        tab.see("kept-send").click()
    tab.expect_text("two")
    assert gateway.raw(session).count(b"two\r\n") == 1


def test_without_websocket_the_page_uses_plain_http_and_says_so(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session, query="?transport=http")
    expect(tab.root).to_have_attribute("data-transport", "http")
    expect(tab.see("transport")).to_have_text("HTTP fallback")
    tab.type("echo over-ht''tp\n")
    tab.expect_text("over-http")
    tab.shot("desk-http")


def test_a_network_that_blocks_websocket_is_found_out(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, live=False)
    tab.page.add_init_script(
        "WebSocket = class { constructor() { setTimeout(() => this.onclose({ code: 1006 }), 5) } close() {} }"
    )
    tab.page.reload()
    expect(tab.root).to_have_attribute("data-transport", "http")
    tab.expect_state("live")
    tab.type("echo any''way\n")
    tab.expect_text("anyway")


@pytest.mark.parametrize("transport", ["ws", "http"])
def test_a_flood_is_shown_and_ctrl_c_ends_it(open_tab: OpenTab, session: str, transport: str) -> None:
    tab = open_tab(session, query=f"?transport={transport}")
    tab.type("yes flood\n")
    tab.expect_text("flood")
    tab.page.keyboard.press("Control+c")
    tab.type("\necho do''ne\n")
    tab.expect_text("done")


def test_programs_get_answers_from_who_controls_and_only_live(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    ask = r"printf '\033[6n'; IFS= read -rs -d R -t 5 answer; printf 'got:%q\n' " '"$answer"\n'
    tab = open_tab(session)
    tab.type(ask)
    expect(tab.rows).to_contain_text(re.compile(r"got:\$'\\E\[\d+;\d+'"))
    # The question is in the log now. Whoever comes later must not answer it into the shell.
    before = len(gateway.raw(session))
    tab.page.reload()
    tab.expect_state("live")
    tab.expect_text("got:")
    tab.type("echo qui''et\n")
    tab.expect_text("quiet")
    assert gateway.raw(session)[before:] == b"echo qui''et\r\nquiet\r\n$ "


def test_a_question_asked_while_the_line_was_down_is_answered_then_and_not_again(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    tab = open_tab(session)
    tab.type(r"sleep 1; printf '\033[6n'; sleep 4; echo en''d" + "\n")
    tab.expect_text("echo en''d")
    gateway.kill("web", signal.SIGSTOP)
    # The session's worker answers, page or no page; the terminal echoes it as nobody reads.
    gateway.wait_until("the answer", lambda: b"^[[2;1R" in gateway.raw(session))
    gateway.kill("web", signal.SIGKILL)
    # What the shell makes of the answer; a ctrl-c before that is taken for a part of it.
    expect(tab.rows).to_contain_text(re.compile(r"end.*\$ .*R"))
    tab.page.keyboard.press("Control+c")
    expect(tab.rows).to_contain_text(re.compile(r"\^C.*\$ "))
    tab.type("echo qui''et\n")
    tab.expect_text("quiet")
    assert gateway.raw(session).count(b";1R") == 1


def test_a_large_paste_arrives_whole(open_tab: OpenTab, gateway: Gateway) -> None:
    text = "".join(f"{number:07d}," for number in range(125_000))
    session = gateway.run(gateway.add_fake("hash_input", str(len(text))))
    tab = open_tab(session)
    tab.expect_text("raw")
    tab.page.locator(".xterm-helper-textarea").evaluate(
        """(area, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    tab.expect_text(f"sha {hashlib.sha256(text.encode()).hexdigest()} {len(text)}")


def test_the_terminal_is_the_only_thing_that_holds_session_text(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session)
    tab.type("echo '<img src=x onerror=alert(1)>'\n")
    tab.expect_text("<img src=x")
    assert tab.page.locator("img").count() == 0


def test_a_character_whose_last_byte_comes_alone_is_seen(open_tab: OpenTab, session: str) -> None:
    """xterm.js itself loses an ellipsis that is cut so."""
    tab = open_tab(session)
    tab.type(r"stty -echo; printf 'wait\342\200'; sleep 0.4; printf '\246done\n'" + "\n")
    tab.expect_text("wait…done")


def scroll_up(tab: Tab, text: str) -> bool:
    """Some pages up. Whether that line is there then."""
    tab.page.locator(".xterm-helper-textarea").focus()
    for _ in range(10):
        tab.page.keyboard.press("Shift+PageUp")
    return text in tab.rows.inner_text()


def test_whoever_scrolls_up_reaches_lines_that_the_worker_no_longer_has(
    open_tab: OpenTab, gateway: Gateway, session: str
) -> None:
    token = "ghp_" + "".join(random.choices(string.ascii_letters + string.digits, k=36))
    printed = f"stty -echo; PS1=; clear; echo the oldest; echo {token} and more; seq -f 'row %.0f of many' 6000"
    gateway.tether("send", session, printed, "--enter")
    gateway.wait_until("all of it", lambda: b"row 6000 of many" in gateway.raw(session))
    tab = open_tab(session)
    tab.expect_text("row 6000 of many")
    tab.type("echo mean''while\n")
    gateway.wait_until("the oldest line", lambda: scroll_up(tab, "the oldest"), 60)
    oldest = tab.lines()
    first = next(number for number, line in enumerate(oldest) if line.endswith("the oldest"))
    assert oldest[first + 1].endswith("and more")
    assert token not in oldest[first + 1]
    assert oldest[first + 2 : first + 5] == [f"row {number} of many" for number in (1, 2, 3)]
    tab.shot("desk-oldest")
    tab.type("echo still li''ve\n")
    tab.expect_text("still live")
    assert tab.lines()[-3:] == ["row 6000 of many", "meanwhile", "still live"]


def test_a_session_that_has_ended_is_scrolled_through(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    gateway.tether("send", session, "seq -f 'row %.0f of many' 3000; exit", "--enter")
    gateway.wait_state(session, "exited")
    tab = open_tab(session, live=False)
    tab.expect_text("row 3000 of many")
    gateway.wait_until("the first line", lambda: scroll_up(tab, "row 1 of many"), 30)


def test_what_a_killed_program_left_on_is_off(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session)
    tab.type("printf '\\033[?1049h\\033[?1003h\\033[?1006hstands here'\n")
    tab.expect_text("stands here")
    mouse = tab.page.locator(".enable-mouse-events")
    expect(mouse).to_have_count(1)
    gateway.tether("stop", session, "--yes")
    expect(tab.page.locator("[data-ended='stopped'], [data-ended='killed'], [data-ended='exited']")).to_have_count(1)
    expect(mouse).to_have_count(0)
    tab.expect_text("stands here")
