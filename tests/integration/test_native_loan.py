"""The terminal on loan to the worker: what is typed and shown is exact, whoever dies, takes or wants it back."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.gateway import FAKE_AGENTS, Gateway
from tests.support.screen import Screen
from tether.screen import Screen as Emulator
from tether.screen.tail import PROLOGUE


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    """One gateway for the stories that harm nothing."""
    with Gateway() as made:
        yield made


def has_terminal(gateway: Gateway, session: str, screen: Screen) -> bool:
    """True while the session's worker has the screen's terminal."""
    name = os.ttyname(screen.slave)
    directory = f"/proc/{gateway.worker_pid(session)}/fd"
    for entry in os.listdir(directory):
        with contextlib.suppress(OSError):
            if os.readlink(f"{directory}/{entry}") == name:
                return True
    return False


def lent(gateway: Gateway, session: str, screen: Screen) -> None:
    gateway.wait_until("the worker has the terminal", lambda: has_terminal(gateway, session, screen))


def attached(gateway: Gateway, *fake: str) -> tuple[Screen, str]:
    """A fake agent on a terminal of its own, on loan; what is shown begins with the agent's own words."""
    screen = gateway.screen("run", gateway.add_fake(*fake))
    session = screen.expect(rb"/s/([0-9a-z]{8})")[1].decode()
    screen.expect(rb"tether open .{8}\r\n")
    lent(gateway, session, screen)
    return screen, session


def shown_is_logged(screen: Screen, raw: bytes) -> None:
    """The screen got the session's output byte for byte, notices aside; if it was drawn anew, it looks the same now."""
    shown = re.sub(rb"\x1b]2;[^\x07]*\x07{1,2}", b"", screen.data)
    if PROLOGUE not in shown:
        shown = shown.partition(b"tether open ")[2][10:]
        end = shown.rfind(raw[-40:]) + 40
        assert end >= 40, (shown[-400:], raw[-400:])
        assert shown[:end] == raw, first_difference(shown[:end], raw)
        return
    emulated = [Emulator(80, 24), Emulator(80, 24)]
    for emulator, data in zip(emulated, (shown, b"\r\n" * 24 + raw), strict=True):
        emulator.feed(data)
    got, wanted = (emulator.text() for emulator in emulated)
    assert got == wanted


def first_difference(got: bytes, want: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, want, strict=False)) if a != b), min(len(got), len(want)))
    return f"at {at} of {len(got)}: {got[max(0, at - 40) : at + 40]!r} for {want[max(0, at - 40) : at + 40]!r}"


def test_typing_goes_through_the_worker_alone(shared: Gateway) -> None:
    screen, session = attached(shared, "raw_echo")
    screen.expect("raw")
    shared.tether("ls")
    for number in range(20):
        screen.type(f"<{number}>")
        screen.expect(f"<{number}>")
    assert has_terminal(shared, session, screen)
    screen.type(b"\x04")
    assert screen.wait_exit() == 0
    assert screen.termios_now() == screen.termios_before
    shown_is_logged(screen, shared.raw(session))


KEYS = (
    b"\x1cd",
    b"\x1b[92;5u\x1b[100u",
    b"\x1b[27;5;92~d",
    b"\x1b[92;5:1u\x1b[92;5:3u\x1b[100;1:1u",
    b"\x1b[0::92;5ud",
)


@pytest.mark.parametrize("keys", KEYS)
def test_detach_keys_are_seen_however_they_are_cut(shared: Gateway, keys: bytes) -> None:
    screen, session = attached(shared, "raw_echo")
    screen.expect("raw")
    for cut in range(1, len(keys)):
        lent(shared, session, screen)
        for _ in range(5):  # a sequence that the machine delays by more than ten milliseconds is the agent's, rightly
            screen.type(b"ab" + keys[:cut])
            screen.type(keys[cut:])
            for _ in range(20):
                if screen.running:
                    screen.read_for(0.1)
            if not screen.running:
                break
        assert screen.wait_exit() == 0, (cut, screen.text)
        assert screen.termios_now() == screen.termios_before
        screen = shared.attach(session)
        screen.expect("ab")
    lent(shared, session, screen)
    assert b"\x1c" not in shared.raw(session)
    screen.type(b"x\x04")
    assert screen.wait_exit() == 0


