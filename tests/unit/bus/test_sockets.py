"""The sockets keep what `tether.bus` says of them. The peers that break the rules are raw ZeroMQ or raw bytes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import zmq

from tests.support.waiting import wait_until
from tether.bus import Bus, Dealer, Poller, Router
from tether.errors import TetherError
from tether.wire.codec import WireError, decode
from tether.wire.limits import FRAME_BYTES_MAX

T = TypeVar("T")


def arrives(receive: Callable[[], T | None]) -> T:
    """The next thing that `receive` gives."""
    got: list[T] = []

    def look() -> bool:
        message = receive()
        if message is not None:
            got.append(message)
        return bool(got)

    wait_until("a message", look)
    return got[0]


def sent(dealer: Dealer, frame: bytes) -> None:
    """Send as soon as the peer is there."""
    wait_until("the dealer sends", lambda: dealer.send(frame))


@pytest.fixture
def raw() -> Iterator[Callable[[int, Path], zmq.Socket[bytes]]]:
    """Plain ZeroMQ sockets without any of our options, connected to a path."""
    context, kept = zmq.Context(), []

    def connect(kind: int, path: Path) -> zmq.Socket[bytes]:
        made = context.socket(kind)
        kept.append(made)
        made.set(zmq.LINGER, 0)
        made.connect(f"ipc://{path}")
        return made

    yield connect
    context.destroy(linger=0)


@pytest.fixture
def router(bus: Bus, run_dir: Path) -> Router:
    return bus.router(run_dir / "r")


@pytest.fixture
def dealer(bus: Bus, run_dir: Path, router: Router) -> Dealer:
    return bus.dealer(run_dir / "r", monitored=True)


def test_a_question_and_its_answer(router: Router, dealer: Dealer) -> None:
    sent(dealer, b"question")
    peer, frame = arrives(router.receive)
    assert frame == b"question"
    assert router.send(peer, b"answer")
    assert arrives(dealer.receive) == b"answer"


def test_nothing_waits(bus: Bus, run_dir: Path, router: Router) -> None:
    assert router.receive() is None
    assert not router.send(b"nobody", b"frame")
    lonely = bus.dealer(run_dir / "absent")
    assert not lonely.send(b"frame"), "nothing is queued for a peer that is not there"
    assert lonely.receive() is None


def test_the_largest_frame_arrives(router: Router, dealer: Dealer) -> None:
    sent(dealer, bytes(FRAME_BYTES_MAX))
    assert len(arrives(router.receive)[1]) == FRAME_BYTES_MAX


def test_an_oversize_frame_cuts_its_sender_off_who_may_come_back(router: Router, dealer: Dealer) -> None:
    sent(dealer, b"before")
    arrives(router.receive)
    dealer.drain_monitor()
    first = dealer.connections
    sent(dealer, bytes(FRAME_BYTES_MAX + 1))
    wait_until("it was cut off and reconnects", lambda: dealer.drain_monitor() or dealer.connections > first)
    sent(dealer, b"after")
    assert arrives(router.receive)[1] == b"after"
    assert router.malformed == 0


def test_a_message_of_several_frames_is_dropped_and_counted(
    router: Router, run_dir: Path, raw: Callable[[int, Path], zmq.Socket[bytes]]
) -> None:
    peer = raw(zmq.DEALER, run_dir / "r")
    peer.send_multipart([b"one", b"two"])
    peer.send_multipart([b"", b"x" * 60_000, b"y"])
    peer.send(b"alone")
    assert arrives(router.receive)[1] == b"alone"
    assert router.malformed == 2


def test_a_multipart_publication_is_dropped(bus: Bus, run_dir: Path) -> None:
    context = zmq.Context()
    publisher = context.socket(zmq.XPUB)
    publisher.bind(f"ipc://{run_dir / 'p'}")
    subscriber = bus.subscriber(run_dir / "p", b"")
    assert publisher.recv() == b"\x01"
    publisher.send_multipart([b"a", b"b"])
    publisher.send(b"whole")
    assert arrives(subscriber.receive) == b"whole"
    assert subscriber.malformed == 1
    context.destroy(linger=0)


def test_bytes_that_are_no_zeromq_disturb_nobody(router: Router, dealer: Dealer, run_dir: Path) -> None:
    for junk in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64 + b"\0" * 4096, os.urandom(10_000)):
        stranger = socket.socket(socket.AF_UNIX)
        stranger.connect(str(run_dir / "r"))
        try:
            stranger.sendall(junk)
        except BrokenPipeError:
            pass
        finally:
            stranger.close()
    sent(dealer, b"still here")
    # ZeroMQ may read junk as its oldest protocol, which has no greeting, and even make a message of it: whoever
    # receives must be able to refuse it (tests/unit/wire).
    while (frame := arrives(router.receive)[1]) != b"still here":
        with pytest.raises(WireError):
            decode(frame)


def test_a_silent_connection_is_closed(router: Router, run_dir: Path) -> None:
    """Else every one of them would hold a descriptor of the service for ever."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(run_dir / "r"))
        silent.settimeout(30)
        greeting = b""
        while chunk := silent.recv(1024):
            greeting += chunk
        assert len(greeting) <= 64


