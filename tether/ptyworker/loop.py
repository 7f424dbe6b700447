"""The worker's loop: moves bytes and time between the terminal, the ring, the bus and the spawner.

Output: terminal -> ring -> PUB and store. Input: broker -> ring -> terminal. One thread, one poll;
an idle worker has no timer and sleeps in the kernel.
"""

from __future__ import annotations

import logging
import os
import select
import signal
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether import secret_files
from tether.bus import Bus, Poller
from tether.clock import monotonic, now_us
from tether.paths import Paths
from tether.ptyworker import kin, state
from tether.ptyworker.coalescing import Coalescing
from tether.ptyworker.holder import HolderLink
from tether.ptyworker.inbox import Inbox
from tether.ptyworker.lane import LaneServer
from tether.ptyworker.outflow import Outflow
from tether.ptyworker.state import WorkerState
from tether.ptyworker.steering import Steering
from tether.ptyworker.terminal import AgentTerminal, start_failure
from tether.ring import Record, Ring
from tether.wire import PROTOCOL, WireError, decode
from tether.wire.codec import encode, encode_body
from tether.wire.control import Hello, Report
from tether.wire.events import Exited, Note
from tether.wire.ids import NO_SESSION
from tether.wire.limits import OUTPUT_BYTES_MAX
from tether.wire.storing import Ack, Nak, Stalled, Sync
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Reads in one turn of the loop: about one event's worth at the 4 KiB that the kernel gives at a time.
_READS_A_TURN: Final = 8
_INPUT_WRITE_MAX: Final = 4096
# Events that are not durable yet and are sent to a holder that comes in, in bytes.
_BACKLOG_BYTES_MAX: Final = 128 * 1024
# After the agent's end: how long output of processes that it left behind is still taken.
_LATE_OUTPUT_S: Final = 0.5
# After the agent's end: how long its parent, if that is not this worker, may take to tell its status.
_STATUS_WAIT_S: Final = 1.0


