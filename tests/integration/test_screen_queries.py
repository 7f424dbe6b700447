"""What programs ask of their terminal is answered once, by the session's worker, however many terminals watch."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.screen import Screen
from tether.screen import Screen as Emulator

PYTHON = sys.executable
# Question and the beginning of its answer, in the form of a regular expression.
QUESTIONS = {
    b"\x1b[c": rb"\x1b\[\?6[\d;]*c",
    b"\x1b[>c": rb"\x1b\[>0;276;0c",
    b"\x1b[6n": rb"\x1b\[\d+;\d+R",
    b"\x1b[?2026$p": rb"\x1b\[\?2026;\d\$y",
    b"\x1b[?2027$p": rb"\x1b\[\?2027;0\$y",
    b"\x1b[>q": rb"\x1bP>\|[^\x1b]+\x1b\\",
    b"\x1b]10;?\x1b\\": rb"\x1b\]10;rgb:[^\x07\x1b]+",
    b"\x1b]11;?\x1b\\": rb"\x1b\]11;rgb:[^\x07\x1b]+",
    b"\x1b[5n": rb"\x1b\[0n",
}
# Asks everything, says in hexadecimal what came back within a second, and again after a line was typed.
AGENT = f"""
import os, select, sys, tty
tty.setraw(0)
def answers(seconds):
    got = b""
    while select.select([0], [], [], seconds)[0]:
        got += os.read(0, 65536)
    return got
select.select([0], [], [], 60)
os.read(0, 100)
os.write(1, b"asking" + {b"".join(QUESTIONS)!r})
os.write(1, b"\\r\\nGOT " + answers(1.0).hex().encode() + b" END\\r\\n")
while True:
    select.select([0], [], [], 600)
    os.write(1, b"\\r\\nTHEN " + answers(0.5).hex().encode() + b" NEHT\\r\\n")
"""


class Answering:
    """A terminal that answers, as every real one does, on a client's screen."""

    def __init__(self, screen: Screen, cols: int = 80, rows: int = 24) -> None:
        self.screen = screen
        self.replies: list[bytes] = []
        self._emulator = Emulator(cols, rows, on_reply=self.replies.append)
        self._fed = 0

    def turn(self) -> None:
        """Show what came, and type the answers."""
        self.screen.read_for(0.02)
        data = bytes(self.screen.data[self._fed :])
        self._fed += len(data)
        self._emulator.feed(data)
        for reply in self.replies:
            self.screen.type(reply)
        self.replies.clear()

    @property
    def text(self) -> str:
        return "\n".join(self._emulator.text())

    def close(self) -> None:
        self._emulator.close()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def got(gateway: Gateway, session: str, begin: bytes, end: bytes) -> bytes | None:
    found = re.findall(begin + rb" ([0-9a-f]*) " + end, gateway.raw(session))
    return bytes.fromhex(found[-1].decode()) if found else None


def test_every_question_has_one_answer_while_three_terminals_watch(gateway: Gateway) -> None:
    gateway.add_provider("asker", [PYTHON, "-I", "-c", AGENT])
    session = gateway.run("asker")
    terminals = [Answering(gateway.attach(session, *flags)) for flags in ([], ["--observe"], ["--observe"])]

    def turn() -> None:
        for terminal in terminals:
            terminal.turn()

    gateway.wait_until("three clients", lambda: (turn(), gateway.session(session)["clients"] == 3)[1])
    terminals[0].screen.type("x")
    answers = gateway.wait_until("answers", lambda: (turn(), got(gateway, session, b"GOT", b"END"))[1]) or b""
    left = answers
    for question, answer in QUESTIONS.items():
        found = re.findall(answer, answers)
        assert len(found) == 1, f"{question!r} has {found} of {answers!r}"
        left = re.sub(answer, b"", left)
    assert left.replace(b"\x1b\\", b"").replace(b"\x07", b"") == b""
    for terminal in terminals:
        gateway.wait_until("it is shown", lambda t=terminal: (turn(), "GOT" in t.text)[1])
    # Somebody comes late: the old output, which asks, is not asked again.
    late = Answering(gateway.attach(session, "--take"))
    terminals.append(late)
    gateway.wait_until("the late one sees it", lambda: (turn(), "GOT" in late.text)[1])
    late.screen.type("y")
    then = gateway.wait_until("what came then", lambda: (turn(), got(gateway, session, b"THEN", b"NEHT"))[1])
    assert then == b"y"
    for terminal in terminals:
        terminal.close()


def test_without_an_emulator_the_terminal_answers() -> None:
    with Gateway(settings='[session]\nemulator = "off"\n') as gateway:
        gateway.add_provider("asker", [PYTHON, "-I", "-c", AGENT])
        session = gateway.run("asker")
        terminal = Answering(gateway.attach(session))
        gateway.wait_until("attached", lambda: (terminal.turn(), gateway.session(session)["controller"])[1])
        terminal.screen.type("x")
        answers = gateway.wait_until(
            "answers", lambda: (terminal.turn(), got(gateway, session, b"GOT", b"END"))[1], timeout=30
        )
        for question, answer in QUESTIONS.items():
            assert len(re.findall(answer, answers or b"")) == 1, f"{question!r} in {answers!r}"
        terminal.close()


def test_a_program_that_asks_and_does_not_read_keeps_nobody_from_typing(gateway: Gateway) -> None:
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (os.write(1, b'interrupted'), os._exit(0)))\n"
        "for _ in range(40): os.write(1, b'\\x1b[6n\\x1b[c\\x1b[5n' * 1000)\n"
        "os.write(1, b'asked'); time.sleep(600)"
    )
    gateway.add_provider("nosy", [PYTHON, "-I", "-c", code])
    session = gateway.run("nosy")
    gateway.wait_until("it has asked", lambda: b"asked" in gateway.raw(session))
    gateway.tether("keys", session, "c-c")
    gateway.wait_state(session, "exited")
    gateway.wait_until("it was interrupted", lambda: b"interrupted" in gateway.raw(session))