def test_the_monitor_tells_every_connection(bus: Bus, run_dir: Path) -> None:
    dealer = bus.dealer(run_dir / "r", monitored=True)
    assert not dealer.drain_monitor()
    for generation in range(1, 4):
        router = bus.router(run_dir / "r")
        wait_until("the handshake", dealer.drain_monitor)
        assert dealer.connections == generation
        assert dealer.connected
        assert not dealer.drain_monitor(), "a connection is told once"
        sent(dealer, b"hello %d" % generation)
        assert arrives(router.receive)[1] == b"hello %d" % generation
        router.close()
        wait_until("the end", lambda: not (dealer.drain_monitor() or dealer.connected))
        # What is sent in the instant of the end is accepted and lost: nobody may take "sent" for "arrived".
        wait_until("nothing is queued for nobody", lambda: not dealer.send(b"into the void"))


def test_a_poller_names_the_dealer_whose_connection_changed(bus: Bus, run_dir: Path) -> None:
    dealer = bus.dealer(run_dir / "r", monitored=True)
    poller = Poller()
    poller.add(dealer)
    poller.add_monitor(dealer)
    bus.router(run_dir / "r")
    wait_until("the poller fires for the monitor", lambda: dealer in poller.wait(1.0) and dealer.drain_monitor())
    assert poller.wait(0) == {}


def test_a_poller_waits_for_descriptors_too_and_forgets_what_is_removed(router: Router, dealer: Dealer) -> None:
    reader, writer = os.pipe()
    poller = Poller()
    poller.add(router)
    poller.add(reader)
    poller.add(writer, read=False, write=True)
    assert poller.wait(1.0) == {writer: zmq.POLLOUT}
    poller.remove(writer)
    os.write(writer, b"x")
    assert poller.wait(1.0) == {reader: zmq.POLLIN}
    poller.remove(reader)
    poller.remove(reader)
    sent(dealer, b"mail")
    assert poller.wait(10.0) == {router: zmq.POLLIN}
    os.close(reader)
    os.close(writer)


def test_a_topic_is_a_prefix_and_ids_of_one_length_do_not_mix(bus: Bus, run_dir: Path) -> None:
    publisher = bus.publisher(run_dir / "p")
    mine, other = bytes(16), bytes(15) + b"\x01"
    subscriber = bus.subscriber(run_dir / "p", mine)

    def published() -> bytes | None:
        publisher.send(other + b"not for you")
        publisher.send(mine + b"for you")
        return subscriber.receive()

    assert arrives(published) == mine + b"for you"
    while (frame := subscriber.receive()) is not None:
        assert frame == mine + b"for you"
    subscriber.unsubscribe(mine)
    subscriber.subscribe(other)
    wait_until("the other topic", lambda: published() == other + b"not for you")


