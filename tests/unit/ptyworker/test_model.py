"""The model of a screen in its worker: what it shows, what it answers, how it comes back, and what it survives."""

from __future__ import annotations

import os
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tether.ptyworker import model as model_module
from tether.ptyworker.danger import CRASHES_MAX
from tether.ptyworker.handing import taken_over
from tether.ptyworker.model import Model
from tether.ptyworker.state import WorkerState
from tether.ring import Ring
from tether.screen import Screen
from tether.wire.codec import decode_body, encode_body
from tether.wire.control import History, HistoryQuery, Refused, Snapshot, SnapshotQuery
from tether.wire.events import Created, Note, Resized
from tether.wire.storing import Checkpoint, Recall, Recalled
from tether.wire.views import SessionView

SID = bytes(range(16))
CLIENT = b"c" * 16
POISON = b"\x1b[poison"


class Host:
    """What a model needs of its worker, on a real ring."""

    def __init__(self, path: Path) -> None:
        self.sid = SID
        fresh = not path.exists()
        self.ring = Ring.create(path, 1 << 20) if fresh else Ring.open_existing(path)
        self.kept = WorkerState(SessionView(SID, "k3v9x0pq", "shell", "t", "running", cols=40, rows=10))
        self.notes: list[str] = []
        self.typed = b""
        self.asked: list[Recall] = []
        self.sent: list[Checkpoint] = []
        self.store_connected = True
        self.model = Model(self)  # type: ignore[arg-type]
        if fresh:
            self.append(Created(1, 1, "shell", "", "/", 40, 10, "o", "m"))

    def append(self, event: Any) -> None:
        self.model.added(self.ring.append(encode_body(event), 1))

    def say(self, data: bytes) -> None:
        """The agent printed something, and a turn of the loop ends."""
        for at in range(0, len(data), 16_000):
            piece = data[at : at + 16_000]
            self.ring.ground()[: len(piece)] = piece
            self.ring.note(len(piece), 1)
            self.flush()
        self.model.settle()

    def resized(self, cols: int, rows: int) -> None:
        self.append(Resized(self.ring.header.next_seq, 1, cols, rows))

    def flush(self) -> None:
        record = self.ring.seal()
        if record is not None:
            self.model.added(record)

    def note(self, code: str, text: str) -> None:
        self.notes.append(code)
        self.append(Note(self.ring.header.next_seq, 1, code, text))

    def change(self, **fields: Any) -> None:
        self.save()

    def save(self) -> None:
        from tether.ptyworker import state

        self.ring.write_state(state.dump(self.kept))

    def load(self) -> Host:
        from tether.ptyworker import state

        if self.ring.read_state():
            self.kept = state.load(self.ring.read_state())
        self.model = Model(self)  # type: ignore[arg-type]
        return self

    def reply(self, data: bytes) -> None:
        self.typed += data

    def ask_store(self, question: Recall) -> None:
        self.asked.append(question)

    def send_store(self, seq: int, frame: bytes) -> bool:
        self.sent.append(decode_body(frame[16:]))
        return True

    def text(self) -> list[str]:
        answer = self.model.answer(SnapshotQuery(1, CLIENT, 0))
        assert isinstance(answer, Snapshot), answer
        screen = Screen(answer.cols, answer.rows)
        screen.feed(answer.data)
        text = screen.text()
        screen.close()
        return text


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "ring")
    made.model.begin(None, again=False)
    yield made
    made.ring.close()


def test_a_session_that_said_nothing_has_an_empty_screen(host: Host) -> None:
    assert host.model.wait(0.0) is None
    assert host.text() == [""] * 10


def test_the_screen_is_that_of_the_newest_event_and_of_its_size(host: Host) -> None:
    host.say(b"one\r\ntwo")
    host.resized(20, 5)
    host.say(b" and more")
    answer = host.model.answer(SnapshotQuery(7, CLIENT, 0))
    assert isinstance(answer, Snapshot)
    assert (answer.seq, answer.offset, answer.cols, answer.rows) == (4, 17, 20, 5)
    assert (answer.req, answer.client, answer.kind) == (7, CLIENT, "screen")
    assert host.text() == ["one", "two and more", "", "", ""]


