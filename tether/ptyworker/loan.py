"""The holder's terminal on loan: a key goes from it to the agent and its echo back through this process alone.

The holder lends it over its lane (docs/adr/0013). What the agent writes is written to it right after the read, before
the copy to the bus; what is typed is read straight into the ring. A terminal that takes less than it is offered holds
the agent back, as a real one does, but not for ever: after a second it is left out, and given back when it is ready
again. Nothing typed is interpreted here: where it might be meant for Tether, the holder gets terminal and typing back.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tether.clock import monotonic
from tether.loanmarks import TYPED_READ_MAX
from tether.modes import Modes, guardian_line
from tether.ring import Record
from tether.screen.unasked import Unasked, without_replies
from tether.wire.codec import encode
from tether.wire.control import LaneAsk, LaneBack, LaneOpen, LaneShown, LaneTerminal
from tether.wire.limits import LOAN_BACKLOG_MAX, LOAN_UNSHOWN_MAX

if TYPE_CHECKING:
    from tether.ptyworker.loop import Worker

# A terminal that takes nothing for this long holds the agent back no more.
STALL_S: Final = 1.0
# A holder's sign of life is due every three seconds; one that is stopped must not have its shell's keys read.
SILENT_S: Final = 10.0
# So much at once is no typing: pasted text goes the way that splits, numbers and limits it.
PASTE_BYTES: Final = 1024
_WRITE_MAX: Final = 64 * 1024
_CUT: Final = rb"\x1b(?:\[[0-9:;]{0,40})?\Z"


def stops(keys: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """What a chunk of typing may not hold if it is to be taken: any of `keys`, or a sequence's beginning at its end."""
    return re.compile(b"|".join([*map(re.escape, keys), _CUT])) if keys else None