def test_a_publisher_never_waits_for_a_subscriber_that_does_not_read(bus: Bus, run_dir: Path) -> None:
    publisher = bus.publisher(run_dir / "p")
    stuck = bus.subscriber(run_dir / "p", b"")
    live = bus.subscriber(run_dir / "p", b"")

    def both() -> bool:
        publisher.send(b"hello")
        return stuck.receive() is not None

    wait_until("a subscription", both)
    count, size = 8000, 32_000
    for number in range(count):  # a quarter of a gigabyte: beyond every queue and socket buffer
        publisher.send(number.to_bytes(4, "big") + bytes(size))
        while live.receive() is not None:
            pass

    def marked() -> bool:
        publisher.send(b"mark")
        frame = live.receive()
        while frame is not None and frame != b"mark":
            frame = live.receive()
        return frame == b"mark"

    wait_until("the reader that keeps up is served", marked)
    kept = 0
    while stuck.receive() is not None:
        kept += 1
    assert 0 < kept < count, "what the stuck one did not take was dropped"


def test_binding_takes_a_living_peers_endpoint_away(bus: Bus, run_dir: Path) -> None:
    """Why every service holds a lock before it binds: ZeroMQ itself does not refuse a second one."""
    first = bus.router(run_dir / "r")
    second = bus.router(run_dir / "r")
    dealer = bus.dealer(run_dir / "r")
    sent(dealer, b"who gets it?")
    assert arrives(second.receive)[1] == b"who gets it?"
    assert first.receive() is None


def test_a_stale_socket_file_is_replaced(bus: Bus, run_dir: Path) -> None:
    (run_dir / "r").write_text("left by a dead process")
    router = bus.router(run_dir / "r")
    dealer = bus.dealer(run_dir / "r")
    sent(dealer, b"hello")
    assert arrives(router.receive)[1] == b"hello"


def test_a_path_too_long_says_what_to_do(bus: Bus, run_dir: Path) -> None:
    with pytest.raises(TetherError) as caught:
        bus.router(run_dir / ("x" * 120))
    assert "TETHER_HOME" in caught.value.hint


def test_one_client_with_the_identity_of_another_takes_its_place(router: Router, run_dir: Path) -> None:
    """ROUTER_HANDOVER: a client that reconnects with its old identity is not locked out by its own ghost."""
    context = zmq.Context()
    peers = []
    for number in range(2):
        peer = context.socket(zmq.DEALER)
        peer.set(zmq.ROUTING_ID, b"same")
        peer.connect(f"ipc://{run_dir / 'r'}")
        peer.send(b"%d" % number)
        assert arrives(router.receive) == (b"same", b"%d" % number)
        peers.append(peer)
    assert router.send(b"same", b"for the second")
    assert peers[1].recv() == b"for the second"
    context.destroy(linger=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_not_heard_even_where_the_directory_lets_him_in(
    bus: Bus, run_dir: Path, router: Router, dealer: Dealer
) -> None:
    run_dir.chmod(0o755)
    (run_dir / "r").chmod(0o777)
    script = f"""
import os, zmq
os.setgid(65534); os.setuid(65534)
socket = zmq.Context().socket(zmq.DEALER)
socket.set(zmq.LINGER, 0); socket.set(zmq.IMMEDIATE, 1); socket.set(zmq.SNDTIMEO, 1500)
monitor = socket.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
socket.connect("ipc://{run_dir / "r"}")
monitor.poll(5000)
try:
    socket.send(b"let me in")
except zmq.Again:
    print("refused")
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd="/")
    assert "Error" not in done.stderr
    sent(dealer, b"the owner")
    assert arrives(router.receive)[1] == b"the owner"
    assert router.receive() is None
    print(done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_reach_a_socket_in_a_private_directory(router: Router, run_dir: Path) -> None:
    script = f"""
import os, socket
os.setgid(65534); os.setuid(65534)
socket.socket(socket.AF_UNIX).connect({str(run_dir / "r")!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd="/")
    assert "PermissionError" in done.stderr