def test_output_and_a_change_of_size_in_the_first_turn_keep_their_order(host: Host) -> None:
    piece = b"x" * 30
    host.ring.ground()[: len(piece)] = piece
    host.ring.note(len(piece), 1)
    host.flush()
    host.kept.view = msgspec.structs.replace(host.kept.view, cols=20, rows=10)
    host.resized(20, 10)
    host.model.settle()
    assert host.text()[:2] == ["x" * 20, "x" * 10]  # it flowed anew, and was not printed into the smaller one


def test_what_is_read_and_no_event_yet_belongs_to_the_answer(host: Host) -> None:
    host.ring.ground()[:3] = b"abc"
    host.ring.note(3, 1)
    assert host.text()[0] == "abc"


def test_history_comes_in_pages(host: Host) -> None:
    host.say(b"".join(b"line %d\r\n" % n for n in range(100)))
    page = host.model.answer(HistoryQuery(2, CLIENT, 10, 3))
    assert isinstance(page, History)
    assert (page.total, page.skip) == (91, 10)
    assert page.lines == [b"line 78", b"line 79", b"line 80"]
    end = host.model.answer(HistoryQuery(3, CLIENT, 91, 3))
    assert isinstance(end, History)
    assert end.lines == []
    beyond = host.model.answer(HistoryQuery(4, CLIENT, -5, 1 << 40))
    assert isinstance(beyond, History)
    assert len(beyond.lines) == 91


def test_a_question_is_answered_once(host: Host) -> None:
    host.say(b"\x1b[5n")
    host.say(b"more")
    assert host.typed == b"\x1b[0n"


def test_a_snapshot_that_does_not_fit_has_less_history_or_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.say(b"".join(b"a line with some text in it %d\r\n" % n for n in range(500)))
    monkeypatch.setattr(model_module, "SNAPSHOT_BYTES_MAX", 2000)
    answer = host.model.answer(SnapshotQuery(1, CLIENT, 400))
    assert isinstance(answer, Snapshot)
    assert len(answer.data) < 2500
    monkeypatch.setattr(model_module, "SNAPSHOT_BYTES_MAX", 10)
    host.say(b"x")
    refused = host.model.answer(SnapshotQuery(1, CLIENT, 400))
    assert isinstance(refused, Refused)
    assert refused.code == "no-screen"


