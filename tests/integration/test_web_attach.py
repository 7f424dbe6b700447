"""Watching and driving a session from a browser: what is shown, who may write, and what a failure costs (nothing)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient, api
from tether.paths import resolve
from tether.web.flow import WINDOW_BYTES
from tether.wire import decode, encode
from tether.wire.control import (
    Attached,
    Control,
    Credit,
    Detach,
    Input,
    InputAck,
    Ping,
    Pong,
    Refused,
    Release,
    Resize,
    Seen,
    Snapshot,
    Take,
)
from tether.wire.events import Exited, Output, Resized
from tether.wire.framing import FrameReader, framed
from tether.wire.limits import OUTPUT_BYTES_MAX


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture
def shell(gateway: Gateway) -> str:
    return gateway.run("shell")


def connected(gateway: Gateway) -> bool:
    """The web part answers, and has its line to the broker."""
    try:
        with api(gateway) as client:
            return client.get("/api/v1/sessions").json()["broker"] is True
    except httpx.TransportError:
        return False


def test_a_client_attaches_sees_types_and_sees_the_echo(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        first, second = client.expect(Attached), client.expect(Snapshot)
        assert (first.req, first.mode, first.view.id) == (7, "control", shell)
        assert first.lane == b"", "the key to a socket of this machine is nothing for a browser"
        assert second.kind == "screen"
        client.type(b"echo hi-$((40+2))\r")
        client.until(b"hi-42")
        assert client.seqs == list(range(second.seq + 1, second.seq + 1 + len(client.seqs)))
        client.send(Ping(99))
        assert client.expect(Pong).req == 99


def test_two_clients_see_the_same_one_writes_and_the_other_is_refused(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as first, WebClient(gateway, shell, mode="observe") as second:
        first.expect(Attached)
        assert second.expect(Attached).mode == "observe"
        first.type(b"echo one-$((1+1))\r")
        first.until(b"one-2")
        second.until(b"one-2")
        second.send(Input(second.id, second.epoch, 1, b"echo no\r"))
        assert second.expect(Refused).code == "observe-only"
        second.send(Take(5, second.id))
        wait_until("the lease has moved", lambda: (second.read(), second.mode == "control")[1])
        assert first.expect(Control, lambda m: m.mode == "observe").holder == "test"
        second.type(b"echo two-$((1+1))\r")
        first.until(b"two-2")
        second.send(Release(6, second.id))
        wait_until("the lease is given up", lambda: (second.read(), second.mode == "observe")[1])
        first.send(Resize(first.id, first.epoch, 100, 30))
        assert first.expect(Refused).code in ("observe-only", "stale-epoch")
        first.send(Take(8, first.id))
        wait_until("the lease is back", lambda: (first.read(), first.mode == "control")[1])
        first.send(Resize(first.id, first.epoch, 100, 30))
        resized = second.expect(Resized)
        assert (resized.cols, resized.rows) == (100, 30)


def test_another_clients_id_and_another_session_are_refused_and_reach_nobody(gateway: Gateway, shell: str):
    other = gateway.run("shell")
    with WebClient(gateway, shell) as mine, WebClient(gateway, other) as theirs:
        mine.expect(Attached)
        theirs.expect(Attached)
        mine.send(Input(theirs.id, theirs.epoch, 1, b"echo stolen\r"))
        assert mine.expect(Refused).code == "not-attached"
        mine.socket.send(encode(theirs.sid, Input(theirs.id, theirs.epoch, 1, b"echo stolen\r")))
        assert mine.expect(Refused).code == "bad-message"
        mine.send(Input(mine.id, mine.epoch, 1, b"x" * 70_000))
        assert mine.expect(Refused).code == "size"
        theirs.type(b"echo marker-$((1+1))\r")
        theirs.until(b"marker-2")
        assert b"stolen" not in theirs.output


def test_a_client_that_comes_back_gets_exactly_what_follows(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        client.type(b"echo first-$((1+1))\r")
        client.until(b"first-2")
        seq = client.seqs[-1]
        client.type(b"seq 1 500; echo last-$((1+1))\r")
        client.until(b"last-2")
        whole = client.seqs[client.seqs.index(seq) + 1 :]
    with WebClient(gateway, shell, mode="observe", after=seq) as again:
        again.expect(Attached)
        again.until(b"last-2")
        assert again.seqs[: len(whole)] == whole
        assert not any(isinstance(m, Snapshot) for m in again.inbox)


def test_a_page_that_is_loaded_again_keeps_its_lease_and_its_numbering(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        epoch = client.expect(Attached).epoch
        client.type(b"echo before-$((1+1))\r")
    with WebClient(gateway, shell, client=client.id) as again:
        attached = again.expect(Attached)
        assert (attached.mode, attached.epoch, attached.last_n) == ("control", epoch, 1)
        again.type(b"echo after-$((1+1))\r")
        again.until(b"after-2")


def test_a_second_connection_of_one_client_replaces_the_first(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as first:
        first.expect(Attached)
        with WebClient(gateway, shell, client=first.id) as second:
            assert second.expect(Attached).mode == "control"
            assert first.closed() == 4409


def test_a_goodbye_frees_the_lease_at_once(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as first, WebClient(gateway, shell, mode="observe") as second:
        first.expect(Attached)
        second.expect(Attached)
        first.send(Detach(first.id))
        assert second.expect(Control).holder == ""
        assert first.closed() == 1000


def test_an_ended_session_is_shown_from_the_log_to_its_end(gateway: Gateway):
    session = gateway.run(gateway.add_fake("exits_7"))
    gateway.wait_state(session, "exited")
    for after in (0, 1):
        with WebClient(gateway, session, after=after) as client:
            attached = client.expect(Attached)
            assert (attached.mode, attached.reason) == ("observe", "the session has ended")
            assert client.expect(Exited).code == 7
            assert bool(after) != any(isinstance(m, Snapshot) for m in client.inbox)
            client.send(Ping(3))
            assert client.expect(Pong).req == 3


def test_credit_bounds_what_is_in_flight(gateway: Gateway):
    session = gateway.run("shell")
    with WebClient(gateway, session) as client:
        client.expect(Snapshot)
        client.send(Credit(0, 0))
        client.send(Ping(1))
        client.expect(Pong)
        client.type(b"seq 1 200000; echo flood-$((1+1))\r")
        # Events come until the window is full; a Ping is answered beyond it all the same.
        shown = -1
        while shown != len(client.output):
            shown = len(client.output)
            client.send(Ping(2))
            client.expect(Pong)
        gateway.wait_until("the flood is in the log", lambda: gateway.session(session)["offset"] > 1_000_000)
        client.send(Ping(3))
        client.expect(Pong, lambda pong: pong.req == 3)
        assert len(client.output) <= WINDOW_BYTES + OUTPUT_BYTES_MAX

        def render() -> bool:
            newest = [m for m in client.inbox if isinstance(m, Output)]
            if newest:
                client.send(Credit(newest[-1].seq, newest[-1].offset + len(newest[-1].data)))
            return not client.read() and b"flood-2" in client.output

        wait_until("everything was rendered", render, 30)
        start = client.seqs[0]
        assert client.seqs == list(range(start, start + len(client.seqs)))


def test_the_brokers_death_stops_no_view_and_loses_no_input(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client, WebClient(gateway, shell, mode="observe") as watcher:
        epoch = client.expect(Attached).epoch
        watcher.expect(Attached)
        client.type(b"echo one-$((1+1)); (while sleep 0.1; do echo tick; done)\r")
        client.until(b"one-2")
        gateway.kill("broker")
        watcher.output = b""
        watcher.until(b"tick")
        again = client.expect(Attached, timeout=30)
        assert (again.req, again.mode, again.epoch) == (7, "control", epoch)
        assert watcher.expect(Attached, timeout=30).mode == "observe"
        client.type(b"\x03")
        client.type(b"echo two-$((1+1))\r")
        watcher.until(b"two-2")
        assert watcher.output.count(b"two-2") == 1


def test_the_web_parts_death_costs_a_reconnect(gateway: Gateway, shell: str):
    client = WebClient(gateway, shell)
    attached = client.expect(Attached)
    client.type(b"echo one-$((1+1))\r")
    client.until(b"one-2")
    gateway.kill("web")
    assert client.closed() == 1006
    client.close()
    gateway.wait_until("the web part is back", lambda: connected(gateway), 30)
    with WebClient(gateway, shell, client=client.id, after=client.seqs[-1], epoch=client.epoch) as again:
        back = again.expect(Attached)
        assert (back.mode, back.epoch, back.last_n) == ("control", attached.epoch, 1)
        again.type(b"echo two-$((1+1))\r")
        again.until(b"two-2")
        assert again.seqs == list(range(client.seqs[-1] + 1, again.seqs[-1] + 1))


def test_a_session_is_viewed_while_there_is_no_broker_at_all(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        client.type(b"echo one-$((1+1))\r")
        client.until(b"one-2")
    broker = gateway.pid("broker")
    os.kill(broker, signal.SIGSTOP)
    try:
        with WebClient(gateway, shell, mode="observe") as viewer:
            attached = viewer.expect(Attached)
            assert attached.mode == "observe"
            assert attached.reason
            viewer.until(b"one-2")
    finally:
        os.kill(broker, signal.SIGCONT)


def test_the_clients_list_knows_browsers_and_how_far_they_have_read(gateway: Gateway, shell: str):
    with WebClient(gateway, shell, mode="observe", device="phone") as client:
        client.expect(Attached)
        client.send(Seen(client.id, 3, 17))
        with api(gateway) as requests:

            def look() -> bool:
                rows = requests.get(f"/api/v1/sessions/{shell}/clients").json()["clients"]
                mine = [row for row in rows if row["client"] == client.id.hex()]
                return bool(mine) and (mine[0]["offset"], mine[0]["device"], mine[0]["kind"]) == (17, "phone", "api")

            wait_until("the client's row", look)
    with api(gateway) as requests:
        wait_until(
            "it is gone after the grace",
            lambda: requests.get(f"/api/v1/sessions/{shell}/clients").json()["clients"] == [],
        )


class Stream:
    """The plain-HTTP transport's client."""

    def __init__(self, client: httpx.Client, session: str, **query: object) -> None:
        self.id = os.urandom(16)
        self.client = client
        self.session = session
        self.messages: list[object] = []
        self.output = b""
        self.sid = b""
        params = {"client": self.id.hex(), **{k: str(v) for k, v in query.items()}}
        self._reader = FrameReader()
        self._context = client.stream("GET", f"/api/v1/sessions/{session}/stream", params=params)
        self.response = self._context.__enter__()
        self._bytes = self.response.iter_raw() if self.response.status_code == 200 else iter(())

    def until(self, kind: type, needle: bytes = b"") -> object:
        while True:
            for message in self.messages:
                if isinstance(message, kind) and needle in self.output:
                    self.messages.remove(message)
                    return message
            for frame in self._reader.feed(next(self._bytes)):
                self.sid, message = decode(frame)
                self.messages.append(message)
                self.output += getattr(message, "data", b"")

    def post(self, *messages: object, client: bytes = b"") -> httpx.Response:
        body = b"".join(framed(encode(self.sid, message)) for message in messages)  # type: ignore[arg-type]
        return self.client.post(
            f"/api/v1/sessions/{self.session}/frames",
            params={"client": (client or self.id).hex()},
            content=body,
            headers={"Content-Type": "application/octet-stream"},
        )

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def test_plain_http_carries_the_same_frames_both_ways(gateway: Gateway, shell: str):
    with api(gateway) as client:
        stream = Stream(client, shell, mode="control", cols=80, rows=24, name="http")
        assert stream.response.headers["content-type"] == "application/octet-stream"
        attached = stream.until(Attached)
        assert isinstance(attached, Attached)
        assert attached.mode == "control"
        stream.until(Snapshot)
        answered = stream.post(Input(stream.id, attached.epoch, 1, b"echo http-$((1+1))\r"), Seen(stream.id, 1, 0))
        assert answered.json() == {"schema": 1, "frames": 2}
        acknowledged = stream.until(InputAck)
        assert isinstance(acknowledged, InputAck)
        stream.until(Output, b"http-2")
        rows = client.get(f"/api/v1/sessions/{shell}/clients").json()["clients"]
        assert [(row["kind"], row["mode"]) for row in rows] == [("http", "control")]
        assert stream.post(Ping(1), client=os.urandom(16)).status_code == 409
        stream.post(Input(os.urandom(16), attached.epoch, 1, b"x"))
        refused = stream.until(Refused)
        assert isinstance(refused, Refused)
        assert refused.code == "not-attached"
        broken = client.post(
            f"/api/v1/sessions/{shell}/frames",
            params={"client": stream.id.hex()},
            content=b"\0\0\0\x09abc",
            headers={"Content-Type": "application/octet-stream"},
        )
        assert broken.status_code == 400
        stream.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client", "xyz"),
        ("client", "00" * 16),
        ("mode", "own"),
        ("take", "2"),
        ("cols", "1001"),
        ("after", "-1"),
        ("argv", "sh"),
    ],
)
def test_a_stream_names_the_field_that_does_not_fit(gateway: Gateway, shell: str, field: str, value: str):
    with api(gateway) as client:
        answer = client.get(f"/api/v1/sessions/{shell}/stream", params={"client": "ab" * 16, field: value})
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == field


