"""A session's screen is known at any moment: to its worker, to whoever takes over, and to whoever reads the log."""

from __future__ import annotations

import contextlib
import os
import shutil
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


BOMB = """
import sys
out = sys.stdout.buffer
sys.stdin.readline()
for _ in range(3):
    out.write(b"x\\x1b[1000000000b" + b"\\x1b[1000000000S\\x1b[1000000000@\\x1b[1000000000L")
    out.write(b"\\x1bP" + b"q" * 3_000_000 + b"\\x1b\\\\")
    out.write(b"\\x1b]2;" + b"t" * 3_000_000 + b"\\x07\\x1b_G" + b"A" * 1_000_000 + b"\\x1b\\\\")
    out.write(b"a" + "\\u0301".encode() * 300_000)
    out.write(b"".join(b"\\x1b[38;2;%d;%d;%dmx" % (n % 256, n // 256 % 256, n % 251) for n in range(50_000)))
    out.write(b"\\x1b[" + b"1;" * 100_000 + b"m")
out.write(b"\\x1b[m\\x1b[2J\\x1b[Hit is over")
out.flush()
sys.stdin.readline()
"""


def test_a_bomb_of_escape_sequences_is_its_own_sessions_affair(gateway: Gateway) -> None:
    gateway.add_provider("bomb", [PYTHON, "-I", "-c", BOMB])
    bomb = gateway.run("bomb")
    gateway.add_fake("echo")
    other = gateway.run("echo")
    workers = gateway.worker_pid(bomb), gateway.worker_pid(other)
    screen = gateway.attach(other)
    gateway.wait_until("attached", lambda: gateway.session(other)["controller"])
    gateway.tether("send", bomb, "now", "--enter")
    for n in range(30):
        screen.type(f"word{n}\r")
        screen.expect(f"word{n}")
    gateway.wait_until("the bomb is through", lambda: b"it is over" in gateway.raw(bomb), timeout=60)
    assert shown(asked(gateway, bomb))[0] == "it is over"
    assert (gateway.worker_pid(bomb), gateway.worker_pid(other)) == workers
    assert not [event for event in gateway.events(bomb) if event.get("code") in ("recovered", "no-screen")]


def terminal_text(gateway: Gateway, session: str, wanted: list[str], *flags: str) -> list[str]:
    """What a second terminal shows that attaches now, once it is `wanted`, or what it shows instead."""
    screen = gateway.attach(session, "--observe", *flags)
    emulator = Screen(80, 24)
    fed = 0

    def look() -> list[str] | None:
        nonlocal fed
        screen.read_for(0.05)
        emulator.feed(bytes(screen.data[fed:]))
        fed = len(screen.data)
        return text if (text := emulator.text()) == wanted else None

    try:
        return gateway.wait_until("the second terminal shows the same", look) or []
    finally:
        emulator.close()
        screen.hang_up()


@pytest.mark.parametrize("program", ["vim", "less"])
def test_who_attaches_to_a_full_screen_program_sees_what_stands_there(gateway: Gateway, program: str) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    text = gateway.home / "text"
    text.write_text("".join(f"{n} ümläut and 日本 on line {n}\n" for n in range(500)))
    argv = [path, *(["-u", "NONE", "-N"] if program == "vim" else []), str(text)]
    session = gateway.run(gateway.add_provider(f"the-{program}", argv))
    gateway.wait_until("it has drawn", lambda: "日本 on line 20".encode() in gateway.raw(session))
    gateway.tether("keys", session, "G")
    gateway.wait_until("it has moved", lambda: "日本 on line 490".encode() in gateway.raw(session))
    wanted = gateway.wait_until("it is still", lambda: a if (a := shown(asked(gateway, session))) else None) or []
    assert any("日本 on line 499" in line for line in wanted)
    assert terminal_text(gateway, session, wanted) == wanted


def test_what_scrolled_off_stands_above_the_first_screen(gateway: Gateway) -> None:
    code = "for n in range(300): print(f'row {n} of many')\ninput()"
    gateway.add_provider("rows", [PYTHON, "-I", "-c", code])
    session = gateway.run("rows")
    gateway.wait_until("all rows", lambda: b"row 299" in gateway.raw(session))
    screen = gateway.attach(session)
    screen.expect("row 299 of many")
    emulator = Screen(80, 24)
    emulator.feed(bytes(screen.data))
    above = [line.text for line in emulator.history(0, emulator.history_size())]
    assert above[-1] == "row 276 of many"
    assert above[-100] == "row 177 of many"
    assert emulator.text()[0] == "row 277 of many"
    emulator.close()


def test_the_screen_can_be_seen_while_the_gateway_is_down(gateway: Gateway) -> None:
    session = paint(gateway, "painter")
    gateway.tether("stop", "--yes", timeout=60)
    try:
        assert painted(gateway.tether("snapshot", session).stdout.splitlines())
    finally:
        gateway.start()


def test_a_long_session_has_checkpoints_and_every_screen_is_that_of_straight_replay(gateway: Gateway) -> None:
    code = (
        "import sys; w = sys.stdout.write\n"
        "for n in range(300_000):\n"
        "    w(f'\\x1b[3{n % 8}mnumber {n:08d} of the flood\\x1b[m ' + ('\\r\\n' if n % 2 else ''))\n"
        "w('\\x1b[2J\\x1b[12;30Hthe last'); sys.stdout.flush(); sys.stdin.readline()"
    )
    gateway.add_provider("long", [PYTHON, "-I", "-c", code])
    session = gateway.run("long")
    gateway.wait_until("all of it", lambda: record(gateway, session).offset > 11_000_000, timeout=60)
    gateway.wait_until("the end of it", lambda: from_log(gateway, session)[11].endswith("the last"), timeout=60)
    pid = gateway.worker_pid(session)
    with reading(gateway) as log:
        view = record(gateway, session)
        checkpoint = gateway.wait_until("a checkpoint", lambda: log.checkpoint_at_or_before(view.sid, view.seq))
        assert checkpoint is not None
        seq = (checkpoint.seq + view.seq) // 2
        sought = rewind.at(log, view, seq)
        straight = rewind.rebuild(None, (), view)
        while straight.seq < seq:
            for row in log.events(view.sid, straight.seq, 256, 1 << 20):
                if row[0] <= seq:
                    straight.take(row)
        assert (sought.seq, sought.offset, sought.exact) == (straight.seq, straight.offset, True)
        assert sought.screen.text() == straight.screen.text()
        sought.close()
        straight.close()
    before = shown(asked(gateway, session))
    os.kill(pid, signal.SIGKILL)
    gateway.wait_until("another worker", lambda: gateway.worker_pid(session) not in (0, pid))
    assert shown(asked(gateway, session)) == before
    assert gateway.tether("debug", "--fsck").returncode == 0
