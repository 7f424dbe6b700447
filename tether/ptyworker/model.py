"""The model of a session's screen, fed with everything that the session says, in the worker.

It is fed at the end of a turn, after everybody else was served, with the very events that the log gets. So it stands at
the newest event whenever it is asked, and what it shows continues without a gap. It answers what programs ask of their
terminal. A worker that took over makes it again, from what its predecessor handed on or from the log (`restoring`).

If the emulator takes workers along again and again at one place (`danger`), the session goes on without it.
"""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING, Final

from tether.clock import monotonic, now_us
from tether.ptyworker import danger, handing
from tether.ptyworker.checkpointing import Checkpointing
from tether.ptyworker.restoring import Restoring
from tether.screen import Screen, ScreenUnavailable
from tether.screen.tail import PROLOGUE
from tether.wire import WireError
from tether.wire.codec import decode_body, encode
from tether.wire.control import History, HistoryQuery, Refused, Snapshot, SnapshotQuery
from tether.wire.events import Created, Output, Resized
from tether.wire.limits import HISTORY_LINES_MAX, SNAPSHOT_BYTES_MAX
from tether.wire.storing import Checkpoint, Recalled

if TYPE_CHECKING:
    from tether.ptyworker.loop import Worker
    from tether.ring import Record

log = logging.getLogger("tether")

# Lines of scrollback in a checkpoint: what somebody who attaches after a crash finds above the screen.
CHECKPOINT_LINES: Final = 200
# The model of the first session in this process, made before the fork: workers share the memory that making it takes.
_ready: Final[list[Screen]] = []
_ZLIB_LEVEL: Final = 1


