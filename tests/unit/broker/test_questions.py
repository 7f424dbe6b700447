"""Questions that workers answer find their way there and back, and no further."""

from __future__ import annotations

from tests.unit.broker.scene import Scene, session_id
from tether.wire.control import History, HistoryQuery, Refused, Snapshot, SnapshotQuery

SID = session_id()
CLIENT = bytes(range(16))


def ask(scene: Scene, req: int = 7, client: bytes = CLIENT, peer: bytes = b"client") -> None:
    scene.say(peer, SID, SnapshotQuery(req, client, 100))


def snapshot(req: int, client: bytes = CLIENT) -> Snapshot:
    return Snapshot(5, 10, 80, 24, b"screen", "screen", 0, req, client)


def test_a_question_needs_no_attachment_and_its_answer_comes_back_to_who_asked() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    scene.client(b"other")
    ask(scene)
    assert scene.to(b"worker", SnapshotQuery) == [SnapshotQuery(7, CLIENT, 100)]
    scene.say(b"worker", SID, snapshot(7))
    assert scene.to(b"client", Snapshot) == [snapshot(7)]
    assert scene.to(b"other", Snapshot) == []


def test_two_clients_may_ask_under_the_same_number() -> None:
    scene = Scene()
    scene.worker(SID)
    for peer in (b"client", b"other"):
        scene.client(peer)
        scene.say(peer, SID, HistoryQuery(1, peer.ljust(16), 0, 10))
    scene.say(b"worker", SID, History(1, b"other".ljust(16), 0, 2, 9, [b"a", b"b"]))
    assert scene.to(b"client", History) == []
    assert [answer.lines for answer in scene.to(b"other", History)] == [[b"a", b"b"]]


def test_an_answer_that_nobody_asked_for_goes_nowhere() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    ask(scene)
    scene.say(b"worker", SID, snapshot(7))
    before = scene.desk.unexpected
    scene.say(b"worker", SID, snapshot(7))
    scene.say(b"worker", SID, snapshot(8))
    assert len(scene.to(b"client", Snapshot)) == 1
    assert scene.desk.unexpected == before + 2


def test_a_worker_without_a_screen_says_so_to_who_asked() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    ask(scene)
    scene.say(b"worker", SID, Refused(7, "no-screen", "There is no screen model", client=CLIENT))
    assert [(told.req, told.code) for told in scene.to(b"client", Refused)] == [(7, "no-screen")]


def test_a_session_that_can_not_be_asked_is_refused_with_the_questions_number() -> None:
    scene = Scene()
    scene.client()
    ask(scene)
    scene.worker(SID)
    scene.gone.add(b"worker")
    ask(scene, 8)
    refused = scene.to(b"client", Refused)
    assert [(told.req, told.client) for told in refused] == [(7, CLIENT), (8, CLIENT)]
    assert all(told.code in ("not-ready", "not-found") for told in refused)


def test_questions_that_are_never_answered_are_forgotten() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    for req in range(1000):
        ask(scene, req)
    assert len(scene.desk.registry.live[SID].asked) < 200
    scene.say(b"worker", SID, snapshot(999))
    assert len(scene.to(b"client", Snapshot)) == 1


def test_who_asked_a_worker_that_died_is_told_when_another_comes() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.client()
    ask(scene)
    scene.worker(SID, b"successor")
    assert [(told.req, told.code, told.client) for told in scene.to(b"client", Refused)] == [(7, "not-ready", CLIENT)]
    ask(scene, 8)
    scene.say(b"successor", SID, snapshot(8))
    assert scene.to(b"client", Snapshot) == [snapshot(8)]
