"""What time brings about, on a desk without sockets."""

from __future__ import annotations

import pytest

from tests.unit.broker.scene import Scene, session_id, view
from tether.broker import reports
from tether.wire.control import Control, Grant, Input, InputAck, Launch, Pong, Refused, Report, Seen, Stop
from tether.wire.ids import NO_SESSION
from tether.wire.limits import INPUT_BYTES_MAX
from tether.wire.storing import OpenSessions, OpenSessionsQuery, Seal, Sealed, Stalled, StoreHealth

SID = session_id()
A, B = b"a" * 16, b"b" * 16


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    scene.attach(SID, A)
    return scene


def test_a_silent_holder_keeps_its_lease_for_the_grace_and_then_loses_it(scene: Scene) -> None:
    scene.client(b"other")
    scene.attach(SID, B, b"other")

    def other_lives() -> None:
        scene.say(b"other", SID, Seen(B, 1, 1))

    scene.wait(10.0, other_lives)
    session = scene.desk.registry.live[SID]
    assert list(session.attachments) == [B]
    assert (session.lease.holder, scene.published[-1].clients) == (A, 1)
    scene.wait(4.5, other_lives)
    assert session.lease.epoch == 1
    scene.wait(0.5, other_lives)
    told = scene.to(b"other", Control)
    assert [(one.mode, one.epoch, one.holder, one.reason) for one in told] == [
        ("observe", 2, "", "name did not come back")
    ]
    assert scene.to(b"worker", Grant)[-1].epoch == 2
    assert scene.published[-1].controller == ""


def test_nobody_is_gone_because_this_process_stood_still(scene: Scene) -> None:
    scene.now += 3600
    scene.upkeep.tick(scene.desk, scene.now)
    scene.wait(9.5)
    assert A in scene.desk.registry.live[SID].attachments
    scene.wait(0.5)
    assert A not in scene.desk.registry.live[SID].attachments


def test_input_without_an_ack_makes_a_worker_unresponsive_until_it_speaks(scene: Scene) -> None:
    scene.say(b"client", SID, Input(A, 1, 1, b"x"))
    scene.wait(4.5)
    assert scene.published[-1].state == "running"
    scene.wait(0.5)
    assert (scene.published[-1].state, scene.published[-1].controller) == ("unresponsive", "name")
    scene.say(b"worker", SID, InputAck(A, 1))
    assert scene.published[-1].state == "running"
    assert scene.to(b"client", InputAck) == [InputAck(A, 1)]


def test_a_stopped_worker_is_not_sent_without_bound(scene: Scene) -> None:
    for n in range(1, 100):
        scene.say(b"client", SID, Input(A, 1, n, bytes(INPUT_BYTES_MAX)))
    assert len(scene.to(b"worker", Input)) <= 17
    scene.say(b"worker", SID, InputAck(A, 16, resend=True))
    scene.say(b"client", SID, Input(A, 1, 17, b"x"))
    assert scene.to(b"worker", Input)[-1].n == 17


def test_a_grant_that_could_not_be_sent_is_sent_later(scene: Scene) -> None:
    scene.gone.add(b"worker")
    scene.client(b"other")
    scene.attach(SID, B, b"other", take=True)
    scene.gone.clear()
    scene.wait(0.5)
    assert scene.to(b"worker", Grant)[-1].client == B
    count = len(scene.to(b"worker", Grant))
    scene.wait(2.0)
    assert len(scene.to(b"worker", Grant)) == count


def test_an_ended_session_is_forgotten_when_its_worker_leaves_or_after_a_while(scene: Scene) -> None:
    scene.say(b"worker", SID, Report(view(SID, state="exited", exit_code=0)))
    assert scene.to(b"client", Control)[-1].reason == "the session has ended"
    assert scene.published[-1].controller == ""
    scene.wait(29.5)
    assert SID in scene.desk.registry.live
    scene.wait(0.5)
    assert SID not in scene.desk.registry.live
    scene.say(b"client", SID, Stop(3, "me"))
    assert scene.to(b"client", Refused)[-1].code == "ended"

    other = session_id(2)
    scene.worker(other, b"worker2", state="stopped")
    scene.locked.discard(other)
    scene.wait(0.5)
    assert other not in scene.desk.registry.live
    assert b"worker2" not in scene.desk.peers


def test_an_end_is_final(scene: Scene) -> None:
    scene.say(b"worker", SID, Report(view(SID, state="exited")))
    scene.say(b"worker", SID, Report(view(SID, state="running")))
    assert scene.desk.registry.live[SID].view.state == "exited"
    assert scene.desk.unexpected == 1


def test_connections_that_are_gone_are_forgotten(scene: Scene) -> None:
    scene.client(b"short")
    scene.client(b"idle")
    scene.gone.add(b"short")
    scene.wait(61.0)
    assert b"short" not in scene.desk.peers
    assert scene.to(b"idle", Pong) == [Pong(0)]
    assert {b"idle", b"worker"} <= set(scene.desk.peers)


def test_a_launch_that_nobody_answers_is_refused(scene: Scene) -> None:
    scene.say(b"client", NO_SESSION, Launch(9, "shell", [], "", "/", 80, 24))
    assert [line for line in scene.asked_spawner if line["op"] == "spawn"] == []
    scene.wait(9.5)
    assert scene.to(b"client", Refused) == []
    scene.wait(0.5)
    refused = scene.to(b"client", Refused)[-1]
    assert (refused.req, refused.code, refused.hint) == (9, "spawner", "See: tether status")


# -- lost


def connect_spawner(scene: Scene, number: int = 1) -> None:
    scene.desk.spawner = number
    scene.desk.watch.hurry()