class Model:
    """One session's. `on` while there is one, or will be with the first output."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._screen: Screen | None = None
        self._todo: list[Record] = []
        self._pace = Checkpointing()
        self._replies: list[bytes] = []
        self._answer_from = worker.ring.header.offset  # what came before was answered, or never will be
        self._outgoing: tuple[int, bytes] | None = None  # a checkpoint that waits for its event to be sent
        self._kept: tuple[int, int, bytes] | None = None  # seq, history, snapshot: asked for by several at once
        self._restoring: Restoring | None = None
        self._size = (worker.kept.view.cols, worker.kept.view.rows)  # of the terminal where the model stands
        self.on = worker.kept.emulator == "inline"

    # -- life

    def begin(self, handed: Checkpoint | None, *, again: bool) -> None:
        """Start; `again` when another worker had the session, which may have `handed` on what stood on the screen."""
        if not self.on:
            return
        self._count_crashes()
        if not self.on:
            return
        ring = self._worker.ring
        if handed is not None and self._load(handed):
            self._todo = [record for record in ring.records() if record.seq > handed.seq]
        elif again and ring.header.acked:
            self._restoring = Restoring(ring.header.acked)
        else:
            self._todo = list(ring.records())

    def hand_on(self) -> int:
        """A descriptor from which the next image of this process reads the screen; -1 when there is none."""
        self.settle()
        if self._screen is None or self._restoring is not None:
            return -1
        try:
            made = self._checkpoint(HISTORY_LINES_MAX)
        except Exception:  # see `answer`
            log.exception("event=screen-failed sid=%s", self._worker.sid.hex())
            return -1
        return handing.hand_on(made)

    def added(self, record: Record) -> None:
        """There is a new event."""
        if self.on and self._restoring is None:
            self._todo.append(record)

    def settle(self) -> None:
        """Feed what is new, and answer what was asked in it."""
        if not self._todo:
            return
        todo, self._todo = self._todo, []
        for record in todo:
            if record.output:
                self._feed(record.offset, record.data)
            else:
                self._logged(record.data)
        if self._replies:
            replies = b"".join(self._replies)
            self._replies.clear()
            self._worker.reply(replies)

    def tick(self, now: float) -> None:
        """What is due: a checkpoint, a smaller memory, another question to the store."""
        if self._restoring is not None and self._worker.store_connected:
            question = self._restoring.question(now)
            if question is not None:
                self._worker.ask_store(question)
                self._restoring.asked(now)
        if self._screen is None:
            return
        if self._pace.compress(now):
            self._screen.compress()
        if self._pace.due(now):
            self._send_checkpoint(now)
        if self._outgoing is not None and self._worker.send_store(*self._outgoing):
            self._outgoing = None

    def wait(self, now: float) -> float | None:
        """Seconds until `tick` has something to do; None while there is nothing."""
        if self._restoring is not None:
            return self._restoring.wait(now) if self._worker.store_connected else None
        return self._pace.wait(now) if self._screen is not None else None

    def end(self) -> None:
        """The session ends: keep its last screen, if it is worth it."""
        self.settle()
        if self._screen is not None and self._restoring is None and self._pace.worth():
            self._send_checkpoint(monotonic())

    # -- questions

    def answer(self, query: SnapshotQuery | HistoryQuery) -> Snapshot | History | Refused:
        """The answer, as of the newest event."""
        self._worker.flush()
        self.settle()
        refusal = Refused(query.req, "no-screen", "This session has no model of its screen now", client=query.client)
        if not self.on or self._restoring is not None:
            return refusal
        screen = self._made()
        if screen is None:
            return refusal
        try:
            return self._history(screen, query) if isinstance(query, HistoryQuery) else self._snapshot(screen, query)
        except Exception:  # our own serialiser, fed with anything: it must not take the session along
            log.exception("event=screen-failed sid=%s", self._worker.sid.hex())
            return refusal

    def _snapshot(self, screen: Screen, query: SnapshotQuery) -> Snapshot | Refused:
        header = self._worker.ring.header
        seq = header.next_seq - 1
        history = min(max(0, query.history), HISTORY_LINES_MAX)
        if self._kept is None or self._kept[:2] != (seq, history):
            self._kept = (seq, history, _fitting(screen, history))
        data = self._kept[2]
        if len(data) > SNAPSHOT_BYTES_MAX:
            return Refused(query.req, "no-screen", "The screen does not fit into one message", client=query.client)
        return Snapshot(
            seq, header.offset, screen.cols, screen.rows, PROLOGUE + data, "screen", header.offset, query.req,
            query.client, min(history, screen.history_size()),
        )  # fmt: skip

    def _history(self, screen: Screen, query: HistoryQuery) -> History:
        total = screen.history_size()
        skip = min(max(0, query.skip), total)
        count = min(max(0, query.count), HISTORY_LINES_MAX, total - skip)
        lines = [line.ansi for line in screen.history(total - skip - count, count)] if count else []
        while sum(map(len, lines)) > SNAPSHOT_BYTES_MAX:
            del lines[: len(lines) // 2 or 1]
        return History(query.req, query.client, skip, total, self._worker.ring.header.next_seq - 1, lines)

    # -- restoring

    def recalled(self, answer: Recalled) -> None:
        """The store has told what stood on the screen, or a part of it."""
        restoring = self._restoring
        if restoring is None or not restoring.fits(answer):
            return
        if answer.checkpoint is not None:
            self._load(answer.checkpoint)
        for body in answer.bodies:
            self._logged(body)
        restoring.took(answer)
        self._replies.clear()
        header = self._worker.ring.header
        if not self.on:
            self._restoring = None
        elif restoring.done(header.tail_seq):
            self._restoring = None
            self._todo = [record for record in self._worker.ring.records() if record.seq > restoring.fed]
            log.info("event=screen-restored sid=%s seq=%d", self._worker.sid.hex(), header.next_seq - 1)
        else:
            restoring.upto = header.acked

    def _load(self, checkpoint: Checkpoint) -> bool:
        """Begin with a checkpoint. False when it can't be used."""
        try:
            data = zlib.decompress(checkpoint.data)
        except zlib.error:
            return False
        self._screen = None
        self._pace = Checkpointing()
        self._size = checkpoint.cols, checkpoint.rows
        screen = self._made()
        if screen is None:
            return False
        with danger.At(self._worker.ring, checkpoint.offset):
            screen.feed(data)
        self._replies.clear()
        return True

    def _logged(self, body: bytes | memoryview) -> None:
        try:
            event = decode_body(body)
        except WireError:
            return
        if isinstance(event, Output):
            self._feed(event.offset, event.data)
        elif isinstance(event, Created | Resized):
            self._sized(event.cols, event.rows)

    # -- feeding

    def _feed(self, offset: int, data: bytes | memoryview) -> None:
        screen = self._made()
        if screen is None:
            return
        asked_before = len(self._replies)
        with danger.At(self._worker.ring, offset):
            screen.feed(data)
        if offset < self._answer_from:
            del self._replies[asked_before:]
        self._pace.fed(len(data), monotonic())

    def _sized(self, cols: int, rows: int) -> None:
        self._size = cols, rows
        if self._screen is not None:
            self._screen.resize(cols, rows)

    def _made(self) -> Screen | None:
        """The model, made when it is first needed: a session that has said nothing has none."""
        if self._screen is None and self.on:
            try:
                with danger.At(self._worker.ring, self._worker.ring.header.offset):
                    self._screen = _ready.pop() if _ready else Screen(*self._size, on_reply=_unheard)
                    self._screen.begin(*self._size, self._worker.kept.scrollback_lines, self._replies.append)
            except ScreenUnavailable as error:
                self._give_up(error.message)
        return self._screen

    # -- checkpoints

    def _checkpoint(self, history: int) -> Checkpoint:
        screen = self._screen
        if screen is None:
            raise AssertionError("a checkpoint of no screen")
        header = self._worker.ring.header
        lines = min(history, screen.history_size())
        data = zlib.compress(_fitting(screen, lines), _ZLIB_LEVEL)
        return Checkpoint(header.next_seq - 1, now_us(), header.offset, screen.cols, screen.rows, data, lines)

    def _send_checkpoint(self, now: float) -> None:
        self._pace.made(now)
        try:
            made = self._checkpoint(CHECKPOINT_LINES)
        except Exception:  # see `answer`
            log.exception("event=screen-failed sid=%s", self._worker.sid.hex())
            return
        frame = encode(self._worker.sid, made)
        if len(made.data) <= SNAPSHOT_BYTES_MAX and not self._worker.send_store(made.seq, frame):
            self._outgoing = made.seq, frame

    # -- without

    def _count_crashes(self) -> None:
        worker = self._worker
        count = danger.count(worker.ring, worker.kept)
        if not count:
            return
        log.error("event=emulator-crash sid=%s offset=%d count=%d", worker.sid.hex(), worker.kept.crash_offset, count)
        if count >= danger.CRASHES_MAX:
            worker.kept.emulator = "failed"
            self._give_up("the terminal emulator failed again and again at one place")
        else:
            worker.save()

    def _give_up(self, why: str) -> None:
        """Go on without a model, and say so."""
        worker = self._worker
        self.on = False
        self._screen, self._restoring, self._todo = None, None, []
        log.error("event=no-screen sid=%s reason=%r", worker.sid.hex(), why)
        worker.note("no-screen", f"The session goes on without a model of its screen: {why}")
        worker.change(screen=False)


def warm_up() -> None:
    """Do once what every model does, for processes that are forked from this one. ScreenUnavailable where there is no
    emulator."""
    screen = Screen(80, 24, on_reply=lambda _reply: None)
    screen.feed(b"\x1b[5nwarm\r\n" * 30)
    screen.resize(100, 30)
    screen.snapshot(CHECKPOINT_LINES)
    screen.compress()
    screen.close()


def make_ready() -> None:
    """Make the model of the first session in advance, in the process from which workers are forked."""
    _ready.append(Screen(80, 24, on_reply=_unheard))


def _unheard(_reply: bytes) -> None:
    """What answers a model that is nobody's yet: never called, because nothing is fed to it."""


def _fitting(screen: Screen, history: int) -> bytes:
    """The snapshot with as many of `history` lines as fit into a message."""
    data = screen.snapshot(history)
    while len(data) > SNAPSHOT_BYTES_MAX and history:
        history //= 2
        data = screen.snapshot(history)
    return data