def test_a_serialiser_that_fails_costs_a_snapshot_and_nothing_else(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.say(b"text")

    def fail(_self: Screen, _history: int = 0) -> bytes:
        raise ValueError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(Screen, "snapshot", fail)
        assert isinstance(host.model.answer(SnapshotQuery(1, CLIENT, 0)), Refused)
    assert host.text()[0] == "text"


def succeed(host: Host, path: Path) -> Host:
    """Another worker takes over; what the store has acknowledged is gone from the ring."""
    records = list(host.ring.records())
    gone = records[len(records) // 2]
    host.ring.release(gone.seq, gone.end)
    bodies = [host.ring.body(record) for record in records]
    host.save()
    host.ring.close()
    heir = Host(path).load()
    heir.model.begin(None, again=True)
    heir.bodies = bodies[: gone.seq]  # type: ignore[attr-defined]
    return heir


def test_a_successor_asks_the_log_and_takes_the_rest_from_its_ring(host: Host, tmp_path: Path) -> None:
    for n in range(20):
        host.say(b"\x1b[%d;%dHpart %d\x1b[5n" % (n % 9 + 1, n, n))
    wanted = host.text()
    heir = succeed(host, tmp_path / "ring")
    bodies = heir.bodies  # type: ignore[attr-defined]
    assert isinstance(heir.model.answer(SnapshotQuery(1, CLIENT, 0)), Refused)
    after = 0
    while after < len(bodies):
        heir.model.tick(float(after + 1) * 100)
        assert heir.asked[-1] == Recall(after, len(bodies))
        last = min(after + 3, len(bodies))
        heir.model.recalled(Recalled(after, last, None, bodies[after:last]))
        heir.model.recalled(Recalled(after, last, None, bodies[after:last]))  # the store said it twice
        after = last
    assert heir.text() == wanted
    assert heir.typed == b""  # old questions are not answered again
    heir.say(b"\x1b[5n")
    assert heir.typed == b"\x1b[0n"


def test_a_successor_begins_with_the_newest_checkpoint(host: Host, tmp_path: Path) -> None:
    host.say(b"\x1b[3;3Hold\x1b[6n")
    screen = Screen(40, 10)
    screen.feed(b"\x1b[3;3Hfrom the checkpoint")
    for n in range(6):
        host.say(b"\x1b[%d;1Hnew %d" % (n + 4, n))
    heir = succeed(host, tmp_path / "ring")
    heir.model.tick(100.0)
    upto = heir.asked[-1].upto
    bodies = heir.bodies[2:upto]  # type: ignore[attr-defined]
    heir.model.recalled(Recalled(0, upto, Checkpoint(2, 1, 12, 40, 10, zlib.compress(screen.snapshot())), bodies))
    assert heir.text()[2:5] == ["  from the checkpoint", "new 0", "new 1"]
    assert heir.text()[8] == "new 5"
    screen.close()


def test_a_store_that_is_away_is_asked_when_it_is_back(host: Host, tmp_path: Path) -> None:
    host.say(b"text")
    heir = succeed(host, tmp_path / "ring")
    heir.store_connected = False
    heir.model.tick(1.0)
    assert heir.asked == []
    assert heir.model.wait(1.0) is None
    heir.store_connected = True
    assert heir.model.wait(1.0) == 0.0
    heir.model.tick(1.0)
    assert len(heir.asked) == 1


def test_the_screen_is_handed_on_in_place(host: Host, tmp_path: Path) -> None:
    host.say(b"".join(b"line %d\r\n" % n for n in range(50)) + b"half a sequence \x1b[3")
    fd = host.model.hand_on()
    found = taken_over(fd)
    assert found is not None
    wanted = host.text()
    host.ring.close()
    heir = Host(tmp_path / "ring").load()
    heir.model.begin(found, again=True)
    assert heir.asked == []
    assert heir.text() == wanted
    assert isinstance(page := heir.model.answer(HistoryQuery(1, CLIENT, 0, 2)), History)
    assert page.lines == [b"line 39", b"line 40"]
    heir.say(b"1mred")
    assert heir.text()[-1].endswith("half a sequence red")


def test_junk_that_was_handed_on_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "junk"
    path.write_bytes(b"junk")
    assert taken_over(os.open(path, os.O_RDONLY)) is None


def lives(path: Path, monkeypatch: pytest.MonkeyPatch, *outputs: bytes) -> int:
    """A worker's life in a process of its own, that carries on from the ring `path`: its wait status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        feed = Screen.feed

        def dangerous(self: Screen, data: bytes | memoryview) -> None:
            if POISON in bytes(data):
                os.kill(os.getpid(), signal.SIGKILL)
            feed(self, data)

        monkeypatch.setattr(Screen, "feed", dangerous)
        again = path.exists()
        host = Host(path)
        if again:
            host.load()
        host.model.begin(None, again=again)
        host.model.settle()
        for data in outputs:
            host.say(data)
        os._exit(0 if host.model.on else 42 + len(host.notes))
    except BaseException:  # noqa: BLE001 - a forked child must never return
        os._exit(99)


def test_output_that_kills_the_emulator_again_and_again_costs_the_model_and_not_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ring"
    assert os.WIFSIGNALED(lives(path, monkeypatch, b"harmless", POISON))
    deaths = 1
    while os.WIFSIGNALED(status := lives(path, monkeypatch)):
        deaths += 1
        assert deaths <= CRASHES_MAX + 1
    assert os.waitstatus_to_exitcode(status) == 43  # off, with one note
    assert os.waitstatus_to_exitcode(lives(path, monkeypatch, POISON)) == 42  # and it stays off


def test_deaths_at_different_places_are_no_reason_to_do_without(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    for n in range(CRASHES_MAX * 3):
        host = Host(path)
        host.load().model.begin(None, again=n > 0)
        host.say(b"output %d" % n)
        assert host.model.on
        host.ring.mark_feeding(n * 1000)  # killed while the emulator was at work, as a kill may be
        host.save()
        host.ring.close()