def test_escape_and_half_a_prefix_reach_the_agent_and_the_terminal_goes_back(shared: Gateway) -> None:
    screen, session = attached(shared, "modes")
    screen.expect("in modes")
    for keys, seen in ((b"\x1b", "<1b>"), (b"\x1b[A", "<1b5b41>"), (b"\x1c\x1c", "<1c>"), (b"\x1cx", "<1c78>")):
        lent(shared, session, screen)
        screen.type(keys)
        screen.expect(seen)
    lent(shared, session, screen)
    screen.type("q")
    assert screen.wait_exit() == 0


@pytest.mark.parametrize("bracketed", [False, True])
def test_ten_megabytes_pasted_arrive_whole(shared: Gateway, bracketed: bool) -> None:
    data = b"\x1c\x1cd" * 100 + hashlib.sha256(b"paste").hexdigest().encode() * 163_840  # 10 MiB and keys of ours
    data = b"\x1b[200~" + data + b"\x1b[201~" if bracketed else data[300:]
    screen, _ = attached(shared, "hash_input", str(len(data)))
    screen.expect("raw")
    screen.type(data, timeout=120)
    screen.expect(f"sha {hashlib.sha256(data).hexdigest()} {len(data)}", timeout=60)
    assert screen.wait_exit() == 0


def test_control_that_is_taken_stops_the_typing(shared: Gateway) -> None:
    first, session = attached(shared, "raw_echo")
    first.expect("raw")
    first.type("one")
    first.expect("one")
    second = shared.attach(session, "--take")
    first.expect("taken by")
    assert not has_terminal(shared, session, first)
    first.type("never")
    first.expect("observing")
    lent(shared, session, second)
    second.type("two")
    first.expect("two")
    assert shared.raw(session) == b"raw\r\nonetwo"
    second.type(b"\x1cd")
    assert second.wait_exit() == 0
    first.type("three")  # nobody has control: typing asks for it
    first.expect("three")
    lent(shared, session, first)
    first.type(b"\x04")
    assert first.wait_exit() == 0


def test_the_command_is_killed_and_the_terminal_is_the_shells_again(shared: Gateway) -> None:
    screen, session = attached(shared, "modes")
    screen.expect("in modes")
    screen.kill()
    assert screen.wait_exit() == -9
    shared.wait_until("the settings are back", lambda: screen.termios_now() == screen.termios_before)
    screen.expect(re.escape(rb"[?25h"))
    undone = screen.data[screen.data.index(b"in modes") :]
    assert b"\x1b[?1049l" in undone
    assert not has_terminal(shared, session, screen)
    shared.tether("stop", session)


def test_a_worker_that_stands_still_does_not_keep_the_command(shared: Gateway) -> None:
    screen, session = attached(shared, "modes")
    screen.expect("in modes")
    worker = shared.worker_pid(session)
    os.kill(worker, signal.SIGSTOP)
    try:
        screen.kill(signal.SIGTERM)
        assert screen.wait_exit() == 143
        assert screen.termios_now() == screen.termios_before
        assert b"\x1b[?1049l" in screen.data
    finally:
        os.kill(worker, signal.SIGCONT)
    shared.wait_until("the worker lets go", lambda: not has_terminal(shared, session, screen))
    shared.tether("stop", session)


def test_a_terminal_that_stands_still_is_left_out_and_drawn_anew(shared: Gateway) -> None:
    screen = shared.screen("run", "shell")
    session = screen.expect(rb"/s/([0-9a-z]{8})")[1].decode()
    screen.expect(r"\$ ")
    # A flood that begins before the worker has the terminal is the command's own to show, which leaves nothing out.
    lent(shared, session, screen)
    screen.type(f"{sys.executable} -I {FAKE_AGENTS / 'flood.py'} 400000 0 linger\r")
    shared.wait_until(
        "the flood is over although nobody looks", lambda: b"flood done" in shared.raw(session)[-200:], 60
    )
    screen.expect("flood done", timeout=60)
    screen.expect("were skipped")  # said behind the screen that was drawn
    assert len(screen.data) < 3 << 20, "most of it was skipped"
    lent(shared, session, screen)
    screen.type(b"\x1cd")
    assert screen.wait_exit() == 0
    shared.tether("stop", session)


