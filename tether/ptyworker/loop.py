"""The worker's loop: moves bytes and time between the terminal, the ring, the bus and the spawner.

Output: terminal -> ring -> PUB and store. Input: broker -> ring -> terminal. One thread, one poll;
an idle worker has no timer and sleeps in the kernel.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether import secret_files
from tether.clock import monotonic, now_us
from tether.paths import WorkerPaths
from tether.ptyworker import recording, state
from tether.ptyworker.beside import Beside
from tether.ptyworker.coalescing import Coalescing
from tether.ptyworker.delivery import Delivery
from tether.ptyworker.ending import Ending
from tether.ptyworker.holder import HolderLink
from tether.ptyworker.inbox import Inbox
from tether.ptyworker.lane import LaneServer
from tether.ptyworker.loan import Loan
from tether.ptyworker.model import Model
from tether.ptyworker.sockets import Sockets
from tether.ptyworker.state import WorkerState
from tether.ptyworker.steering import Steering
from tether.ptyworker.stopping import LOOK_S
from tether.ptyworker.terminal import AgentTerminal
from tether.ring import Record, Ring
from tether.wire import PROTOCOL, WireError, decode
from tether.wire.codec import encode, encode_body
from tether.wire.control import Hello, Report
from tether.wire.events import Note
from tether.wire.ids import NO_SESSION
from tether.wire.limits import OUTPUT_BYTES_MAX
from tether.wire.storing import Checkpoint, Recall, Recalled
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Grounds filled in one turn of the loop: about two events' worth.
_GROUNDS_A_TURN: Final = 4
# How long everything else waits for a key's echo. Programs that read with a driver's or a shell's speed answer within;
# others are not waited for.
_ECHO_S: Final = 0.0003
# And then for those who show it to have the processor: the copies for everybody else wake three threads more, and
# what wakes a process on a busy machine runs before it.
_SHOWN_S: Final = 0.0005
_INPUT_WRITE_MAX: Final = 4096
# Of input that the agent has not read yet: beyond it no question of its own is answered.
_REPLIES_MAX: Final = 16 * 1024


class Worker:
    """One session. `re_execute` replaces the process image and does not return."""

    def __init__(
        self,
        paths: WorkerPaths,
        sid: bytes,
        lock_fd: int,
        ring: Ring,
        kept: WorkerState,
        terminal: AgentTerminal,
        re_execute: Callable[[Worker], None],
        sockets: Sockets,
    ) -> None:
        self.paths = paths
        self.sid = sid
        self.lock_fd = lock_fd
        self.ring = ring
        self.kept = kept
        self.terminal = terminal
        self._re_execute = re_execute
        self.reload_asked = False
        self.screen_fd = -1  # for the next image of this process: see Model.hand_on
        self.start_report: tuple[int, str] | None = None  # see terminal.start_failure, and the program's name
        self.delivery = Delivery(sid, ring)
        self._coalescing = Coalescing()
        self.inbox = Inbox(kept.inputs)
        self._reading = not kept.ended
        self._hung_up = kept.ended
        self._sockets = sockets
        self.steering = Steering(self)
        self.ending = Ending(self)
        self.model = Model(self)
        self.handed: Checkpoint | None = None  # what stood on the screen, from before a re-execution
        self._again = False  # another worker had the session before
        self.loan = Loan(self)
        self.recording = recording.begin(self) if kept.record == "masked" else None
        self.beside = Beside(self)
        self._connected = False  # there is a bus; not while carrying on from another worker
        self._copies: list[tuple[Record, bytes]] | None = None  # of a key's echo, while its typist is served

    # -- life

    def run(self, spawner: socket.socket | None = None) -> None:
        """Serve until the session has ended and every event of it is durable. `spawner` is the connection over which
        the session came, if it did."""
        self._open(spawner)
        while not (self.kept.ended and self.delivery.done):
            ready = self._poller.wait(self._timeout())
            now = monotonic()
            self._serve(ready, now)
            self._timers(now)
            # Last in the turn: whoever waits for output has it by now.
            self.model.settle()
            self.model.tick(now)
            if self.reload_asked:
                self._reload()
        self._close()

    def _serve(self, ready: dict[Any, int], now: float) -> None:
        """Everything that is ready, keys and their echo first."""
        if self.loan.fd in ready:
            self.loan.ready(ready[self.loan.fd], now)
        if self.terminal.fd in ready:
            self._terminal_ready(ready[self.terminal.fd], now)
        for fd in ready:
            if isinstance(fd, int) and self.lane.owns(fd):
                self.lane.ready(fd)
        if self.steering.echoes:
            self.steering.echoes = False
            self.await_echo(now)
        if self._broker in ready:
            self._broker_ready()
        if self._store in ready:
            self._store_ready(now)
        if ready.keys() & {self._wake_r, self.ending.watched}:
            self._woken()
        if self._link_fd in ready:
            self._holder_ready(now)

    def _open(self, spawner: socket.socket | None) -> None:
        sockets = self._sockets
        self.bus, self._pub, self._poller = sockets.bus, sockets.publisher, sockets.poller
        self._store, self._broker, self._wake_r = sockets.store, sockets.broker, sockets.wake_r
        self._pub.bind(self.paths.pub(self.sid))
        self.delivery.connect(self._store, self._poller)
        self.lane = LaneServer(
            self.paths.lane(self.sid),
            self.sid,
            self._watch,
            self.delivery.backlog,
            self.steering.take_input,
            self._holder_left,
            lambda query: self.model.answer(query),
            self.loan.opening,
            self.loan.obey,
        )
        self._holder = HolderLink(self.paths.spawner, self.sid.hex(), self.terminal.fd, self.terminal.slave, spawner)
        self._link_fd = -1
        self._connect_holder(monotonic())
        self.poll_terminal()
        self._connected = True
        self.model.begin(self.handed, again=self._again)
        self.handed = None
        self.kept.view = msgspec.structs.replace(self.kept.view, screen=self.model.on)
        self.ending.watch()
        if self.ending.watched >= 0:
            self._poller.add(self.ending.watched)
        self._woken()

    def _woken(self) -> None:
        """A child died, ours or one that came to us."""
        while True:
            try:
                os.read(self._wake_r, 512)
            except BlockingIOError:
                break
        self.ending.look()

    def unwatch(self, fd: int) -> None:
        """Poll `fd` no more."""
        self._poller.remove(fd)

    def watch(self, fd: int, *, read: bool, write: bool) -> None:
        """Poll `fd` for what is wanted of it now."""
        if read or write:
            self._poller.add(fd, read=read, write=write)
        else:
            self._poller.remove(fd)

    def _holder_left(self, client: bytes) -> None:
        self.loan.drop()
        self.steering.say_taken(client)

    def _watch(self, fd: int, write: bool | None) -> None:
        if write is None:
            self._poller.remove(fd)
        else:
            self._poller.add(fd, write=write)

    def _close(self) -> None:
        self.terminal.close_all()
        self.lane.close()
        self.bus.close()
        for path in self.paths.files(self.sid):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        # Last: a worker that is killed in here has not said it, and the spawner removes what it left.
        self._holder.tell("end")
        log.info("event=session-ended sid=%s state=%s", self.sid.hex(), self.kept.view.state)

    def _reload(self) -> None:
        if self.recording is not None:
            self.recording.finish()
            self._read_all(monotonic())
        self.flush()
        self.loan.give_back("reload")
        self.save()
        self.screen_fd = self.model.hand_on()
        self.lane.close()
        self.bus.close()
        self._holder.close()
        if self.start_report is not None:
            os.close(self.start_report[0])
        self._re_execute(self)

    def carried_on(self, *, recovered: bool, found: int) -> None:
        """Say in the log that another worker took over; `found` bytes were saved from a read under way."""
        self._again = True
        self.flush()
        self.kept.view = msgspec.structs.replace(self.kept.view, worker_pid=os.getpid())
        if self.kept.ended:
            return
        header = self.ring.header
        if recovered:
            self.note("recovered", f"The session's worker was replaced; {found} bytes were saved from a read under way")
        else:
            self.note("upgraded", "The session's worker runs the code that is installed now")
        if header.input_writing:
            self.note("input-uncertain", f"{header.input_writing} typed bytes may or may not have reached the agent")
            self.ring.input_done(header.input_writing)
        if self.kept.stop is not None:
            self.steering.begin_stop(self.kept.stop.by, self.kept.stop.grace_s, 0)
        self.save()

    def save(self) -> None:
        """Write what the next worker needs into the ring."""
        self.kept.inputs = self.inbox.remembered()
        self.ring.write_state(state.dump(self.kept))

    # -- output

    def _terminal_ready(self, bits: int, now: float) -> None:
        if bits & 2:
            self.write_input()
        if bits & ~2:
            self._read(now)

    def _read(self, now: float) -> int:
        """Read what the terminal has, up to one turn's worth; make it an event if it is time. Returns bytes read."""
        ring = self.ring
        total = 0
        for _ in range(_GROUNDS_A_TURN):
            if not self._reading or self.loan.blocked:
                break
            if not ring.room():
                self._set_reading(False)
                self._report_stall()
                break
            ground = ring.ground()
            size = (self.recording or self.terminal).read_into(ground)
            if size <= 0:
                if size < 0:
                    self._hung_up = True
                    self._set_reading(False)
                break
            ring.note(size, now_us())
            total += size
            if ring.header.pending >= OUTPUT_BYTES_MAX:
                self.flush(now)
            if size < len(ground):
                break
        self.loan.show()
        if ring.header.pending and self._coalescing.due(now):
            self.flush(now)
        return total

    def flush(self, now: float | None = None) -> None:
        """Make an event of what was read."""
        self.loan.show()
        record = self.ring.seal()
        if record is not None:
            self._coalescing.flushed(monotonic() if now is None else now)
            self._added(record)

    def event(self, make: Callable[[int, int], msgspec.Struct]) -> None:
        """Append the event `make(seq, ts)` behind everything that was read. Nothing follows the session's end."""
        if self.kept.ended:
            return
        self.flush()
        ts = now_us()
        body = encode_body(make(self.ring.header.next_seq, ts))
        if self.ring.room(len(body)):
            self._added(self.ring.append(body, ts))
        else:
            log.error("event=event-dropped sid=%s reason='the log can not be written'", self.sid.hex())

    def note(self, code: str, text: str) -> None:
        """Append a Note."""
        self.event(lambda seq, ts: Note(seq, ts, code, text))

    def _added(self, record: Record) -> None:
        if not self._connected:
            self.delivery.add(record)
            return
        frame = self.delivery.frame(record)
        # The holder first: it is the one who waits for its key's echo.
        self.loan.event(record, frame)
        self.delivery.add(record)
        self.model.added(record)
        if self._copies is not None:
            self._copies.append((record, frame))
        else:
            self._copy(record, frame)

    def _copy(self, record: Record, frame: bytes) -> None:
        """To everybody else, and into the log."""
        self._pub.send(frame)
        self.delivery.send(record.seq, frame)
        if record.output:
            self.beside.said(record.data)

    def drain(self, now: float) -> bool:
        """Read what is left in the terminal. False while there is no room for it."""
        self.loan.give_back("ended")
        if not self._hung_up and not self._reading and self.ring.room():
            self._set_reading(True)
        self._read_all(now)
        return self.ring.room()

    def _read_all(self, now: float) -> None:
        while self._reading and self._read(now):
            pass

    def hang_up(self) -> None:
        """Read no more."""
        if self.recording is not None:
            self.recording.finish()
            self._read_all(monotonic())
        self._hung_up = True
        self._set_reading(False)
        self._poller.remove(self.terminal.fd)

    def _set_reading(self, reading: bool) -> None:
        self._reading = reading
        self.poll_terminal()

    def poll_terminal(self) -> None:
        """Wait for what is wanted of the terminal now: its output, if nobody holds it back, and room for input."""
        reading = self._reading and not self.loan.blocked
        writing = self.ring.header.input_head > self.ring.header.input_tail
        if reading or writing:
            self._poller.add(self.terminal.fd, read=reading, write=writing)
        else:
            self._poller.remove(self.terminal.fd)

    def _report_stall(self) -> None:
        reason = self.delivery.stalled or "the log can't be written at the moment; the agent waits"
        self.change(state="stalled", detail=reason)

    # -- the store

    def _store_ready(self, now: float) -> None:
        messages: list[Any] = []
        while (frame := self._store.receive()) is not None:
            message = self._decoded(frame)
            if isinstance(message, Recalled):
                self.model.recalled(message)
            else:
                messages.append(message)
        if self.delivery.ready(messages, now) and not self._reading and not self._hung_up and self.ring.room():
            self._set_reading(True)
            if self.kept.view.state == "stalled":
                self.change(state="running", detail="")

    def _decoded(self, frame: bytes) -> Any:
        try:
            sid, message = decode(frame)
        except WireError as error:
            log.warning("event=bad-frame sid=%s reason=%s", self.sid.hex(), error)
            return None
        return message if sid in (self.sid, NO_SESSION) else None

    def send_store(self, seq: int, frame: bytes) -> bool:
        """Send what belongs behind event `seq`; False while that one is not sent, or nothing can be."""
        return self.delivery.has_sent(seq) and self._store.send(frame)

    @property
    def store_connected(self) -> bool:
        """True while there is a store to ask."""
        return self._store.connected

    def ask_store(self, question: Recall) -> None:
        """Ask the store; it may be gone."""
        self._store.send(encode(self.sid, question))

    # -- the broker

    def _broker_ready(self) -> None:
        if self._broker.drain_monitor():
            self.hello()
        while (frame := self._broker.receive()) is not None:
            message = self._decoded(frame)
            if message is not None:
                self.steering.obey(message)

    def hello(self) -> None:
        """Introduce the session to a broker that is new, or asks for it."""
        token = secret_files.read(self.paths.bus_token) or ""
        self.tell_broker(Hello(PROTOCOL, "worker", token, self.view(), recovered=self._again))

    def tell_broker(self, message: msgspec.Struct) -> None:
        """Send; a broker that is away learns the state from the next Hello."""
        self._broker.send(encode(self.sid, message))

    def view(self) -> SessionView:
        """The session as it stands now."""
        header = self.ring.header
        return msgspec.structs.replace(
            self.kept.view, seq=header.next_seq - 1, offset=header.offset + header.pending, epoch=header.epoch
        )

    def change(self, **fields: Any) -> None:
        """Change the session's view, keep it for the next worker, and report it."""
        if "state" in fields and fields["state"] != self.kept.view.state:
            fields.setdefault("since", now_us())
        self.kept.view = msgspec.structs.replace(self.kept.view, **fields)
        self.save()
        if self._connected:
            self.tell_broker(Report(self.view()))

    # -- input

    def write_input(self) -> None:
        """Write queued input until the terminal takes no more."""
        ring = self.ring
        while view := ring.next_input(_INPUT_WRITE_MAX):
            ring.input_intent(len(view))
            written = self.terminal.write_some(view)
            ring.input_done(written)
            self._coalescing.typed()
            if written < len(view):
                break
        self.poll_terminal()
        self.loan.room_again()
        self.steering.feed()

    def reply(self, data: bytes) -> None:
        """Type what the terminal answers to a program's question. One that asks and does not read gets no more answers:
        they must not keep out what a person types."""
        waiting = self.ring.header.input_head - self.ring.header.input_tail
        if not self.kept.agent_gone and waiting + len(data) <= _REPLIES_MAX and self.ring.queue_reply(data):
            self.write_input()

    def await_echo(self, now: float) -> None:
        """Wait a moment for the echo of what was just written, and show it before anything else is done: that saves it
        one turn of the loop."""
        fd = self.terminal.fd
        if not self._reading or not select.select([fd], [], [], _ECHO_S)[0]:
            return
        copies = self._copies = []
        self._read(now)
        self._copies = None
        if copies:
            select.select([fd, *self.lane.fds], [], [], _SHOWN_S)
        for record, frame in copies:
            self._copy(record, frame)

    # -- time and the spawner

    def _timeout(self) -> float | None:
        now = monotonic()
        waits: list[float | None] = [
            self.delivery.wait(),
            self.ending.wait(now),
            self.lane.wait(now),
            self.loan.wait(now),
            self.model.wait(now),
            self.steering.bursts.wait_s(now),
            self.recording.wait(now) if self.recording is not None and self._reading else None,
        ]
        if self.ring.header.pending:
            waits.append(self._coalescing.wait(now))
        if self._link_fd < 0:
            waits.append(max(0.0, self._holder.retry_at - now))
        if self.steering.stopping is not None:
            waits.append(LOOK_S)
        return min((wait for wait in waits if wait is not None), default=None)

    def _timers(self, now: float) -> None:
        if self.recording is not None and self.recording.due(now):
            self._read(now)
        if self.ring.header.pending and self._coalescing.due(now):
            self.flush(now)
        self.delivery.tick(now)
        self.lane.tick(now)
        self.loan.tick(now)
        if self._link_fd < 0 and now >= self._holder.retry_at:
            self._connect_holder(now)
        self.steering.tick(now)
        self.ending.tick(now)

    def _connect_holder(self, now: float) -> None:
        agent = 0 if self.kept.agent_gone else self.kept.view.agent_pid
        if self._holder.connect(agent, now):
            self._link_fd = self._holder.fileno()
            self._poller.add(self._link_fd)

    def _holder_ready(self, now: float) -> None:
        fd = self._link_fd
        for line in self._holder.receive(now):
            if line.get("op") == "agent_exit" and line.get("pid") == self.kept.view.agent_pid:
                self.ending.ended(int(line["status"]))
        if self._holder.fileno() < 0:
            self._poller.remove(fd)
            self._link_fd = -1