class Loan:
    """The terminal that one worker has from the holder of its lane; `fd` is -1 while it has none."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.fd = -1
        self._guardian = -1
        self._offer = 0
        self._client = b""
        self._seq = 0  # no event up to it goes beyond what is shown
        self._offset = 0  # end of the output that was given to the terminal
        self._unsent = bytearray()
        self._plain = True  # `_unsent` is the end of the output, byte for byte
        self._found = worker.ring.typed_found()  # by a worker before this one
        self._left_out = False
        self._skipped = 0
        self._progress_at = 0.0
        self._heard_at = 0.0
        self._listening = False
        self._modes = Modes()
        self._unasked = Unasked()
        self._restore = b""
        self._told = b""
        self._stops: re.Pattern[bytes] | None = None

    @property
    def blocked(self) -> bool:
        """True while the terminal holds the agent back."""
        return bool(self._unsent)

    # -- coming and going

    def opening(self, client: bytes, epoch: int, first: int) -> LaneOpen:
        """The first word to a holder: with it goes what became of a terminal that a worker before this one had."""
        worker = self._worker
        last_n = worker.inbox.last(client)
        left = worker.ring.loan.loan()
        back = None
        if left is not None and left.client == client:
            typed = self._found or worker.ring.typed_found()
            back = LaneBack(left.offer, "died", left.seq, left.offset, last_n, typed, sure=left.sure)
        return LaneOpen(epoch, first, 1, last_n, back)

    def obey(self, client: bytes, message: LaneTerminal | LaneAsk, fds: list[int]) -> None:
        """A word of the holder `client` about its terminal; the descriptors are ours from now on."""
        if isinstance(message, LaneTerminal):
            records = self._worker.delivery.since(message.seq)
            near = records is not None and sum(len(record.data) for record in records) <= LOAN_BACKLOG_MAX
            if records is not None and near and self._takes(fds):
                self._take(client, message, fds, records)
                return
            last_n = self._worker.inbox.last(client)
            self._say(LaneBack(message.offer, "refused", message.seq, message.offset, last_n, sure=near))
        elif message.offer == self._offer and self.fd >= 0:
            self._heard_at = monotonic()
            if message.back:
                self.give_back("asked")
            else:
                self._say(
                    LaneShown(self._offer, self._worker.ring.header.next_seq - 1, self._worker.ring.header.offset)
                )
        for fd in fds:
            os.close(fd)

    def give_back(self, reason: str, typed: bytes = b"") -> None:
        """The holder's again, with everything that it needs to go on by itself; nothing when there is no loan."""
        worker = self._worker
        if self.fd >= 0:
            worker.flush()
        if self.fd < 0:
            return  # now, or it turned out to be gone
        header = worker.ring.header
        unshown = bytes(self._unsent)
        sure = not self._left_out and len(unshown) <= LOAN_UNSHOWN_MAX
        back = LaneBack(
            self._offer, reason, header.next_seq - 1, header.offset, worker.inbox.last(self._client), typed,
            unshown if sure else b"", self._modes.told(), self._skipped, sure, self._unasked.forget(),
        )  # fmt: skip
        self.drop()
        self._say(back)

    def drop(self) -> None:
        """Let go of the terminal without a word: the holder is gone. Idempotent."""
        if self.fd < 0:
            return
        self._worker.unwatch(self.fd)
        os.close(self.fd)
        os.close(self._guardian)  # last: its end says that nothing of us comes any more
        self.fd = self._guardian = -1
        self._unsent.clear()
        self._worker.poll_terminal()

    def _takes(self, fds: list[int]) -> bool:
        worker = self._worker
        alive = not (worker.kept.ended or worker.kept.agent_gone or worker.ending.begun)
        return alive and self.fd < 0 and len(fds) == 2 and os.isatty(fds[0])

    def _take(self, client: bytes, offer: LaneTerminal, fds: list[int], records: list[Record]) -> None:
        worker = self._worker
        for fd in fds:
            os.set_blocking(fd, False)
        self.fd, self._guardian = fds
        self._offer, self._client = offer.offer, client
        self._seq, self._offset = offer.seq, offer.offset
        self._skipped, self._left_out, self._found = 0, False, b""
        self._heard_at = self._progress_at = monotonic()
        self._stops = stops(offer.keys)
        self._modes = Modes()
        self._modes.feed(offer.modes)
        self._modes.changed = False
        self._told, self._restore = self._modes.told(), self._modes.restore()
        self._unasked.forget()
        self._unasked.feed(offer.held)
        worker.ring.loan.begin(offer.offer, client, offer.seq, offer.offset)
        self._unsent += offer.unshown
        self._plain = not offer.unshown
        self._say(LaneShown(self._offer, offer.seq, offer.offset))
        for record in records:
            if record.output:
                self._put(bytes(record.data[max(0, self._offset - record.offset) :]))
                self._offset = record.offset + len(record.data)
            else:
                self.event(record, worker.delivery.frame(record))
        if self.fd >= 0:
            self._send()
            self.show()
            self._listen()

    # -- what the agent says

    def event(self, record: Record, frame: bytes) -> None:
        """There is a new event: the holder gets it unless the terminal has it already."""
        if self.fd < 0:
            self._worker.lane.publish(frame)
        elif not record.output:
            self._say(LaneShown(self._offer, record.seq - 1, record.offset))
            self._worker.lane.send(frame)

    def show(self) -> None:
        """Write what was read of the agent and is no event yet."""
        if self.fd < 0:
            return
        ring = self._worker.ring
        end = ring.header.offset + ring.header.pending
        if end > self._offset:
            data = bytes(ring.pending_from(self._offset))
            self._offset = end
            self._put(data)

    def _put(self, data: bytes) -> None:
        if self.fd < 0:
            return
        if self._left_out:
            self._skipped += len(data)
            return
        if self._worker.model.on:
            shown = self._unasked.feed(data)
            # What is held back of it is counted where it counts: with what is shown later, or is not.
            self._plain = self._plain and len(shown) == len(data)
            data = shown
        self._modes.feed(data)
        if self._modes.changed:
            self._modes.changed = False
            self._tell_modes()
        idle = not self._unsent
        self._unsent += data
        if idle:
            self._send()

    def _send(self) -> None:
        """Write what waits, as far as the terminal takes it."""
        ring = self._worker.ring
        waited = bool(self._unsent)
        ring.loan.doubt()
        while self._unsent:
            try:
                written = os.write(
                    self.fd, self._unsent if len(self._unsent) <= _WRITE_MAX else self._unsent[:_WRITE_MAX]
                )
            except BlockingIOError:
                break
            except OSError:
                self._unsent.clear()
                self.give_back("gone")
                return
            del self._unsent[:written]
            self._progress_at = monotonic()
        left = len(self._unsent)
        if not left:
            self._plain = True
            if self._offset >= ring.header.offset:
                self._seq = ring.header.next_seq - 1
        if self._plain:
            ring.loan.shown(self._seq, self._offset - left - self._unasked.held)
        if waited and left:
            self._listen()
            self._worker.poll_terminal()

    def _tell_modes(self) -> None:
        """Before modes change: the guardian hears how to undo them, the holder what they are."""
        restore = self._modes.restore()
        if restore != self._restore:
            self._restore = restore
            with contextlib.suppress(OSError):
                os.write(self._guardian, guardian_line(restore, monotonic()))
        told = self._modes.told()
        if told != self._told:
            self._told = told
            self._say(LaneShown(self._offer, self._seq, self._offset, told))

    # -- what is typed, and what the terminal takes

    def ready(self, bits: int, now: float) -> None:
        """The terminal can be read (bit 1) or written (bit 2). What is typed comes first."""
        if bits & ~2:
            self._read(now)
        if self.fd >= 0 and bits & 2:
            if self._left_out:
                self.give_back("behind")
                return
            self._send()
            if self.fd >= 0 and not self._unsent:
                self._listen()
                self._worker.poll_terminal()

    def room_again(self) -> None:
        """Input was written to the agent: there may be room for more."""
        if self.fd >= 0 and not self._listening:
            self._listen()

    def wait(self, now: float) -> float | None:
        """Seconds until `tick` has something to do."""
        return max(0.0, self._progress_at + STALL_S - now) if self._unsent else None

    def tick(self, now: float) -> None:
        """Leave out a terminal that has taken nothing for too long: the agent goes on."""
        if self._unsent and now - self._progress_at >= STALL_S:
            self._left_out = True
            self._skipped = len(self._unsent)
            self._unsent.clear()
            self._worker.ring.loan.doubt()
            self._worker.poll_terminal()

    def _read(self, now: float) -> None:
        worker = self._worker
        ring = worker.ring
        if now - self._heard_at > SILENT_S:
            self.give_back("silent")
            return
        if ring.input_room() < TYPED_READ_MAX:
            self._listen()
            return
        ground = ring.typed_ground()
        try:
            size = os.readv(self.fd, [ground])
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self.give_back("gone")
            return
        data = bytes(ground[:size])
        if (
            size >= PASTE_BYTES
            or (self._stops is not None and self._stops.search(data))
            or without_replies(data) != data
        ):
            self.give_back("keys", data)
            return
        if self._client != ring.header.last_client:
            worker.save()  # the header remembers one client's number; the others' are in the state
        n = worker.inbox.last(self._client) + 1
        ring.take_typed(size, self._client, n)
        worker.inbox.took(self._client, n)
        worker.write_input()
        worker.await_echo(now)
        worker.steering.note_typed(self._client, size)

    def _is_typing(self, data: bytes) -> bool:
        """True for what goes to the agent as it is: no paste, nothing for Tether, no answer of the terminal's own."""
        meant_for_us = self._stops is not None and self._stops.search(data)
        return len(data) < PASTE_BYTES and not meant_for_us and without_replies(data) == data

    def _listen(self) -> None:
        """Poll the terminal for what it is wanted for."""
        self._listening = self._worker.ring.input_room() >= TYPED_READ_MAX
        self._worker.watch(self.fd, read=self._listening, write=bool(self._unsent) or self._left_out)

    def _say(self, message: LaneBack | LaneShown) -> None:
        self._worker.lane.send(encode(self._worker.sid, message))
