"""The broker's side of the bus: who is let in, who may write, and what garbage does (nothing)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import zmq
from msgspec.structs import replace

from tests.support.brokerpeers import BrokerHouse, Spawner
from tests.support.waiting import wait_until
from tether.errors import TetherError
from tether.wire import PROTOCOL, decode, encode
from tether.wire.control import (
    Clients,
    Control,
    Detach,
    Done,
    Grant,
    Hello,
    Input,
    InputAck,
    Launch,
    Launched,
    ListClients,
    ListSessions,
    Ping,
    Pong,
    Refused,
    Release,
    Reload,
    Rename,
    Resize,
    Seen,
    Sessions,
    Stop,
    Take,
)
from tether.wire.ids import NO_SESSION, make_session_id, public_id


@pytest.fixture
def house() -> Iterator[BrokerHouse]:
    house = BrokerHouse()
    try:
        yield house
    finally:
        house.close()


def test_nothing_happens_before_hello_with_the_right_protocol_and_token(house: BrokerHouse) -> None:
    worker = house.worker()
    stranger = house.bus.dealer(house.paths.broker, monitored=True)
    wait_until("connection", stranger.drain_monitor)

    def answer(*frames: bytes) -> Refused:
        for frame in frames:
            stranger.send(frame)
        got = wait_until("an answer", stranger.receive, context=house.log)
        refused = decode(got)[1]
        assert isinstance(refused, Refused)
        return refused

    assert answer(encode(worker.sid, Stop(7, "me"))).code == "hello-first"
    assert answer(encode(NO_SESSION, Hello("2.0", "client", "x"))).code == "protocol"
    assert answer(encode(NO_SESSION, Hello(PROTOCOL, "client", "wrong"))).code == "hello-first"
    assert answer(encode(NO_SESSION, Hello(PROTOCOL, "client", ""))).code == "hello-first"
    assert answer(encode(worker.sid, Stop(8, "me"))).req == 8
    client = house.client().connected()
    client.ask(worker.sid, Rename(0, "marker"))
    worker.expect(Rename)
    assert worker.got(Stop) == []


def test_garbage_disturbs_nobody(house: BrokerHouse) -> None:
    worker = house.worker()
    client = house.client().connected()
    for junk in (b"", b"x", b"\0" * 16, b"\0" * 17, os.urandom(100), bytes(16) + b"\x92\xa5input\x00"):
        client.broker.dealer.send(junk)
        worker.dealer.send(junk)
    for frame, more in ((b"a", zmq.SNDMORE), (b"b", zmq.SNDMORE), (b"c", 0)):
        client.broker.dealer.socket.send(frame, more)
    client.tell(worker.sid, Grant(99, client.id, "me"))  # the wrong direction
    worker.tell(Stop(1, "a worker"))
    other = house.worker()
    other.tell(Stop(1, "another's worker"))
    assert isinstance(client.ask(NO_SESSION, Ping(0)), Pong)
    assert client.attach(worker.sid).epoch == 1
    assert worker.expect(Grant).epoch == 1
    assert worker.got(Stop) == []


def test_an_oversize_frame_costs_only_its_sender_the_connection(house: BrokerHouse) -> None:
    worker = house.worker()
    client = house.client().connected()
    client.broker.dealer.send(bytes(2 << 20))
    boots = client.broker.dealer.connections
    wait_until("a new connection", lambda: (client.pump(), client.broker.dealer.connections > boots)[1])
    assert client.attach(worker.sid).mode == "control"


def test_input_reaches_the_worker_as_it_was_sent_and_its_ack_comes_back(house: BrokerHouse) -> None:
    worker = house.worker()
    client = house.client().connected()
    attached = client.attach(worker.sid, name="pat")
    assert (attached.mode, attached.epoch, attached.last_n, attached.reason) == ("control", 1, 0, "")
    granted = worker.expect(Grant)
    assert (granted.epoch, granted.client, granted.holder) == (1, client.id, "pat")
    assert granted.lane == attached.lane != b""
    order = Input(client.id, 1, 1, b"\0\xff typed")
    client.tell(worker.sid, order)
    assert worker.expect(Input) == order
    assert worker.frames[-1] == encode(worker.sid, order)
    worker.tell(InputAck(client.id, 1))
    assert client.expect(InputAck).n == 1
    assert client.attach(worker.sid, epoch=1).last_n == 1


def test_only_the_holder_writes_and_the_displaced_is_told_at_once(house: BrokerHouse) -> None:
    worker = house.worker()
    first, second = house.client().connected(), house.client().connected()
    first.attach(worker.sid, name="first")
    observer = second.attach(worker.sid, name="second")
    assert (observer.mode, observer.reason) == ("observe", "controlled by first")
    second.tell(worker.sid, Input(second.id, 1, 1, b"no"))
    refused = second.expect(Refused)
    assert (refused.code, refused.client, refused.req) == ("observe-only", second.id, 0)
    second.tell(worker.sid, Resize(second.id, 1, 100, 30))
    assert second.expect(Refused).code == "observe-only"

    assert isinstance(second.ask(worker.sid, Take(0, second.id)), Done)
    told = first.expect(Control)
    assert (told.mode, told.epoch, told.holder, told.reason) == ("observe", 2, "second", "taken by second")
    won = second.expect(Control)
    keys = [grant.lane for grant in worker.got(Grant)]
    assert (observer.lane, told.lane, won.mode, won.lane) == (b"", b"", "control", keys[1])
    assert keys[0] != keys[1]
    first.tell(worker.sid, Input(first.id, 1, 1, b"late"))
    assert first.expect(Refused).code == "observe-only"
    second.tell(worker.sid, Input(second.id, 1, 1, b"old epoch"))
    assert second.expect(Refused).code == "stale-epoch"
    second.tell(worker.sid, Resize(second.id, 2, 0, 30))
    assert second.expect(Refused).code == "size"
    second.tell(worker.sid, Resize(second.id, 2, 100, 30))
    assert worker.expect(Resize).cols == 100
    second.tell(worker.sid, Input(second.id, 2, 1, b"yes"))
    assert worker.expect(Input).data == b"yes"
    assert [grant.epoch for grant in worker.got(Grant)] == [1, 2]

    assert isinstance(second.ask(worker.sid, Release(0, second.id)), Done)
    assert first.expect(Control).holder == ""
    assert first.attach(worker.sid).epoch == 4
    first.tell(worker.sid, Detach(first.id))
    assert second.expect(Control, lambda c: c.epoch == 5).reason == "somebody left"


def test_who_was_displaced_has_the_lease_back_when_the_other_leaves(house: BrokerHouse) -> None:
    worker = house.worker()
    first, second = house.client().connected(), house.client().connected()
    first.attach(worker.sid, name="first")
    second.attach(worker.sid, name="second")
    assert isinstance(second.ask(worker.sid, Take(0, second.id)), Done)
    assert first.expect(Control).mode == "observe"
    second.tell(worker.sid, Detach(second.id))
    back = first.expect(Control)
    assert (back.mode, back.epoch, back.holder, back.reason) == ("control", 3, "first", "second left")
    assert back.lane
    first.tell(worker.sid, Input(first.id, 3, 1, b"mine again"))
    assert worker.expect(Input).data == b"mine again"


def test_a_client_that_comes_back_keeps_its_lease_and_its_count(house: BrokerHouse) -> None:
    worker = house.worker()
    client = house.client().connected()
    client.attach(worker.sid)
    again = house.client().connected()
    again.id = client.id
    assert again.attach(worker.sid, epoch=1).epoch == 1
    client.tell(worker.sid, Input(client.id, 1, 1, b"from the old connection"))
    assert client.expect(Refused).code == "not-attached"
    again.tell(worker.sid, Input(client.id, 1, 1, b"new"))
    assert worker.expect(Input).data == b"new"
    views = again.ask(worker.sid, ListClients(0))
    assert isinstance(views, Clients)
    assert [view.mode for view in views.clients] == ["control"]


def test_a_broker_killed_and_restarted_learns_everything_from_hellos(house: BrokerHouse) -> None:
    worker = house.worker()
    client, other = house.client().connected(), house.client().connected()
    client.attach(worker.sid, name="pat")
    granted = worker.expect(Grant)
    house.restart()
    other.connected()
    sid = make_session_id(1, os.urandom(5), bytes(5))
    with pytest.raises(TetherError) as early:
        other.attach(sid)
    assert early.value.code == "not-ready"
    worker.view = replace(worker.view, epoch=granted.epoch, controller="pat", controller_id=client.id)
    worker.greet()
    blocked = other.attach(worker.sid)
    assert (blocked.mode, blocked.epoch, blocked.reason) == ("observe", 1, "held for pat, who is away")
    client.connected()
    back = client.attach(worker.sid, name="pat", epoch=1)
    assert (back.mode, back.epoch) == ("control", 1)
    renewed = worker.expect(Grant)
    assert (renewed.epoch, renewed.client, renewed.lane) == (1, client.id, back.lane)
    assert back.lane not in (b"", granted.lane)
    client.tell(worker.sid, Input(client.id, 1, 5, b"on"))
    assert worker.expect(Input).n == 5


def test_stop_is_passed_on_again_and_an_ended_session_says_so(house: BrokerHouse) -> None:
    worker = house.worker()
    client, watcher = house.client().connected(), house.client().connected()
    watcher.attach(worker.sid)
    published = house.bus.subscriber(house.paths.broker_pub, worker.sid)
    for _ in range(2):
        assert isinstance(client.ask(worker.sid, Stop(0, "pat\x1b[31m", 1.5)), Done)
    assert [(stop.by, stop.grace_s) for stop in (worker.expect(Stop), worker.expect(Stop))] == [
        ("pat\\x1b[31m", 1.5)
    ] * 2
    with pytest.raises(TetherError) as bad:
        client.ask(worker.sid, Stop(0, "pat", float("nan")))
    assert bad.value.code == "bad-message"

    def heard() -> bool:  # until the subscription stands, publications go nowhere
        worker.report(title="again")
        return published.receive() is not None

    wait_until("a publication", heard)
    worker.report(state="exited", exit_code=0, ended=5)

    def ended() -> bool:
        frame = published.receive()
        return frame is not None and decode(frame)[1].state == "exited"

    assert watcher.expect(Control).reason == "the session has ended"
    wait_until("the end published", ended)
    for order in (Stop(0, "pat"), Take(0, watcher.id)):
        with pytest.raises(TetherError) as refused:
            watcher.ask(worker.sid, order)
        assert refused.value.code == "ended"
    with pytest.raises(TetherError) as unknown:
        client.ask(make_session_id(1, os.urandom(5), bytes(5)), Stop(0, "pat"))
    assert unknown.value.code == "not-ready"  # in the first seconds a worker may yet come


def test_a_sign_of_life_of_a_client_that_is_not_attached_is_answered(house: BrokerHouse) -> None:
    worker = house.worker()
    client = house.client().connected()
    client.tell(worker.sid, Seen(client.id, 4, 100))
    refused = client.expect(Refused)
    assert (refused.code, refused.client) == ("not-attached", client.id)
    client.attach(worker.sid)
    client.tell(worker.sid, Seen(client.id, 4, 100))
    worker.report(offset=250)
    client.ask(NO_SESSION, Ping(0))

    def behind() -> bool:
        return [view.behind for view in client.ask(NO_SESSION, ListClients(0)).clients] == [150]

    wait_until("the report", behind)


def test_reload_reaches_every_worker(house: BrokerHouse) -> None:
    workers = [house.worker() for _ in range(2)]
    client = house.client().connected()
    assert client.ask(NO_SESSION, Reload()).text == "2"
    for worker in workers:
        worker.expect(Reload)


def test_a_list_with_very_long_arguments_still_fits_a_frame(house: BrokerHouse) -> None:
    for _ in range(3):
        house.worker(args=["x" * 100_000] * 4, cwd="/" + "d" * 4000)
    sessions = house.client().ask(NO_SESSION, ListSessions(0))
    assert isinstance(sessions, Sessions)
    assert len(sessions.views) == 3


def launch(**fields: object) -> Launch:
    order = {"provider": "shell", "args": [], "title": "", "cwd": "/", "cols": 0, "rows": 0, **fields}
    return Launch(0, **order)  # type: ignore[arg-type]


def test_launch_goes_through_the_spawner_to_the_workers_hello(house: BrokerHouse) -> None:
    spawner = Spawner(house)
    client = house.client().connected()
    req = client.broker.next_number()
    order = launch(title="a\x07b", env={"FOO": "1", "LD_PRELOAD": "x"}, share=True)
    client.tell(NO_SESSION, replace(order, req=req))
    asked = spawner.asked()
    spec = asked["spec"]
    assert asked["op"] == "spawn"
    assert (spec["provider"], spec["title"], spec["cols"], spec["rows"]) == ("shell", "a\\x07b", 80, 24)
    assert spec["share"]
    assert spec["env"]["FOO"] == "1"
    assert "LD_PRELOAD" not in spec["env"]
    assert spec["env"]["TETHER_SESSION_ID"] == public_id(bytes.fromhex(asked["sid"]))
    assert spec["argv"][0].startswith("-")
    assert os.access(spec["program"], os.X_OK)
    spawner.send({"op": "spawned", "req": asked["req"], "sid": asked["sid"], "pid": 1})
    house.worker(sid=bytes.fromhex(asked["sid"]))
    launched = client.expect(Launched)
    assert (launched.req, launched.view.sid.hex()) == (req, asked["sid"])
    spawner.close()


def test_a_launch_is_told_again_to_a_spawner_that_never_heard_it(house: BrokerHouse) -> None:
    spawner = Spawner(house)
    client = house.client().connected()
    client.tell(NO_SESSION, launch(title="t"))
    first = spawner.asked()
    spawner.close()
    spawner = Spawner(house)
    again = spawner.asked()
    assert (again["sid"], again["req"]) == (first["sid"], first["req"] + 1)
    spawner.send({"op": "failed", "req": again["req"], "sid": again["sid"], "error": "no memory"})
    refused = client.expect(Refused)
    assert (refused.code, "no memory" in refused.message) == ("spawner", True)
    spawner.close()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"provider": "rm -rf"}, "provider"),
        ({"args": ["-c", "id"]}, "args"),
        ({"cwd": "relative"}, "cwd"),
        ({"cwd": "/does/not/exist"}, "cwd"),
        ({"cwd": "/etc/passwd"}, "cwd"),
        ({"cols": 5000}, "size"),
        ({"rows": -1}, "size"),
        ({"env": {"A=B": "x"}}, "env"),
    ],
)
def test_a_launch_that_does_not_fit_is_refused_by_name(
    shared: BrokerHouse, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(TetherError) as refused:
        shared.client().ask(NO_SESSION, launch(**fields))
    assert refused.value.code == code


@pytest.fixture(scope="module")
def shared() -> Iterator[BrokerHouse]:
    house = BrokerHouse()
    try:
        yield house
    finally:
        house.close()
