"""Readers beside the writer: none of its deaths, starts and growths shows in what they read."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.support.storeworld import StoreWorld, everything
from tests.support.waiting import wait_until
from tether.store.gate import Gate
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.codec import decode_body
from tether.wire.events import Created, Output, Titled


def test_there_is_no_log_before_there_is_a_store():
    with StoreWorld() as world:
        with pytest.raises(LogUnavailable, match="there is none yet") as caught:
            world.reader.sessions()
        assert caught.value.hint
        with pytest.raises(LogUnavailable):
            world.fsck()
        world.start()
        wait_until("the log to be there", lambda: _sessions(world.reader) == [])


def _sessions(reader: LogReader) -> list[object] | None:
    try:
        return list(reader.sessions())
    except LogUnavailable:
        return None


def test_what_a_reader_finds():
    with StoreWorld() as world:
        world.start()
        first, second = world.worker(), world.worker()
        first.add(Titled(2, 5, "build"))
        for number in range(30):
            first.output(b"%03d\n" % number)
        world.until("it to be durable", lambda: first.is_durable() and second.is_durable())
        reader = world.reader
        assert [view.sid for view in reader.sessions()] == sorted([first.sid, second.sid])
        assert reader.session(b"\xee" * 16) is None
        assert reader.last_seq(first.sid) == 32
        assert reader.last_seq(b"\xee" * 16) == reader.last_seq(bytes(16)) == reader.last_seq(b"\xff" * 16) == 0
        totals = reader.totals()
        assert (totals.sessions, totals.live) == (2, 2)
        assert totals.log_bytes > 0

        view = reader.session(first.sid)
        assert view is not None
        assert [found.sid for found in reader.find(view.id.upper())] == [first.sid]
        assert [found.sid for found in reader.find("build")] == [first.sid]
        assert reader.find("no such title") == reader.find("") == []
        assert first.sid in [found.sid for found in reader.find(view.id[:1])]

        assert [seq for seq, _ in reader.events(first.sid, 0)] == list(range(1, 33))
        assert [seq for seq, _ in reader.events(first.sid, 10, limit=3)] == [11, 12, 13]
        assert [seq for seq, _ in reader.events(first.sid, 2, max_bytes=1)] == [3]
        assert reader.events(first.sid, 32) == reader.events(first.sid, 1 << 70) == []
        assert [seq for seq, _ in reader.events(second.sid, 0)] == [1]
        assert [seq for seq, _ in reader.tail(first.sid, 10)] == [30, 31, 32]
        assert [seq for seq, _ in reader.tail(first.sid, 1 << 20)] == list(range(1, 33))
        assert reader.tail(b"\xee" * 16, 100) == []
        last = decode_body(reader.tail(first.sid, 1)[-1][1])
        assert isinstance(last, Output)
        assert last.data == b"029\n"


def test_two_readers_in_one_process_share_the_log():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        other = LogReader(world.paths)
        assert other.last_seq(worker.sid) == world.reader.last_seq(worker.sid) == 1
        other.close()
        other.close()
        assert world.reader.last_seq(worker.sid) == 1


def test_a_reader_outlives_the_stores_that_it_reads_beside():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        for number in range(6):
            worker.output(b"%d" % number)
            world.until("it to be durable", worker.is_durable)
            assert world.reader.last_seq(worker.sid) == number + 2
            if number % 2:
                world.kill()
            else:
                world.stop()
            worker.assert_logged()
            world.start()
        world.until("it to be durable", worker.is_durable)


def test_a_starting_store_asks_readers_to_let_go_and_they_come_back():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        gate = Gate(world.paths.log_gate)
        before = gate.number()
        assert not gate.exclude()  # the store and this process's reader hold it
        assert world.reader.last_seq(worker.sid) == 1
        world.kill()
        world.start()
        worker.output(b"x")
        world.until("it to be durable", worker.is_durable)
        assert gate.number() > before
        assert world.reader.last_seq(worker.sid) == 2
        gate.close()


def test_a_store_that_is_alone_waits_for_nobody():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        gate = Gate(world.paths.log_gate)
        before = gate.number()
        world.reader.let_go()
        world.kill()
        assert gate.exclude()
        gate.close()
        world.start()
        worker.output(b"x")
        world.until("it to be durable", worker.is_durable)
        gate = Gate(world.paths.log_gate)
        assert gate.number() == before
        gate.close()


def test_a_reader_that_died_in_a_transaction_does_not_keep_old_pages():
    with StoreWorld() as world:
        world.start()
        worker = world.worker()
        world.until("it to be durable", worker.is_durable)
        script = """
            import os, sys
            from tether.paths import resolve
            from tether.store import readonly
            shared = readonly.acquire(resolve())
            with shared.read() as rows:
                list(rows.sids())
                print("open", flush=True)
                sys.stdin.read()
        """
        stuck = _python(world, script)
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == b"open\n"
        assert world.reader.last_seq(worker.sid) == 1  # whoever opens the log alone clears the table anyway
        stuck.kill()
        stuck.communicate()
        world.kill()
        world.start()
        worker.output(b"x")
        world.until("it to be durable", worker.is_durable)
        assert "event=stale-readers count=1" in world.log_text()


def test_the_map_grows_under_a_reader():
    with StoreWorld() as world:
        # A writer with a map of 1 MiB, where a store would have 64 GiB.
        script = """
            import sys
            from tether.paths import resolve
            from tether.store.log import EventLog
            from tether.store.writer import Writer
            from tether.wire.codec import encode_body
            from tether.wire.events import Created, Output
            sid = bytes.fromhex(sys.argv[1])
            writer = Writer(EventLog(resolve().log_db, 1 << 20), None)
            def take(event):
                writer.take(sid, event, encode_body(event))
            take(Created(1, 1, "shell", "", "/", 80, 24, "ann", "m"))
            writer.commit()
            for round in range(20):
                print(writer.durable(sid), flush=True)
                sys.stdin.readline()
                for _ in range(10):
                    take(Output(writer.newest(sid) + 1, 1, 0, b"x" * 32000))
                writer.commit()
        """
        sid = b"\x05" * 16
        writer = _python(world, script, sid.hex())
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(20):
            durable = int(writer.stdout.readline())
            assert world.reader.last_seq(sid) == durable
            writer.stdin.write(b"\n")
            writer.stdin.flush()
        _, errors = writer.communicate()
        assert errors.count(b"event=map-grown") >= 3 or writer.returncode == 0
        bodies = everything(world.reader, sid)
        assert len(bodies) == 201
        assert isinstance(decode_body(bodies[0]), Created)


def _python(world: StoreWorld, script: str, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *args],
        env={**os.environ, **world.env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