def test_the_size_follows_while_the_terminal_is_away(shared: Gateway) -> None:
    screen = shared.screen("run", "shell")
    session = screen.expect(rb"/s/([0-9a-z]{8})")[1].decode()
    screen.expect(r"\$ ")
    lent(shared, session, screen)
    screen.resize(101, 31)
    shared.wait_until("the size is the session's", lambda: shared.session(session)["cols"] == 101)
    screen.type("stty size\r")
    screen.expect("31 101")
    looked = shared.attach(session, "--take", cols=101, rows=31)
    lent(shared, session, looked)
    looked.resize(90, 20)
    shared.wait_until("it has the terminal back", lambda: not has_terminal(shared, session, looked))
    assert shared.session(session)["cols"] == 101  # only looking changes nothing
    looked.type("x")
    shared.wait_until("typing makes it this terminal's size", lambda: shared.session(session)["cols"] == 90)
    lent(shared, session, looked)
    looked.type(b"\x15stty size\r")
    looked.expect("20 90")
    looked.type("exit\r")
    assert looked.wait_exit() == 0


def test_nothing_typed_or_shown_is_lost_when_the_worker_is_killed(gateway: Gateway) -> None:
    screen, session = attached(gateway, "raw_echo")
    screen.expect("raw")
    expected = b""
    for round_ in range(6):
        old = gateway.worker_pid(session)
        for number in range(300):
            key = b"%d.%d " % (round_, number)
            expected += key
            screen.type(key)
            if number == 40 + 37 * round_:
                os.kill(old, signal.SIGKILL)
        screen.expect(re.escape(expected[-8:]))
        gateway.wait_until("another worker", lambda old=old: gateway.worker_pid(session) not in (0, old))
        lent(gateway, session, screen)
    raw = gateway.raw(session)
    notes = [event["text"] for event in gateway.events(session) if event.get("code") == "input-uncertain"]
    # Only the write to the agent itself can't be made certain, and then the log says so.
    uncertain = sum(int(text.split()[0]) for text in notes)
    assert len(raw) >= len(b"raw\r\n" + expected) - uncertain, first_difference(raw[5:], expected)
    keys = iter(expected.split())
    assert all(key in keys for key in raw.split()[1:]), "once, in order"
    shown_is_logged(screen, raw)


def test_output_is_shown_once_and_whole_when_the_worker_is_killed(gateway: Gateway) -> None:
    screen, session = attached(gateway, "flood", "15000", "3000", "linger")
    for _ in range(4):
        old = gateway.worker_pid(session)
        lent(gateway, session, screen)
        screen.read_for(0.3)
        os.kill(old, signal.SIGKILL)
        gateway.wait_until("another worker", lambda old=old: gateway.worker_pid(session) not in (0, old))
    screen.expect("flood done", timeout=30)
    gateway.wait_until("it is in the log", lambda: b"flood done" in gateway.raw(session)[-200:])
    shown_is_logged(screen, gateway.raw(session))


def test_rolling_restarts_under_a_terminal_on_loan(gateway: Gateway) -> None:
    screen, session = attached(gateway, "flood", "30000", "3000", "linger")
    agent = gateway.agent_pid(session)
    with ThreadPoolExecutor(1) as other:
        for _ in range(2):
            lent(gateway, session, screen)
            restarted = other.submit(gateway.tether, "restart", "--yes")
            while not restarted.done():
                screen.read_for(0.1)
            restarted.result()
    screen.expect("flood done", timeout=30)
    assert PROLOGUE not in screen.data, "it was never drawn anew"
    gateway.wait_until("it is in the log", lambda: b"flood done" in gateway.raw(session)[-200:])
    raw = gateway.raw(session)
    lines = re.findall(rb"line (\d{8})\r\n", raw)
    assert lines == [b"%08d" % (number + 1) for number in range(30000)]
    shown_is_logged(screen, raw)
    assert gateway.agent_pid(session) == agent
