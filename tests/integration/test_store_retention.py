"""The quota holds under a flood, numbering stays dense, and everybody can see what went."""

from __future__ import annotations

from tests.support.storeworld import StoreWorld, everything
from tether.store.retention import KEEP_LIVE_BYTES
from tether.wire import decode
from tether.wire.codec import decode_body
from tether.wire.events import Created, Cut, Exited, Output
from tether.wire.ids import NO_SESSION
from tether.wire.storing import StoreHealth

QUOTA = 8 << 20
SETTINGS = f"[log]\nquota_bytes = {QUOTA}\n"
BLOCK = b"0123456789abcdef" * 2000  # 32,000 bytes


def test_a_flood_stays_within_the_quota_and_one_cut_says_what_went():
    with StoreWorld(settings=SETTINGS) as world:
        world.start()
        quiet = world.worker()
        quiet.output(b"what the quiet one said\n")
        flood = world.worker()
        for _ in range(1500):  # 48 MB
            flood.output(BLOCK)
        world.until("all of it to be durable", lambda: flood.is_durable() and quiet.is_durable(), 60)
        world.until("the log to be within its quota", lambda: world.reader.totals().log_bytes <= QUOTA)

        events = [decode_body(body) for body in everything(world.reader, flood.sid)]
        assert isinstance(events[0], Created)
        cut = events[1]
        assert isinstance(cut, Cut)
        assert sum(isinstance(event, Cut) for event in events) == 1
        assert (cut.from_seq, cut.from_offset, cut.reason) == (2, 0, "quota")
        assert isinstance(events[2], Output)
        assert events[2].offset == cut.to_offset
        view = world.reader.session(flood.sid)
        assert view is not None
        assert (view.first_seq, view.cut_bytes, view.seq) == (cut.seq + 1, cut.to_offset, 1501)
        assert view.log_bytes > KEEP_LIVE_BYTES
        quiet.assert_logged()  # another one's flood costs it nothing

        disk = sum(file.stat().st_blocks * 512 for file in world.paths.log_db.iterdir())
        assert disk < 3 * QUOTA
        assert world.process is not None
        assert world.reader.events(flood.sid, 1, limit=1)[0][0] == cut.seq
        assert world.reader.events(flood.sid, cut.seq - 1, limit=1)[0][0] == cut.seq
        report = world.fsck()
        assert report.ok, report.problems


def test_ended_sessions_give_first_and_keep_their_beginning_and_their_end():
    with StoreWorld(settings=SETTINGS) as world:
        world.start()
        ended = [world.worker() for _ in range(2)]
        for worker in ended:
            for _ in range(100):  # 3.2 MB each
                worker.output(BLOCK)
            worker.exit(4)
            world.until("it to be durable", worker.is_durable)
        live = world.worker()
        for _ in range(100):
            live.output(BLOCK)
        world.until("it to be durable", live.is_durable)
        world.until("the log to be within its quota", lambda: world.reader.totals().log_bytes <= QUOTA)
        live.assert_logged()
        ended[1].assert_logged()
        kinds = [type(decode_body(body)) for body in everything(world.reader, ended[0].sid)]
        assert kinds[:2] == [Created, Cut]
        assert kinds[-1] is Exited
        view = world.reader.session(ended[0].sid)
        assert view is not None
        assert (view.state, view.exit_code) == ("exited", 4)
        report = world.fsck()
        assert report.ok, report.problems


def test_many_small_events_are_cut_as_fast_as_they_come():
    with StoreWorld(settings="[log]\nquota_bytes = 1100000\n") as world:
        world.start()
        worker = world.worker()
        for number in range(12_000):
            worker.output(b"line %d of many\n" % number)
        world.until("all of it to be durable", worker.is_durable, 60)
        world.until("the log to be within its quota", lambda: world.reader.totals().log_bytes <= 1_100_000)
        report = world.fsck()
        assert report.ok, report.problems
        assert report.cuts == 1


def test_keep_all_keeps_all():
    with StoreWorld(settings=f'[log]\nkeep = "all"\nquota_bytes = {1 << 20}\n') as world:
        world.start()
        health = world.subscriber(NO_SESSION)
        worker = world.worker()
        for _ in range(100):
            worker.output(BLOCK)
        world.until("all of it to be durable", worker.is_durable)
        worker.assert_logged()
        said: list[StoreHealth] = []

        def heard() -> bool:
            while (frame := health.receive()) is not None:
                said.append(decode(frame)[1])
            return bool(said) and said[-1].log_bytes > 3_000_000

        world.until("the store's health", heard)
        assert said[-1].quota_bytes == 0
