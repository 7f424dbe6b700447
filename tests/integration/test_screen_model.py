"""A session's screen is known at any moment: to its worker, to whoever takes over, and to whoever reads the log."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tether import rewind
from tether.bus import BrokerClient, Bus
from tether.errors import TetherError
from tether.paths import resolve
from tether.screen import Screen
from tether.store.reader import LogReader
from tether.wire.control import History, HistoryQuery, Snapshot, SnapshotQuery
from tether.wire.views import SessionView

PYTHON = sys.executable
# Fills the screen by moving the cursor, and leaves a part of a sequence and of a character behind.
PAINTER = """
import sys, time
out = sys.stdout.buffer
out.write(b"".join(b"line %d\\r\\n" % n for n in range(300)))
out.write(b"\\x1b[2J\\x1b[5;10Hfive-ten\\x1b[1;31m\\x1b[7;3H\\xc3\\xa4red\\x1b[20;1H\\x1b[0mbottom")
out.flush()
sys.stdin.readline()
out.write(b"\\x1b[10;5Hafter\\x1b[3")
out.flush()
time.sleep(600)
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@contextlib.contextmanager
def reading(gateway: Gateway) -> Iterator[LogReader]:
    with contextlib.closing(LogReader(resolve(gateway.env))) as log:
        yield log


def record(gateway: Gateway, session: str) -> SessionView:
    with reading(gateway) as log:
        (view,) = log.find(session)
        return view


@contextlib.contextmanager
def asking(gateway: Gateway) -> Iterator[BrokerClient]:
    bus = Bus()
    client = BrokerClient(bus, resolve(gateway.env))
    try:
        yield client
    finally:
        client.close()
        bus.close()


def asked(gateway: Gateway, session: str, history: int = 0) -> Snapshot:
    """The worker's own word; waits while a worker is being replaced."""
    sid = record(gateway, session).sid

    def ask() -> Snapshot | None:
        with asking(gateway) as client:
            try:
                answer = client.ask(sid, SnapshotQuery(0, os.urandom(16), history), 5)
            except TetherError as error:
                raise AssertionError(f"{error.code}: {error.message}") from None
            assert isinstance(answer, Snapshot)
            return answer

    return gateway.wait_until("the worker tells its screen", ask) or Snapshot(0, 0, 1, 1, b"")


def shown(snapshot: Snapshot) -> list[str]:
    """What a terminal shows that is given this."""
    screen = Screen(snapshot.cols, snapshot.rows)
    screen.feed(snapshot.data)
    text = screen.text()
    screen.close()
    return text


def from_log(gateway: Gateway, session: str, seq: int | None = None) -> list[str]:
    with reading(gateway) as log:
        made = rewind.at(log, record(gateway, session), seq)
        assert made.exact
        text = made.screen.text()
        made.close()
        return text


def paint(gateway: Gateway, name: str) -> str:
    gateway.add_provider(name, [PYTHON, "-I", "-c", PAINTER])
    session = gateway.run(name)
    gateway.wait_until("it has painted", lambda: b"bottom" in gateway.raw(session))
    return session


def painted(text: list[str]) -> bool:
    return text[4] == " " * 9 + "five-ten" and text[6] == "  äred" and text[19] == "bottom"


def test_the_worker_knows_the_screen_and_what_scrolled_off(gateway: Gateway) -> None:
    session = paint(gateway, "painter")
    found = asked(gateway, session, history=20)
    assert found.kind == "screen"
    assert painted(shown(found))
    assert gateway.session(session)["seq"] >= found.seq > 0
    with asking(gateway) as client:
        page = client.ask(record(gateway, session).sid, HistoryQuery(0, os.urandom(16), 10, 5))
    assert isinstance(page, History)
    assert len(page.lines) == 5
    assert page.total >= 270
    assert all(b"line " in line for line in page.lines)


def test_what_the_log_gives_is_what_the_worker_knows(gateway: Gateway) -> None:
    session = paint(gateway, "painter")
    found = asked(gateway, session)
    gateway.wait_until("the log has it", lambda: record(gateway, session).seq >= found.seq)
    assert from_log(gateway, session) == shown(found)
    with reading(gateway) as log:
        made = rewind.snapshot(log, record(gateway, session), 20)
    assert (made.kind, made.offset) == ("screen", found.offset)
    assert shown(made) == shown(found)


def test_the_screen_is_there_after_the_worker_was_killed(gateway: Gateway) -> None:
    session = paint(gateway, "painter")
    before = shown(asked(gateway, session))
    pid = gateway.worker_pid(session)
    os.kill(pid, signal.SIGKILL)
    gateway.wait_until("another worker", lambda: gateway.worker_pid(session) not in (0, pid))
    after = asked(gateway, session, history=50)
    assert shown(after) == before
    gateway.tether("send", session, "go", "--enter")
    gateway.wait_until("it goes on", lambda: b"after" in gateway.raw(session))
    assert shown(asked(gateway, session))[9] == "    after"


def test_the_screen_is_there_after_an_upgrade(gateway: Gateway) -> None:
    session = paint(gateway, "painter")
    gateway.tether("send", session, "go", "--enter")
    gateway.wait_until("it goes on", lambda: b"after" in gateway.raw(session))
    before = asked(gateway, session, history=100)
    gateway.tether("restart", "--yes", timeout=90)
    gateway.wait_until("upgraded", lambda: any(e.get("code") == "upgraded" for e in gateway.events(session)))
    after = asked(gateway, session, history=100)
    assert shown(after) == shown(before)
    assert after.history == before.history == 100
    # The sequence that was begun is continued, not shown.
    assert after.data.endswith(b"\x1b[3")
