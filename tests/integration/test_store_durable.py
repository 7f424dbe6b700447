"""What the store has acknowledged is in the log, whole and in order, whatever happened to the store."""

from __future__ import annotations

import random

from tests.support.storeworld import StoreWorld, everything
from tests.support.waiting import wait_until
from tether.wire import decode, encode
from tether.wire.events import Created, Cut, Lost, Output
from tether.wire.ids import NO_SESSION
from tether.wire.storing import Ack, Committed, StoreHealth, Sync


def test_events_are_acknowledged_once_they_can_be_read():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        worker.output(b"hello\xff\x00")
        worker.exit(3)
        world.until("the end to be durable", worker.is_durable)
        worker.assert_logged()
        view = world.reader.session(worker.sid)
        assert view is not None
        assert (view.state, view.exit_code, view.seq, view.offset) == ("exited", 3, 3, 7)
        assert world.fsck().ok
        assert world.stop() == 0


def test_a_hole_in_the_stream_is_asked_back():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("the beginning to be durable", worker.is_durable)
        for text in (b"one", b"two", b"three"):
            worker.output(text)
        worker.cursor = 2  # event 2 "gets lost" on the way
        world.until("all of it to be durable", worker.is_durable)
        assert worker.naks == [2]
        worker.assert_logged()


def test_known_events_are_acknowledged_again_and_kept_once():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        worker.output(b"once")
        world.until("it to be durable", worker.is_durable)
        worker.acked = 0
        worker.cursor = 0
        world.until("it to be acknowledged again", worker.is_durable)
        worker.assert_logged()


def test_events_that_a_worker_no_longer_holds_are_a_cut_that_all_can_see():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("the beginning to be durable", worker.is_durable)
        for number in range(5):
            worker.output(b"%d" % number)
        worker.held = 5
        worker.dealer.close()
        worker.dealer = world.bus.dealer(world.paths.store, monitored=True)
        world.until("the rest to be durable", worker.is_durable)
        bodies = everything(world.reader, worker.sid)
        cut = decode(worker.sid + bodies[1])[1]
        assert (cut.seq, cut.from_seq, cut.reason) == (4, 2, "missing")
        assert bodies[2:] == worker.bodies[4:]
        view = world.reader.session(worker.sid)
        assert view is not None
        assert (view.offset, view.cut_bytes) == (5, 3)
        report = world.fsck()
        assert report.ok, report.problems
        assert "event=events-missing" in world.log_text()


def test_a_store_killed_in_mid_stream_loses_nothing_that_it_acknowledged():
    with StoreWorld() as world:
        world.start()
        workers = [world.worker() for _ in range(3)]
        rng = random.Random(7)
        for _ in range(5):
            for worker in workers:
                for _ in range(150):
                    worker.output(rng.randbytes(rng.choice((3, 90, 4096, 32_000))))
            target = sum(worker.acked for worker in workers) + rng.randrange(40, 400)
            world.until("some to be durable", lambda t=target: sum(w.acked for w in workers) >= t)
            world.kill()
            for worker in workers:
                worker.assert_logged()
            world.start()
        for worker in workers:
            worker.exit()
        world.until("everything to be durable", lambda: all(worker.is_durable() for worker in workers))
        for worker in workers:
            worker.assert_logged()
            assert len(worker.boots) == len(set(worker.boots)) >= 2
        report = world.fsck()
        assert report.ok, report.problems
        assert world.stop() == 0
        verdict = world.verify()
        assert verdict.startswith("0 "), verdict


def test_a_commit_is_announced_to_those_who_watch_the_session():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        other = world.worker()
        mine = world.subscriber(worker.sid)
        health = world.subscriber(NO_SESSION)
        heard: list[int] = []

        def announced() -> bool:
            while (frame := mine.receive()) is not None:
                sid, notice = decode(frame)
                assert sid == worker.sid
                assert isinstance(notice, Committed)
                heard.append(notice.upto)
            worker.output(b"x")
            other.output(b"y")
            return bool(heard)

        world.until("a notice", announced)
        assert world.reader.last_seq(worker.sid) >= heard[-1]
        frame = wait_until("the store's health", health.receive)
        notice = decode(frame)[1]
        assert isinstance(notice, StoreHealth)
        assert notice.state == "ok"
        assert notice.quota_bytes > 0


def test_nonsense_is_counted_and_disturbs_nobody():
    with StoreWorld() as world:
        world.start()
        good = world.worker()
        world.until("the store to be there", good.is_durable)
        bad = world.bus.dealer(world.paths.store)
        sid = b"\x01" * 16
        nonsense = [
            b"", b"x", bytes(16), bytes(17), sid, sid + b"\xff\xff", sid + b"\x93\xa3out\x01", sid + b"\xc1" * 100,
            encode(NO_SESSION, Created(1, 1, "shell", "", "/", 80, 24, "a", "m")),
            encode(sid, Output(0, 1, 0, b"x")), encode(sid, Output(-5, 1, 0, b"x")),
            encode(sid, Output(1, 1, 0, b"x" * 32_001)), encode(sid, Cut(1, 1, 1, 0, 0)), encode(sid, Lost(1, 1, "")),
            encode(sid, Ack(7, "x")), encode(sid, Sync("1.0", 9, 2)),
            encode(sid, Sync("9.0", 1, 1)), encode(sid, Sync("", 1, 1)),
        ]  # fmt: skip
        for frame in nonsense:
            wait_until("room in the pipe", lambda f=frame: bad.send(f))
        wait_until("room in the pipe", lambda: bad.send(bytes(2 << 20)))  # over the limit: disconnects its sender
        for frame in nonsense:
            wait_until("the connection to be back", lambda f=frame: bad.send(f))
        good.output(b"still here")
        world.until("the others to go on", good.is_durable)
        assert world.reader.session(sid) is None
        assert [view.sid for view in world.reader.sessions()] == [good.sid]
        assert world.process is not None
        assert world.process.poll() is None
        assert world.log_text().count("event=bad-frame") <= 3  # once for each address, not for each frame


def test_an_event_of_the_future_is_kept_as_it_is():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        worker.bodies.append(b"\x94\xa6dreams\x02\x03\x81\xa1x\xc0")
        worker.output(b"x")
        world.until("all of it to be durable", worker.is_durable)
        worker.assert_logged()
        report = world.fsck()
        assert report.ok, report.problems
        assert report.unknown == 1


def test_a_second_store_waits_for_the_first():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("the store to be there", worker.is_durable)
        first, second = world.process, None
        try:
            second = world.start().process
            assert second is not None
            assert second.wait(20) == 75
            worker.output(b"x")
            world.until("the first to serve on", worker.is_durable)
        finally:
            world.process = first
