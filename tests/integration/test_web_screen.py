"""What a browser is shown: the screen at once, however long the session; the newest one when it can't keep up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient
from tether.wire.control import (
    Attached,
    Credit,
    History,
    HistoryQuery,
    Ping,
    Pong,
    Refused,
    Snapshot,
    SnapshotQuery,
)
from tether.wire.events import Exited, Output
from tether.wire.limits import HISTORY_LINES_MAX

SCREEN_BYTES = 64 * 1024
SKIP = 128 * 1024


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway(settings='[log]\nkeep = "all"\n') as running:
        yield running


@pytest.fixture
def shell(gateway: Gateway) -> str:
    return gateway.run("shell")


def follows(client: WebClient, snapshot: Snapshot) -> bool:
    """The events behind `snapshot` came densely."""
    later = [seq for seq in client.seqs if seq > snapshot.seq]
    return later == list(range(snapshot.seq + 1, snapshot.seq + 1 + len(later)))


def flood(gateway: Gateway, client: WebClient, lines: int) -> None:
    """Print `lines` lines and a mark, and wait until all of it is in the log."""
    session = client.expect(Attached).view.id
    client.type(b"seq 1 %d; echo end-$((40+2))\r" % lines)
    gateway.wait_until("the flood is in the log", lambda: b"end-42" in gateway.raw(session)[-200:], 60)


def test_who_comes_late_sees_the_screen_at_once_in_few_bytes(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as first:
        flood(gateway, first, 400_000)
    with WebClient(gateway, shell, mode="observe") as late:
        snapshot = late.expect(Snapshot)
        assert (snapshot.kind, snapshot.req) == ("screen", 0)
        assert len(snapshot.data) < SCREEN_BYTES
        assert b"end-42" in snapshot.data
        assert b"399999" in snapshot.data
        assert snapshot.skipped > 2_000_000
        late.send(Ping(1))
        late.expect(Pong)
        assert follows(late, snapshot)


def test_a_client_that_falls_behind_is_shown_the_screen_and_the_log_keeps_it_all(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        client.expect(Snapshot)
        client.send(Credit(0, 0, SKIP))
        flood(gateway, client, 400_000)
        shown = client.seqs[-1] if client.seqs else 0
        # The terminal renders what is in flight, and is at the end.
        last = 0

        def render() -> Snapshot | None:
            nonlocal last
            for message in client.inbox:
                if isinstance(message, Output) and message.seq > last:
                    last = message.seq
                    client.send(Credit(message.seq, message.offset + len(message.data), SKIP))
                if isinstance(message, Snapshot) and b"end-42" in message.data:
                    return message
            client.read()
            return None

        snapshot = wait_until("the newest screen", render, 30, context=lambda: f"{client.inbox[-3:]}")
        assert snapshot.seq > shown
        assert len(snapshot.data) < SCREEN_BYTES
        client.send(Credit(snapshot.seq, snapshot.offset, SKIP))
        client.type(b"echo on-$((1+1))\r")
        client.until(b"on-2")
        assert follows(client, snapshot)
        lines = gateway.raw(shell).split(b"\r\n")
        assert [int(line) for line in lines if line.isdigit()] == list(range(1, 400_001))


def test_without_a_wish_to_skip_everything_comes(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        client.expect(Snapshot)
        flood(gateway, client, 100_000)
        client.until(b"end-42")
        assert not any(isinstance(message, Snapshot) for message in client.inbox)
        assert client.seqs == list(range(client.seqs[0], client.seqs[-1] + 1))


def test_a_client_may_ask_for_the_screen_with_lines_that_scrolled_off(gateway: Gateway, shell: str):
    with WebClient(gateway, shell, mode="observe") as watcher, WebClient(gateway, shell) as client:
        flood(gateway, client, 500)
        client.until(b"end-42")
        watcher.until(b"end-42")
        watcher.inbox.clear()
        watcher.send(SnapshotQuery(9, watcher.id, 100))
        snapshot = watcher.expect(Snapshot)
        assert (snapshot.req, snapshot.client, snapshot.history) == (9, watcher.id, 100)
        assert b"\r\n400" in snapshot.data
        watcher.send(HistoryQuery(10, watcher.id, 100, 50))
        page = watcher.expect(History)
        assert (page.req, page.skip, len(page.lines)) == (10, 100, 50)
        assert page.total > 400
        watcher.send(SnapshotQuery(11, watcher.id, HISTORY_LINES_MAX + 1))
        assert watcher.expect(Refused).req == 11
        # What follows continues behind the screen that was asked for.
        client.type(b"echo on-$((1+1))\r")
        watcher.until(b"on-2")
        assert follows(watcher, snapshot)


def test_an_ended_session_shows_its_last_screen_and_then_how_it_ended(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        flood(gateway, client, 50_000)
        client.type(b"exit 3\r")
        client.expect(Exited)
    gateway.wait_state(shell, "exited")
    with WebClient(gateway, shell, mode="observe") as late:
        snapshot = late.expect(Snapshot)
        assert snapshot.kind == "screen"
        assert b"end-42" in snapshot.data
        assert len(snapshot.data) < SCREEN_BYTES
        assert late.expect(Exited).code == 3


def test_while_there_is_no_broker_the_screen_comes_from_the_log(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        flood(gateway, client, 20_000)
    gateway.kill("broker")
    with WebClient(gateway, shell, mode="observe") as late:
        snapshot = late.expect(Snapshot)
        assert snapshot.kind == "screen"
        late.until(b"end-42")
