"""The blocking client: introduces itself, asks again after a reconnect, and says what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tether import secret_files
from tether.bus import BrokerClient, Bus, Router
from tether.bus.client import refusal
from tether.errors import CONFLICT, NO_GATEWAY, NOT_FOUND, TetherError
from tether.paths import Paths
from tether.wire import decode, encode
from tether.wire.control import Done, Hello, Ping, Pong, Refused, Stop, Welcome
from tether.wire.ids import NO_SESSION
from tether.wire.version import PROTOCOL

Answer = Callable[[Router, bytes, Any], None]


@pytest.fixture
def paths(run_dir: Path) -> Paths:
    made = Paths(run_dir, run_dir, run_dir, run_dir)
    secret_files.write(made.bus_token, "the token")
    return made


@pytest.fixture
def serve(paths: Paths) -> Iterator[Callable[[Answer], None]]:
    """Runs a broker in a thread that answers each message by a function of the test's."""
    stop = threading.Event()
    threads = []

    def run(answer: Answer) -> None:
        bus = Bus()
        router = bus.router(paths.broker)
        while not stop.wait(0.002):
            while (got := router.receive()) is not None:
                answer(router, got[0], decode(got[1])[1])
        bus.close()

    def start(answer: Answer) -> None:
        thread = threading.Thread(target=run, args=(answer,))
        thread.start()
        threads.append(thread)

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def tell(router: Router, peer: bytes, message: Any) -> None:
    assert router.send(peer, encode(NO_SESSION, message))


def polite(router: Router, peer: bytes, message: Any) -> None:
    match message:
        case Hello():
            assert (message.protocol, message.role, message.token) == (PROTOCOL, "client", "the token")
            tell(router, peer, Welcome(PROTOCOL, "boot-1"))
        case Ping():
            tell(router, peer, Done(999, "an answer to another question"))
            tell(router, peer, Pong(message.req))
        case Stop():
            tell(router, peer, Refused(message.req, "not-found", "There is no such session", "Run: tether ls"))


def test_it_introduces_itself_and_gets_its_own_answer(bus: Bus, paths: Paths, serve: Callable[[Answer], None]) -> None:
    serve(polite)
    client = BrokerClient(bus, paths)
    assert isinstance(client.ask(NO_SESSION, Ping(0)), Pong)
    assert client.boot == "boot-1"
    assert [message.text for _, message in client.pending] == ["an answer to another question"]
    client.close()


def test_a_refusal_is_an_error_with_its_hint_and_exit_status(
    bus: Bus, paths: Paths, serve: Callable[[Answer], None]
) -> None:
    serve(polite)
    client = BrokerClient(bus, paths)
    with pytest.raises(TetherError) as caught:
        client.ask(NO_SESSION, Stop(0, "me"))
    error = caught.value
    assert (error.message, error.hint, error.status) == ("There is no such session", "Run: tether ls", NOT_FOUND)
    client.close()


def test_a_refused_introduction_is_an_error(bus: Bus, paths: Paths, serve: Callable[[Answer], None]) -> None:
    serve(lambda router, peer, _message: tell(router, peer, Refused(0, "protocol", "Too old", "Run: tether restart")))
    client = BrokerClient(bus, paths)
    with pytest.raises(TetherError) as caught:
        client.ask(NO_SESSION, Ping(0), timeout_s=10)
    assert (caught.value.code, caught.value.status) == ("protocol", NO_GATEWAY)
    client.close()


def test_no_broker_is_an_error_and_not_a_wait_for_ever(bus: Bus, paths: Paths) -> None:
    client = BrokerClient(bus, paths)
    with pytest.raises(TetherError) as caught:
        client.ask(NO_SESSION, Ping(0), timeout_s=0.2)
    assert (caught.value.code, caught.value.status) == ("no-gateway", NO_GATEWAY)
    assert not client.send(NO_SESSION, Ping(1))
    client.close()


def test_a_broker_that_comes_late_is_waited_for(bus: Bus, paths: Paths, serve: Callable[[Answer], None]) -> None:
    client = BrokerClient(bus, paths)
    with pytest.raises(TetherError):
        client.ask(NO_SESSION, Ping(0), timeout_s=0.1)
    serve(polite)
    assert isinstance(client.ask(NO_SESSION, Ping(0)), Pong)
    client.close()


@pytest.mark.parametrize(("code", "status"), [("stale-epoch", CONFLICT), ("observe-only", CONFLICT), ("novel", 1)])
def test_codes_have_exit_statuses(code: str, status: int) -> None:
    assert refusal(Refused(1, code, "message")).status == status