class Worker:
    """One session. `re_execute` replaces the process image and does not return."""

    def __init__(
        self,
        paths: Paths,
        sid: bytes,
        lock_fd: int,
        ring: Ring,
        kept: WorkerState,
        terminal: AgentTerminal,
        re_execute: Callable[[Worker], None],
    ) -> None:
        self.paths = paths
        self.sid = sid
        self.lock_fd = lock_fd
        self.ring = ring
        self.kept = kept
        self.terminal = terminal
        self._re_execute = re_execute
        self.reload_asked = False
        self.start_report: tuple[int, str] | None = None  # see terminal.start_failure, and the program's name
        header = ring.header
        self._records: dict[int, Record] = {r.seq: r for r in ring.records()}
        self._outflow = Outflow(header.acked, header.next_seq)
        self._coalescing = Coalescing()
        self.inbox = Inbox(kept.inputs)
        self._reading = not kept.ended
        self._late_until: float | None = None
        self._stalled = ""
        self._wake_r, self._wake_w = os.pipe()
        self._pidfd = -1
        self._gone_at: float | None = None
        self.steering = Steering(self)

    # -- life

    def run(self) -> None:
        """Serve until the session has ended and every event of it is durable."""
        self._open()
        while not (self.kept.ended and not self._outflow.unacknowledged):
            ready = self._poller.wait(self._timeout())
            now = monotonic()
            if self.terminal.fd in ready:
                self._terminal_ready(ready[self.terminal.fd], now)
            for fd in ready:
                if isinstance(fd, int) and self.lane.owns(fd):
                    self.lane.ready(fd)
            if self._broker in ready:
                self._broker_ready()
            if self._store in ready:
                self._store_ready(now)
            if ready.keys() & {self._wake_r, self._pidfd}:
                self._children()
            if self._link_fd in ready:
                self._holder_ready(now)
            self._timers(now)
            if self.reload_asked:
                self._reload()
        self._close()

    def _open(self) -> None:
        os.set_blocking(self._wake_r, False)
        os.set_blocking(self._wake_w, False)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.bus = Bus()
        self._pub = self.bus.publisher(self.paths.worker_pub(self.sid))
        self._store = self.bus.dealer(self.paths.store, monitored=True)
        self._broker = self.bus.dealer(self.paths.broker, monitored=True)
        self._poller = Poller()
        for dealer in (self._store, self._broker):
            self._poller.add(dealer)
            self._poller.add_monitor(dealer)
        self._poller.add(self._wake_r)
        self.lane = LaneServer(
            self.paths.worker_lane(self.sid),
            self.sid,
            self._watch,
            self._backlog,
            self.steering.take_input,
            self.steering.say_taken,
        )
        self._holder = HolderLink(self.paths.spawner, self.sid.hex(), self.terminal.fd, self.terminal.slave)
        self._link_fd = -1
        self._connect_holder(monotonic())
        if self._reading:
            self._poller.add(self.terminal.fd)
        self._watch_agent()
        self._children()

    def _watch(self, fd: int, write: bool | None) -> None:
        if write is None:
            self._poller.remove(fd)
        else:
            self._poller.add(fd, write=write)

    def _watch_agent(self) -> None:
        """An agent that is not our child (its worker died) is watched by a pidfd where there is one."""
        pid = self.kept.view.agent_pid
        if pid and not self.kept.agent_gone and hasattr(os, "pidfd_open"):
            if self.kept.agent_start and kin.start_time(pid) not in (0, self.kept.agent_start):
                self.agent_ended(None)  # the number was given to another process
                return
            try:
                self._pidfd = os.pidfd_open(pid)
            except OSError:
                self._doubt(monotonic())
                return
            self._poller.add(self._pidfd)

    def _doubt(self, now: float) -> None:
        """The agent is gone: a parent of it, here or the spawner, will say how it ended, or nobody can."""
        if not self.kept.agent_gone:
            self._gone_at = now + _STATUS_WAIT_S

    def _close(self) -> None:
        self._holder.tell("end")
        self.terminal.close_all()
        self.lane.close()
        self.bus.close()
        for path in (self.paths.worker_pub(self.sid), self.paths.ring(self.sid), self.paths.worker_lock(self.sid)):
            path.unlink(missing_ok=True)
        log.info("event=session-ended sid=%s state=%s", self.sid.hex(), self.kept.view.state)

    def _reload(self) -> None:
        self.flush()
        self.save()
        self.lane.close()
        self.bus.close()
        self._holder.close()
        if self.start_report is not None:
            os.close(self.start_report[0])
        self._re_execute(self)

    def carried_on(self, *, recovered: bool, found: int) -> None:
        """Say in the log that another worker took over; `found` bytes were saved from a read under way."""
        self.flush()
        self.kept.view = msgspec.structs.replace(self.kept.view, worker_pid=os.getpid())
        header = self.ring.header
        self._outflow = Outflow(header.acked, header.next_seq)
        self._records = {r.seq: r for r in self.ring.records()}
        if self.kept.ended:
            return
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
        if self._reading and bits & ~2:
            self._read(now)

    def _read(self, now: float) -> int:
        """Read what the terminal has, up to one turn's worth; make it an event if it is time. Returns bytes read."""
        ring = self.ring
        total = 0
        for _ in range(_READS_A_TURN):
            if not ring.room():
                self._set_reading(False)
                self._report_stall()
                break
            size = self.terminal.read_into(ring.ground())
            if size <= 0:
                if size < 0:
                    self._set_reading(False)
                break
            ring.note(size, now_us())
            total += size
            if ring.header.pending >= OUTPUT_BYTES_MAX:
                self.flush(now)
        if ring.header.pending and self._coalescing.due(now):
            self.flush(now)
        return total

    def flush(self, now: float | None = None) -> None:
        """Make an event of what was read."""
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
        self._records[record.seq] = record
        self._outflow.added(record.seq)
        if not hasattr(self, "_pub"):
            return  # carrying on: nobody listens yet, and the store asks
        frame = self.sid + self.ring.body(record)
        # The holder first: it is the one who waits for its key's echo.
        self.lane.publish(frame)
        self._pub.send(frame)
        if self._outflow.next_to_send() == record.seq and self._store.send(frame):
            self._outflow.sent(monotonic())
        else:
            self._pump(monotonic())

    def _pump(self, now: float) -> None:
        """Send the store what it does not have, as far as the connection takes it."""
        while (seq := self._outflow.next_to_send()) is not None:
            if not self._store.send(self.sid + self.ring.body(self._records[seq])):
                self._poller.add(self._store, write=self._store.connected)
                return
            self._outflow.sent(now)
        self._poller.add(self._store)

    def _backlog(self) -> tuple[int, list[bytes]]:
        """What a holder that comes in finds in no log yet; nothing when it is so much that the log is better."""
        header = self.ring.header
        if header.head - header.tail > _BACKLOG_BYTES_MAX:
            return header.next_seq, []
        first = self._outflow.durable + 1
        return first, [self.sid + self.ring.body(self._records[seq]) for seq in range(first, header.next_seq)]

    def _set_reading(self, reading: bool) -> None:
        self._reading = reading
        self._poll_terminal()

    def _poll_terminal(self) -> None:
        writing = self.ring.header.input_head > self.ring.header.input_tail
        if self._reading or writing:
            self._poller.add(self.terminal.fd, read=self._reading, write=writing)
        else:
            self._poller.remove(self.terminal.fd)

    def _report_stall(self) -> None:
        reason = self._stalled or "the log can't be written at the moment; the agent waits"
        self.change(state="stalled", detail=reason)

    # -- the store

    def _store_ready(self, now: float) -> None:
        if self._store.drain_monitor():
            self._outflow.disconnected()
            self._sync(now)
        elif not self._store.connected:
            self._outflow.disconnected()
            self._poller.add(self._store)
        while (frame := self._store.receive()) is not None:
            message = self._decoded(frame)
            if isinstance(message, Ack):
                self._acknowledged(message, now)
            elif isinstance(message, Nak):
                self._outflow.nacked(message.next, message.boot, now)
            elif isinstance(message, Stalled):
                self._stalled = message.reason
        self._pump(now)

    def _sync(self, now: float) -> None:
        header = self.ring.header
        self._outflow.asked(now)
        self._store.send(encode(self.sid, Sync(PROTOCOL, header.tail_seq, header.next_seq)))

    def _acknowledged(self, ack: Ack, now: float) -> None:
        first = self._outflow.durable + 1
        gained = self._outflow.acked(ack.upto, ack.boot, now)
        if not gained:
            return
        end = 0
        for seq in range(first, first + gained):
            end = self._records.pop(seq).end
        self.ring.release(first + gained - 1, end)
        if not self._reading and not self.kept.ended and not self.kept.agent_gone and self.ring.room():
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
        self.tell_broker(Hello(PROTOCOL, "worker", token, self.view(), recovered=False))

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
        if hasattr(self, "_broker"):
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
        self._poll_terminal()
        self.steering.feed()

    # -- the agent's end

    def _children(self) -> None:
        """Collect dead children: the agent, and orphans of its that came to us."""
        while True:
            try:
                os.read(self._wake_r, 512)
            except BlockingIOError:
                break
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == self.kept.view.agent_pid:
                self.agent_ended(status)
        if self._pidfd >= 0 and select.select([self._pidfd], [], [], 0)[0]:
            self._poller.remove(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
            self._doubt(monotonic())

    def agent_ended(self, status: int | None) -> None:
        """The agent's process is gone; `status` as of waitpid(2), None when nobody could collect it."""
        if self.kept.agent_gone:
            return
        self.kept.agent_gone, self.kept.agent_status = True, status
        self._gone_at = None
        self.save()
        self._late_until = monotonic() + _LATE_OUTPUT_S

    def _finish(self) -> None:
        """Everything is read: the session's last event."""
        if self.start_report is not None:
            failure = start_failure(self.start_report[0])
            if failure:
                self.note("not-started", f"{self.start_report[1]} could not be started: {failure}")
        status = self.kept.agent_status
        code = os.waitstatus_to_exitcode(status) if status is not None else None
        exit_code = code if code is not None and code >= 0 else None
        exit_signal = -code if code is not None and code < 0 else None
        by = self.kept.stop.by if self.kept.stop is not None else ""
        self._set_reading(False)
        self._poller.remove(self.terminal.fd)
        self.event(lambda seq, ts: Exited(seq, ts, exit_code, exit_signal, by))
        self.kept.ended = True
        self.change(
            state="stopped" if by else "exited",
            ended=now_us(),
            exit_code=exit_code,
            exit_signal=exit_signal,
            stopped_by=by,
            detail=""
            if status is not None
            else "its exit status is not known: its worker and the spawner died before it",
        )

    def _try_finish(self, now: float) -> None:
        """After the agent's end: take what is left of its output, and wait a moment for processes it left behind."""
        if self._late_until is None or self.kept.ended:
            return
        while self._reading and self._read(now):
            pass
        left = self.steering.members()
        if not self.ring.room():
            return
        if now >= self._late_until or not left:
            if self.steering.stopping is not None and not self.steering.stopping.over(now, len(left)):
                return
            self._finish()

    # -- time and the spawner

    def _timeout(self) -> float | None:
        now = monotonic()
        waits: list[float] = []
        if self.ring.header.pending:
            waits.append(self._coalescing.wait(now))
        if self._outflow.unacknowledged and self._store.connected:
            waits.append(1.0)
        if self._link_fd < 0:
            waits.append(max(0.0, self._holder.retry_at - now))
        if self._gone_at is not None:
            waits.append(max(0.0, self._gone_at - now))
        if (self._late_until is not None and not self.kept.ended) or self.steering.stopping is not None:
            waits.append(0.05)
        return min(waits) if waits else None

    def _timers(self, now: float) -> None:
        if self.ring.header.pending and self._coalescing.due(now):
            self.flush(now)
        if self._outflow.silent(now) and self._store.connected:
            self._sync(now)
        if self._link_fd < 0 and now >= self._holder.retry_at:
            self._connect_holder(now)
        if self._gone_at is not None and now >= self._gone_at:
            self._gone_at = None
            self.agent_ended(None)
        self.steering.tick(now)
        self._try_finish(now)

    def _connect_holder(self, now: float) -> None:
        agent = 0 if self.kept.agent_gone else self.kept.view.agent_pid
        if self._holder.connect(agent, now):
            self._link_fd = self._holder.fileno()
            self._poller.add(self._link_fd)

    def _holder_ready(self, now: float) -> None:
        fd = self._link_fd
        for line in self._holder.receive(now):
            if line.get("op") == "agent_exit" and line.get("pid") == self.kept.view.agent_pid:
                self.agent_ended(int(line["status"]))
        if self._holder.fileno() < 0:
            self._poller.remove(fd)
            self._link_fd = -1
