"""Garbage, too much, and what no text holds: a clear error or the right bytes, and nobody else is disturbed."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tether.bus import BrokerClient, Bus
from tether.paths import resolve
from tether.wire import SessionId
from tether.wire.control import Attach, Input, InputAck
from tether.wire.limits import INPUT_QUEUE_BYTES

GARBAGE = [
    b"\0" * 64,
    b"\xff" * 70_000,
    b"GET / HTTP/1.1\r\n\r\n",
    os.urandom(4096),
    b'{"op":"spawn"}\n',
    b'{"op":"drop"}\n',
]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def shell(gateway: Gateway) -> str:
    """A session that everything bad happens beside."""
    return gateway.shell()


def works(gateway: Gateway, session: str, word: str) -> None:
    gateway.tether("send", session, "--enter", f"echo {word}-$((6*7))")
    gateway.wait_until("the answer", lambda: f"{word}-42".encode() in gateway.raw(session))


@pytest.mark.parametrize("name", ["b", "b.pub", "s", "s.pub", "spawn.sock", "keep.sock"])
def test_garbage_on_a_socket_of_the_gateway_disturbs_nobody(gateway: Gateway, shell: str, name: str):
    before = {row["name"]: row["pid"] for row in gateway.status()["services"]}
    worker = gateway.worker_pid(shell)
    speak(str(gateway.run_dir / name))
    works(gateway, shell, "g" + name.replace(".", ""))
    assert {row["name"]: row["pid"] for row in gateway.status()["services"]} == before
    assert gateway.worker_pid(shell) == worker


@pytest.mark.parametrize("suffix", ["worker_pub", "worker_lane"])
def test_garbage_on_a_socket_of_the_session_disturbs_nobody(gateway: Gateway, shell: str, suffix: str):
    sid = bytes.fromhex(gateway.session(shell)["sid"])
    worker = gateway.worker_pid(shell)
    speak(str(getattr(resolve(gateway.env), suffix)(sid)))
    works(gateway, shell, suffix)
    assert gateway.worker_pid(shell) == worker


def speak(path: str) -> None:
    for garbage in GARBAGE:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(5)
            peer.connect(path)
            try:
                peer.sendall(garbage)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except (ConnectionError, TimeoutError):
                pass


def test_a_line_over_the_drivers_limit_is_cut_as_by_any_terminal_and_the_log_says_so(gateway: Gateway):
    code = "import sys; line = sys.stdin.readline(); print('GOT', len(line)); sys.stdout.flush(); sys.stdin.readline()"
    gateway.add_provider("lines", [sys.executable, "-I", "-c", code])
    session = gateway.run("lines")
    gateway.tether("send", session, "--enter", "x" * 10_000)
    gateway.wait_until("what it got", lambda: b"GOT 4096" in gateway.raw(session))
    notes = [event for event in gateway.events(session) if event["type"] == "note"]
    assert [(note["code"], "10000 bytes" in note["text"]) for note in notes] == [("line-too-long", True)]
    gateway.tether("send", session, "--enter", "enough")
    gateway.wait_state(session, "exited")


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["run", "-d", "no-such-agent"], "no provider"),
        (["run", "-d", "../../bin/sh"], "no provider"),
        (["run", "-d", "shell", "--", "-c", "id"], "takes no arguments"),
        (["logs", "zzzzzzzz"], "zzzzzzzz"),
        (["run", "-d", "--cwd", "/nonexistent", "shell"], "/nonexistent"),
    ],
)
def test_what_can_not_be_done_is_refused_with_its_name_and_nothing_is_started(
    gateway: Gateway, shell: str, args: list[str], word: str
):
    before = len(gateway.ls("-a"))
    done = gateway.tether(*args, check=False)
    assert done.returncode in (2, 3), done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert len(gateway.ls("-a")) == before


def test_an_argument_of_a_hundred_kilobytes_arrives_and_a_larger_one_is_refused(gateway: Gateway):
    code = "import sys; print('LEN', len(sys.argv[1]), len(sys.argv))"
    gateway.add_provider("arguments", [sys.executable, "-I", "-c", code])
    session = gateway.run("arguments", "y" * 100_000)
    gateway.wait_until("the length", lambda: b"LEN 100000 2" in gateway.raw(session))
    # The kernel itself takes no argument over 128 KiB from us, so many stand for a megabyte.
    done = gateway.tether("run", "-d", "arguments", "--", *["z" * 100_000] * 10, check=False)
    assert done.returncode == 2
    assert "bytes together" in done.stderr


def test_an_agent_that_does_not_read_is_no_dead_worker_and_its_terminal_takes_no_more_than_its_bound(gateway: Gateway):
    """Through the broker, without a lane: the broker must not take the silence of a full queue for a death."""
    # In raw mode, because in canonical mode the terminal driver drops what is too much by itself.
    deaf = "import signal, tty; tty.setraw(0); print('deaf', flush=True); signal.pause()"
    session = gateway.run(gateway.add_provider("deaf", [sys.executable, "-I", "-c", deaf]))
    gateway.wait_until("raw mode", lambda: b"deaf" in gateway.raw(session))
    sid = SessionId(bytes.fromhex(gateway.session(session)["sid"]))
    bus = Bus()
    client = BrokerClient(bus, resolve(gateway.env))
    try:
        me = os.urandom(16)
        attached = client.ask(sid, Attach(0, me, "typist", "api", "control", 80, 24))
        acked, n, chunk = 0, 0, b"y" * 32_000
        queue_full = threading.Event()

        def type_on() -> bool:
            nonlocal acked, n
            n = acked + 1
            client.send(sid, Input(me, attached.epoch, n, chunk))
            queue_full.wait(0.1)
            before = acked
            while (got := client.receive()) is not None:
                if isinstance(got[1], InputAck):
                    acked = max(acked, got[1].n)
            return acked == before and acked * len(chunk) > INPUT_QUEUE_BYTES - 2 * len(chunk)

        gateway.wait_until("the queue is full", type_on, 30)
        assert acked * len(chunk) <= INPUT_QUEUE_BYTES + 64 * 1024, "what the kernel's terminal holds comes on top"
        deadline = time.monotonic() + 7  # the broker gives an input five seconds
        gateway.wait_until("some more tries", lambda: type_on() and time.monotonic() > deadline, 30)
        assert gateway.session(session)["state"] == "running"
    finally:
        client.close()
        bus.close()
    gateway.tether("stop", session, "--timeout", "1")
