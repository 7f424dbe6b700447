"""A session that nobody can reach: what its ring held is saved, and its end is in the log."""

from __future__ import annotations

import os

from tests.support.storeworld import Broker, StoreWorld, Worker, everything, output_of
from tether import locks
from tether.ring import Ring
from tether.wire.codec import decode_body, encode_body
from tether.wire.events import Created, Exited, Lost, Note, Started
from tether.wire.storing import Seal

AREA = 1 << 20


def dead_worker(world: StoreWorld, *, area: int = AREA) -> tuple[Worker, Ring]:
    """A session whose worker left a ring with the events that the fake worker holds."""
    worker = world.worker(create=False)
    ring = Ring.create(world.paths.ring(worker.sid), area)
    put(worker, ring, Created(1, 1, "shell", "", "/", 80, 24, "ann", "m"))
    world.paths.worker_lock(worker.sid).touch(0o600)
    world.paths.worker_pub(worker.sid).touch(0o600)
    world.paths.worker_lane(worker.sid).touch(0o600)
    return worker, ring


def put(worker: Worker, ring: Ring, event: object) -> None:
    worker.add(event)
    ring.append(worker.bodies[-1], 1)


def put_output(worker: Worker, ring: Ring, data: bytes) -> None:
    write(ring, data, ts=worker.next)
    worker.output(data)
    ring.seal()


def write(ring: Ring, data: bytes, *, ts: int = 1) -> None:
    ring.ground()[: len(data)] = data
    ring.note(len(data), ts)


def files_of(world: StoreWorld, sid: bytes) -> list[str]:
    return [name for name in os.listdir(world.paths.workers) if name.startswith(sid.hex())]


def test_what_the_ring_held_is_saved_and_the_files_go():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker, ring = dead_worker(world)
        put(worker, ring, Started(2, 2, 4711))
        put_output(worker, ring, b"durable ")
        world.until("the first events to be durable", worker.is_durable)
        put_output(worker, ring, b"in the ring ")
        write(ring, b"noted ")
        ring.ground()[:5] = b"read."  # read from the terminal, and dead before it was noted
        ring.close()
        assert broker.open_sessions() == {worker.sid}

        sealed = broker.seal(worker.sid, "the machine was started anew")
        assert sealed.view is not None
        assert (sealed.view.state, sealed.view.detail) == ("lost", "the machine was started anew")
        assert output_of(world.reader, worker.sid) == b"durable in the ring noted read."
        bodies = everything(world.reader, worker.sid)
        assert bodies[: len(worker.bodies)] == worker.bodies
        assert isinstance(decode_body(bodies[-1]), Lost)
        assert files_of(world, worker.sid) == []
        assert broker.open_sessions() == set()

        again = broker.seal(worker.sid, "something else")
        assert again.view == sealed.view
        assert files_of(world, worker.sid) == []
        report = world.fsck()
        assert report.ok, report.problems


def test_a_session_that_had_ended_stays_as_it_ended():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker, ring = dead_worker(world)
        put_output(worker, ring, b"bye")
        put(worker, ring, Exited(3, 3, 5, None))
        ring.close()
        sealed = broker.seal(worker.sid, "its worker died")  # of all this the log knew nothing
        assert sealed.view is not None
        assert (sealed.view.state, sealed.view.exit_code, sealed.view.seq) == ("exited", 5, 3)
        assert everything(world.reader, worker.sid) == worker.bodies


def test_a_session_without_a_ring_and_one_that_nobody_knows():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker = world.worker()
        worker.output(b"x")
        world.until("it to be durable", worker.is_durable)
        sealed = broker.seal(worker.sid, "gone")
        assert sealed.view is not None
        assert (sealed.view.state, sealed.view.seq) == ("lost", 3)
        assert broker.seal(b"\x07" * 16, "gone").view is None
        assert files_of(world, b"\x07" * 16) == []


def test_a_damaged_ring_gives_what_can_be_read_and_says_so():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker, ring = dead_worker(world)
        put_output(worker, ring, b"good")
        ring.close()
        path = world.paths.ring(worker.sid)
        path.write_bytes(b"\0" * 1024 + path.read_bytes()[1024:])
        world.until("the first events to be durable", worker.is_durable)
        sealed = broker.seal(worker.sid, "gone")
        assert sealed.view is not None
        assert sealed.view.state == "lost"
        note = decode_body(everything(world.reader, worker.sid)[-2])
        assert isinstance(note, Note)
        assert note.code == "gap"
        assert files_of(world, worker.sid) == []


def test_a_session_whose_worker_lives_is_not_sealed():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        held = locks.try_lock(world.paths.worker_lock(worker.sid))
        assert held is not None
        broker.dealer.send(worker.sid + encode_body(Seal("gone")))
        assert broker.open_sessions() == {worker.sid}  # answered after the seal was refused
        worker.output(b"alive")
        world.until("it to go on", worker.is_durable)
        os.close(held)
        sealed = broker.seal(worker.sid, "gone")
        assert sealed.view is not None
        assert sealed.view.state == "lost"


def test_a_worker_that_comes_back_from_the_dead_is_told_nothing_false():
    with StoreWorld() as world:
        world.start()
        broker = Broker(world)
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        assert broker.seal(worker.sid, "gone").view is not None
        worker.output(b"a ghost")  # has the number that `Lost` took
        ghost = world.worker()
        world.until("others to go on", ghost.is_durable)
        assert worker.acked == 1
        worker.dealer.close()
        worker.dealer = world.bus.dealer(world.paths.store, monitored=True)
        world.until("it to be told", lambda: worker.stalls)
        assert worker.acked == 1


def test_a_seal_survives_the_death_of_the_store():
    with StoreWorld() as world:
        broker = Broker(world)
        worker, ring = dead_worker(world)
        for _ in range(20):
            put_output(worker, ring, b"x" * 9_000)
        ring.close()
        for _ in range(3):
            world.start()
            broker.dealer.send(worker.sid + encode_body(Seal("gone")))
            world.kill()
        world.start()
        sealed = broker.seal(worker.sid, "gone")
        assert sealed.view is not None
        assert sealed.view.state == "lost"
        assert everything(world.reader, worker.sid)[:-1] == worker.bodies
        assert files_of(world, worker.sid) == []