def test_an_end_by_the_api_is_told_to_viewers_and_can_be_asked_for_twice(gateway: Gateway, shell: str):
    with WebClient(gateway, shell, mode="observe") as viewer, api(gateway) as client:
        viewer.expect(Attached)
        first = client.post(f"/api/v1/sessions/{shell}/stop", json={"grace_s": 0.2})
        assert (first.status_code, first.json()["state"]) == (202, "stopping")
        assert viewer.expect(Exited).stopped_by == "web"
        gateway.wait_state(shell, "stopped")
        second = client.post(f"/api/v1/sessions/{shell}/stop", json={})
        assert (second.status_code, second.json()["state"]) == (200, "stopped")


def test_a_taken_port_is_named_and_the_web_part_does_not_start(gateway: Gateway, tmp_path: Path):
    env = {**gateway.env, "TETHER_HOME": str(tmp_path / "t")}
    done = subprocess.run([sys.executable, "-m", "tether.web"], env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    told = json.loads((resolve(env).run / "web.error").read_text())
    for text in (done.stderr.decode(), told["message"]):
        assert f"127.0.0.1:{gateway.port}" in text
    assert "TETHER_PORT" in told["hint"]
    assert not (gateway.run_dir / "web.error").exists(), "the one that runs has none"


def test_a_client_of_a_session_that_ends_is_told_so_and_gets_answers_still(gateway: Gateway, shell: str):
    with WebClient(gateway, shell) as client:
        client.expect(Attached)
        client.type(b"exit 4\r")
        assert client.expect(Exited).code == 4
        client.send(Seen(client.id, client.seqs[-1], 0))
        client.send(Take(55, client.id))
        refused = client.expect(Refused)
        assert (refused.req, refused.code) == (55, "ended")


def test_a_web_part_that_is_told_to_end_sends_its_clients_away_to_come_back(gateway: Gateway, shell: str):
    pid = gateway.pid("web")
    with api(gateway) as requests, WebClient(gateway, shell) as client:
        client.expect(Attached)
        stream = Stream(requests, shell, mode="observe")
        stream.until(Attached)
        os.kill(pid, signal.SIGTERM)
        assert client.closed() == 1012
        for _ in stream._bytes:
            pass  # a stream that ends in good order raises nothing
        stream.close()
    gateway.wait_until("another web part", lambda: connected(gateway) and gateway.pid("web") != pid, 30)
    log = (gateway.root / "log" / "web.log").read_text()
    assert "Traceback" not in log
    with WebClient(gateway, shell, client=client.id) as again:
        assert again.expect(Attached).mode == "control"
