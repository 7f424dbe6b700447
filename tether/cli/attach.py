"""The native attachment: one loop between a terminal, the broker, the worker and the log. What it decides is next door.

What is typed comes first in every turn: a key is one read and one send, its echo one receive and one write.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tether.bus import BrokerClient, Bus, Poller
from tether.cli import detachkeys
from tether.cli.detachkeys import Act, Keys
from tether.cli.display import Display
from tether.cli.feed import JUMP_BYTES, Feed
from tether.cli.loan import Lending
from tether.cli.rawtty import Terminal, window_size
from tether.cli.uplink import Uplink, Wish
from tether.clock import monotonic
from tether.errors import NO_GATEWAY, SESSION_LOST, TetherError
from tether.paths import Paths
from tether.screen.unasked import Unasked, without_replies
from tether.settings import Settings
from tether.wire.events import Event, Exited, Lost, Output, Resized
from tether.wire.views import ENDED, SessionView

if TYPE_CHECKING:
    from tether.cli.veil import Veil

_READ: Final = 64 * 1024
_PASTE: Final = 256
_FINISH_S: Final = 5.0
_SIGNALS: Final = (signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCONT)
_LEAVING: Final = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
_HELP: Final = "d detach, t take control, o observe, the prefix twice sends it"
# The broker is given this long to know a session that the log believes to live.
_ATTACH_LIMIT_S: Final = 20.0


@dataclass(frozen=True)
class End:
    """Why the attachment ended: detached, exited, lost, signal, away, hangup; `status` is for the shell."""

    kind: str
    status: int
    text: str = ""


class Attachment:
    """Runs until the person leaves or the session ends. `terminal` None: only shows, on a stdout that is none.

    `history` lines of what scrolled off are shown above the first screen. With a `veil` secrets are hidden. `broker`: a
    connection that stands already; its bus is closed in the end.
    """

    def __init__(
        self,
        paths: Paths,
        sid: bytes,
        wish: Wish,
        keys: Keys | None,
        terminal: Terminal | None,
        *,
        history: int = 0,
        veil: Veil | None = None,
        broker: BrokerClient | None = None,
    ) -> None:
        self._wish = wish
        self._veil = veil
        self._history = history
        self._unasked = Unasked()
        self._terminal = terminal
        self._keys = detachkeys.Parser(keys)
        self._shown_keys = keys.shown() if keys else ""
        self._bus = broker.bus if broker is not None else Bus()
        self._poller = Poller()
        self._display = Display(
            1, terminal=terminal is not None, on_modes=terminal.note_modes if terminal is not None else None
        )
        self._feed = Feed(self._bus, self._poller, paths, sid)
        broker = broker or BrokerClient(self._bus, paths)
        self._uplink = Uplink(broker, self._poller, paths, sid, wish, self._feed)
        lent = terminal if veil is None else None
        self._lending = Lending(lent, self._display, self._feed, self._uplink, self._keys, self._unasked)
        self._misfit = ""
        self._notice: tuple[str, bool] | None = None  # to be shown when the terminal is ours
        self._signals, self._signal_end = socket.socketpair()
        self._end: End | None = None
        self._began = monotonic()
        self._was_connected = False
        self._ended_at = 0.0

    def run(self) -> End:
        """Show the session until the end. TetherError when it can't be attached to; the terminal is back either way."""
        before = self._catch_signals()
        if self._terminal is not None:
            self._terminal.enter()
            self._terminal.note_modes(self._display.modes.restore())
        try:
            self._begin()
            while self._end is None:
                self._turn()
            if self._end.kind in ("exited", "lost"):
                self._display.finish(_FINISH_S)
            return self._end
        except OSError:
            return End("hangup", 128 + signal.SIGHUP)  # the terminal is gone
        finally:
            self._lending.bring_home()
            if self._terminal is not None:
                self._terminal.leave(self._display.modes.restore())
            self._uplink.leave()
            self._close(before)

    def _begin(self) -> None:
        size = self._terminal.size() if self._terminal is not None else window_size(1)
        self._uplink.set_size(*size)
        self._poller.add(self._signals.fileno())
        if not self._wish.fresh:
            self._jump(first=True)

    def _turn(self) -> None:
        self._watch()
        ready: Mapping[Any, int] = self._poller.wait(self._timeout())
        now = monotonic()
        if 0 in ready:
            self._typed(now)
        if self._signals.fileno() in ready:
            self._signalled()
        events = self._feed.take(ready, now)
        events += self._lending.hear(now)
        if events:
            self._show(events)
        self._take_back(now)
        if self._display.fd in ready and not self._lending.away:
            self._display.flush()
        self._uplink.serve(ready, now)
        for act in self._keys.expire(now):
            self._act(act, now)
        self._after(now)

    def _watch(self) -> None:
        """Wait for what can be used: input while there is room for it, the terminal while it owes us something."""
        if self._terminal is not None:
            if self._uplink.typed.room and not self._lending.away:
                self._poller.add(0)
            else:
                self._poller.remove(0)
        if self._display.waiting and not self._lending.away:
            self._poller.add(self._display.fd, read=False, write=True)
        else:
            self._poller.remove(self._display.fd)

    def _timeout(self) -> float | None:
        deadlines = (
            self._feed.deadline(), self._uplink.deadline(), self._keys.deadline(), self._lending.deadline()
        )  # fmt: skip
        times = [deadline for deadline in deadlines if deadline is not None]
        if self._veil is not None and (waiting := self._veil.deadline()) is not None:
            times.append(waiting)
        if not self._uplink.mode or self._uplink.ended:
            times.append(monotonic() + 0.1)
        return max(0.0, min(times) - monotonic()) if times else None

    # -- from the person

    def _typed(self, now: float) -> None:
        data = os.read(0, _READ)
        if not data:
            raise OSError("the terminal is gone")
        if len(data) >= _PASTE:
            self._lending.pasted(now)
        self._read(data, now)

    def _read(self, data: bytes, now: float) -> None:
        for act in self._keys.feed(data, now):
            self._act(act, now)

    def _act(self, act: Act, now: float) -> None:
        match act.kind:
            case detachkeys.PASS:
                data = without_replies(act.data) if self._answered else act.data
                by_hand = detachkeys.is_typing(data)
                if data and not self._uplink.type(data, now, by_hand=by_hand) and by_hand:
                    self._refuse(now)
            case detachkeys.DETACH:
                self._end = self._end or End("detached", 0)
            case detachkeys.TAKE:
                self._uplink.take()
            case detachkeys.OBSERVE:
                self._uplink.release()
            case _:
                self._say(f"{self._shown_keys.rpartition(' ')[0]} then: {_HELP}", now)

    def _refuse(self, now: float) -> None:
        who = f"{self._uplink.holder} has control" if self._uplink.holder else "nobody has control"
        keys = f"{self._shown_keys.rpartition(' ')[0]} t takes it" if self._shown_keys else "attach with --take"
        self._say(f"observing: {who}; {keys}", now, bell=True)

    def _signalled(self) -> None:
        numbers = set(self._signals.recv(64))
        if signal.SIGCONT in numbers and self._terminal is not None:
            self._terminal.again()
        if numbers & {signal.SIGWINCH, signal.SIGCONT}:
            self._uplink.set_size(*(self._terminal.size() if self._terminal is not None else window_size(1)))
        for number in sorted(numbers & _LEAVING):
            self._end = self._end or End("signal", 128 + number)

    # -- to the person

    def _show(self, events: list[Event]) -> None:
        data: list[bytes] = []
        for event in events:
            match event:
                case Output():
                    data.append(event.data)
                case Resized():
                    self._uplink.session_size(event.cols, event.rows)
                    if self._veil is not None:
                        self._veil.resize(event.cols)
                case Exited():
                    self._end = End("exited", exit_status(event))
                case Lost():
                    self._end = End("lost", SESSION_LOST, event.cause)
                case _:
                    pass
        if data:
            self._write(b"".join(data) if len(data) > 1 else data[0])

    def _write(self, shown: bytes) -> None:
        """Output, as far as it is this terminal's to show."""
        if self._veil is not None:
            shown = self._veil.feed(shown, monotonic())
        self._display.write(self._unasked.feed(shown) if self._answered else shown)

    @property
    def _answered(self) -> bool:
        """True while the session's worker answers what programs ask of their terminal: then this one must not."""
        view = self._feed.view or self._uplink.view
        return view is not None and view.screen

    def _take_back(self, now: float) -> None:
        """The terminal has come back from the worker, with what it could not deal with."""
        lending = self._lending
        if lending.redraw:
            lending.redraw = False
            self._jump(first=False)
            if lending.skipped:
                self._skipped(lending.skipped, now)
                lending.skipped = 0
        if lending.typed:
            data, lending.typed = lending.typed, b""
            self._read(data, now)

    def _say(self, text: str, now: float, *, bell: bool = False) -> None:
        """A notice: at once when the terminal is ours, else as soon as it is."""
        if self._lending.away:
            self._notice = (text, bell)
        else:
            self._display.notice(text, bell=bell, now=now)

    def _skipped(self, size: int, now: float) -> None:
        self._say(f"{size} bytes of output were skipped: this terminal did not take them", now)

    def _jump(self, *, first: bool) -> int:
        """Show the newest screen instead of everything before it; first with some of what scrolled off before. How many
        bytes of output are left out."""
        history = self._history if first else 0
        snapshot = self._uplink.screen(history) or self._feed.logged_screen(history)
        if snapshot is None:
            return 0
        left_out = max(0, snapshot.offset - self._feed.cursor.offset)
        self._unasked.forget()
        if self._veil is not None:
            snapshot = self._veil.anew(snapshot)
        if not first:
            self._display.write(self._display.modes.restore())
        if self._terminal is not None and first:
            # What stands on the screen now scrolls up and stays in the terminal's history.
            self._display.write(b"\r\n" * self._terminal.size()[1])
        self._display.write(snapshot.data)
        self._show(self._feed.cursor.jump(snapshot.seq, snapshot.offset))
        self._uplink.session_size(snapshot.cols, snapshot.rows)
        return left_out

    def _after(self, now: float) -> None:
        """What the turn has changed."""
        if self._veil is not None and (rest := self._veil.rest(now, end=self._end is not None)):
            self._display.write(self._unasked.feed(rest) if self._answered else rest)
        was_paused = self._feed.paused
        away = self._lending.away
        self._feed.pause(not away and (self._display.full or (was_paused and not self._display.low)))
        if (
            was_paused
            and not self._feed.paused
            and not away
            and self._terminal is not None
            and self._feed.behind_bytes() > JUMP_BYTES
        ):
            self._skipped(self._jump(first=False), now)
        self._tell(now)
        if self._uplink.refused is not None:
            raise self._uplink.refused
        self._check_broker(now)
        if self._uplink.ended and self._end is None:
            self._check_ended(now)
        if self._notice is not None and not self._lending.away:
            (text, bell), self._notice = self._notice, None
            self._display.notice(text, bell=bell, now=now)
        wanted = self._end is None and self._notice is None and self._uplink.size_settled
        self._lending.serve(now, wanted=wanted)

    def _tell(self, now: float) -> None:
        """Say what has changed in who controls the session and in whether it fits."""
        changed, self._uplink.changed = self._uplink.changed, ""
        misfit, before = self._uplink.misfit, self._misfit
        self._misfit = misfit
        if changed or (misfit and misfit != before):
            self._say("; ".join(filter(None, (changed, misfit))), now, bell=bool(changed))

    def _check_broker(self, now: float) -> None:
        connected = self._uplink.connected
        if self._was_connected and not connected:
            if not self._wish.reconnect and self._end is None:
                self._end = End("away", NO_GATEWAY, "the gateway went away")
            self._say("the gateway is away; output goes on, keys wait", now)
        self._was_connected = connected
        if not self._uplink.mode and not self._uplink.ended and now - self._began > _ATTACH_LIMIT_S:
            raise TetherError(
                "The gateway does not answer",
                hint="Look at it with: tether status",
                code="no-gateway",
                status=NO_GATEWAY,
            )

    def _check_ended(self, now: float) -> None:
        """The broker knows no such session (any more). The log says how it ended, as soon as it is written."""
        self._feed.check()
        self._ended_at = self._ended_at or now
        record = self._feed.record()
        state = record.state if record is not None else "unknown"
        if record is not None and state in ENDED and self._feed.cursor.seen >= record.seq:
            # The end itself stood in what was skipped.
            status = _status(record.exit_code, record.exit_signal)
            self._end = End("lost", SESSION_LOST, record.detail) if state == "lost" else End("exited", status)
        elif now - self._ended_at > _FINISH_S:
            self._end = End("lost", SESSION_LOST, f"its end is not in the log (state {state})")

    # -- signals and end

    def _catch_signals(self) -> dict[int, object]:
        self._signals.setblocking(False)
        self._signal_end.setblocking(False)
        before: dict[int, object] = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        # Stopping the command would leave the terminal raw; ctrl-z belongs to the agent.
        before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.set_wakeup_fd(self._signal_end.fileno(), warn_on_full_buffer=False)
        return before

    def _close(self, before: dict[int, object]) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._feed.close()
        self._display.close()
        self._bus.close()
        self._signals.close()
        self._signal_end.close()


def veil_of(paths: Paths, settings: Settings, view: SessionView) -> Veil | None:
    """What hides a session's secrets on this terminal, if the settings want that."""
    if settings.masking.attach == "raw":
        return None
    from tether.cli import veil  # rules and values: much that is not needed otherwise

    return veil.over(paths, view)


def exit_status(event: Exited) -> int:
    """The agent's end as a shell shows it: its code, or 128 and the signal."""
    return _status(event.code, event.signal)


def _status(code: int | None, signum: int | None) -> int:
    if signum is not None:
        return 128 + signum
    return code if code is not None else SESSION_LOST