def answer(scene: Scene, open_: list[bytes], held: list[bytes]) -> None:
    """The store and the spawner answer whatever they were asked."""
    for _sid, message in scene.asked_store:
        if isinstance(message, OpenSessionsQuery):
            reports.from_store(scene.desk, NO_SESSION, OpenSessions([view(sid) for sid in open_]), scene.now)
            line = {"op": "sessions", "held": [{"sid": sid.hex(), "worker_pid": 1, "alive": True} for sid in held]}
            reports.from_spawner(scene.desk, line, scene.now)
    scene.asked_store[:] = [entry for entry in scene.asked_store if not isinstance(entry[1], OpenSessionsQuery)]


def test_lost_needs_a_free_lock_and_a_spawner_without_it_twice(scene: Scene) -> None:
    lost, held, locked = session_id(5), session_id(6), session_id(7)
    scene.locked.add(locked)
    connect_spawner(scene)

    def tick() -> None:
        answer(scene, [lost, held, locked, SID], [held])

    scene.wait(7.0, tick)
    assert scene.asked_store == []
    scene.wait(6.0, tick)
    assert {(sid, message.cause) for sid, message in scene.asked_store if isinstance(message, Seal)} == {
        (lost, "its worker and every holder of its terminal ended")
    }
    reports.from_store(scene.desk, lost, Sealed(view(lost, state="lost", detail="why")), scene.now)
    assert scene.published[-1].state == "lost"
    assert lost not in scene.desk.registry.live
    assert {held, locked} <= set(scene.desk.registry.live)
    scene.wait(10.0, lambda: answer(scene, [held, locked, SID], [held]))
    states = {sid: one.trouble.state for sid, one in scene.desk.registry.live.items() if one.trouble}
    assert states == {held: "unresponsive", locked: "unresponsive"}


def test_nothing_is_lost_while_the_spawner_is_away_or_new_each_time(scene: Scene) -> None:
    lost = session_id(5)
    scene.wait(20.0, lambda: answer(scene, [lost], []))
    for number in range(2, 12):
        connect_spawner(scene, number)
        scene.wait(1.0, lambda: answer(scene, [lost], []))
    assert not any(isinstance(message, Seal) for _sid, message in scene.asked_store)


def test_the_spawners_word_hurries_and_gives_the_cause(scene: Scene) -> None:
    def lives() -> None:
        scene.say(b"client", SID, Seen(A, 1, 1))

    connect_spawner(scene)
    scene.wait(10.0, lambda: answer(scene, [SID], [SID]), lives)
    scene.locked.discard(SID)
    line = {"op": "worker", "sid": SID.hex(), "state": "lost", "pid": 1, "cause": "it died\x1b again"}
    reports.from_spawner(scene.desk, line, scene.now)
    scene.wait(4.0, lambda: answer(scene, [SID], []), lives)
    seals = [message.cause for _sid, message in scene.asked_store if isinstance(message, Seal)]
    assert seals[0] == "it died\\x1b again"
    reports.from_store(scene.desk, SID, Sealed(None), scene.now)
    assert (scene.published[-1].state, scene.published[-1].detail) == ("lost", seals[0])
    assert scene.to(b"client", Control)[-1].reason == seals[0]


def test_a_worker_that_speaks_is_believed_over_the_log(scene: Scene) -> None:
    other = session_id(5)
    reports.from_store(scene.desk, NO_SESSION, OpenSessions([view(other)]), scene.now)
    reports.from_store(scene.desk, other, Sealed(view(other, state="lost")), scene.now)
    assert scene.desk.registry.has_ended(other)
    scene.worker(other, b"worker2", epoch=3)
    assert not scene.desk.registry.has_ended(other)
    assert scene.desk.registry.live[other].lease.epoch == 3


def test_a_session_known_from_the_log_alone_goes_when_the_log_says_it_ended(scene: Scene) -> None:
    other = session_id(5)
    reports.from_store(scene.desk, NO_SESSION, OpenSessions([view(other)]), scene.now)
    assert other in scene.desk.registry.live
    reports.from_store(scene.desk, NO_SESSION, OpenSessions([]), scene.now)
    assert other not in scene.desk.registry.live
    assert SID in scene.desk.registry.live


def test_recovering_is_shown_and_passes(scene: Scene) -> None:
    for state, shown in (("recovering", "recovering"), ("recovered", "running"), ("nonsense", "running")):
        reports.from_spawner(scene.desk, {"op": "worker", "sid": SID.hex(), "state": state}, scene.now)
        assert scene.published[-1].state == shown


def test_a_store_that_can_not_write_shows_as_stalled(scene: Scene) -> None:
    reports.from_store(scene.desk, NO_SESSION, Stalled("the disk is full"), scene.now)
    assert (scene.published[-1].state, scene.published[-1].detail) == ("stalled", "the disk is full")
    count = len(scene.published)
    reports.from_store(scene.desk, NO_SESSION, StoreHealth("stalled", "the disk is full"), scene.now)
    assert len(scene.published) == count
    reports.from_store(scene.desk, NO_SESSION, StoreHealth("ok"), scene.now)
    assert scene.published[-1].state == "running"


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"op": "spawned"},
        {"op": "failed", "req": "x"},
        {"op": "failed", "req": 77, "error": 3},
        {"op": "sessions", "held": [1, None, {"sid": "zz"}, {"sid": 5}]},
        {"op": "sessions", "held": "x"},
        {"op": "worker", "sid": "00", "state": []},
    ],
)
def test_a_spawner_that_talks_nonsense_disturbs_nothing(scene: Scene, line: dict[str, object]) -> None:
    before = len(scene.published)
    reports.from_spawner(scene.desk, line, scene.now)
    assert len(scene.published) == before
