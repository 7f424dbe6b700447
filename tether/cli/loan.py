"""Lending the user's terminal to the worker: a key then goes to the agent and its echo back without this process.

The worker shows output and reads typing by itself until it gives the terminal back: because what was typed may be meant
for Tether, because we ask, or because the lease or the worker changes. It says exactly what the terminal shows then
and what was typed and not taken. A worker that dies says nothing; its successor does, from the ring's marks. While
nobody has said so, nothing is read from the terminal and nothing written to it.
"""

from __future__ import annotations

import select
from enum import Enum
from typing import Final

from tether.cli.detachkeys import Parser
from tether.cli.display import Display
from tether.cli.feed import Feed
from tether.cli.lane import LaneClient
from tether.cli.rawtty import Terminal
from tether.cli.uplink import Uplink
from tether.clock import monotonic
from tether.screen.unasked import Unasked
from tether.wire.control import LaneAsk, LaneBack, LaneOpen, LaneShown, LaneTerminal
from tether.wire.events import Event
from tether.wire.limits import CLIENT_HEARTBEAT_S, LOAN_UNSHOWN_MAX

# After typing that was for us, or may have been, and after pasted text the next loan waits this long.
_PAUSE_S: Final = 0.05
# After a refusal (we are too far behind), doubled with each.
_REFUSED_S: Final = 0.02
_REFUSED_MAX_S: Final = 1.0
# How long the worker may take to give the terminal back, and a successor to say what became of it.
_BACK_S: Final = 2.0
_SUCCESSOR_S: Final = 5.0


class State(Enum):
    """Who has the terminal."""

    HOME = "home"
    OFFERED = "offered"
    AWAY = "away"
    ORPHAN = "orphan"  # the worker had it, or may have had it, and is gone


class Lending:
    """Decides when the terminal is lent and takes it back. `typed`, `redraw` and `skipped` are for its owner to see."""

    def __init__(
        self,
        terminal: Terminal | None,
        display: Display,
        feed: Feed,
        uplink: Uplink,
        keys: Parser,
        unasked: Unasked,
    ) -> None:
        self.typed = b""  # came back with the terminal, to be read as typing
        self.redraw = False  # nobody knows what the terminal shows
        self.skipped = 0
        self._possible = terminal is not None and display.lendable
        self._terminal = terminal
        self._display = display
        self._feed = feed
        self._uplink = uplink
        self._keys = keys
        self._unasked = unasked
        self._held = b""
        self._state = State.HOME
        self._offer = 0
        self._taken_before = 0  # the newest input when it was offered
        self._unshown = b""
        self._early: list[Event] = []  # came while it was not known whether the worker takes it
        self._not_before = 0.0
        self._refused_s = _REFUSED_S
        self._next_ask = 0.0
        self._asked = False  # to have it back
        self._only_offered = False
        self._lane: LaneClient | None = None  # it was lent on this one
        self._orphaned_at = 0.0
        self._limit = 0.0  # for the worker's word once it was asked, or its successor's

    @property
    def away(self) -> bool:
        """True while the terminal is not ours to read and write."""
        return self._state is not State.HOME

    def deadline(self) -> float | None:
        """When `serve` has something to do, in monotonic seconds; None while it has not."""
        if self._state is State.HOME:
            soon = self._feed.lane is not None and self._feed.lane.terminals and self._not_before > monotonic()
            return self._not_before if soon else None
        if self._state is State.ORPHAN:
            return (
                self._limit if self._limit > monotonic() else None
            )  # then the broker is asked, which has its own time
        return self._limit if self._asked else self._next_ask

    def pasted(self, now: float) -> None:
        """Much was typed at once: there may be more to come, which is ours to split."""
        self._not_before = max(self._not_before, now + _PAUSE_S)

    def serve(self, now: float, *, wanted: bool) -> None:
        """Lend the terminal when it is `wanted` and everything is settled; have it back when it is not."""
        if self._state is State.HOME:
            if wanted and self._possible and now >= self._not_before and self._settled():
                self._lend(now)
            return
        if self._feed.lane is not self._lane and self._state is not State.ORPHAN:
            self._only_offered = self._state is State.OFFERED
            self._orphan(now, now + _SUCCESSOR_S)
        if self._state is State.ORPHAN:
            if now >= self._limit and self._uplink.attached_since(self._orphaned_at, now):
                self._come_home(LaneBack(self._offer, "died", 0, 0, 0, sure=False), now)
        elif not wanted or self._uplink.mode != "control":
            self._ask_back(now)
        elif now >= self._next_ask:
            self._ask(now, back=False)

    def hear(self, now: float) -> list[Event]:
        """What the worker said about the terminal, and the events that are to be shown (or known) by it."""
        shown: list[Event] = []
        words, self._feed.words = self._feed.words, []
        for word in words:
            match word:
                case LaneOpen():
                    self._opened(word, now, shown)
                case LaneShown(offer=self._offer) if self._state in (State.OFFERED, State.AWAY):
                    self._is_away(word, now)
                    shown += self._feed.cursor.jump(word.seq, word.offset)
                case LaneBack(offer=self._offer) if self.away:
                    self._back(word, now, shown)
                case _ if isinstance(word, Event):
                    self._event(word, shown)
                case _:
                    pass
        return [] if self.redraw else shown

    def bring_home(self, limit_s: float = 1.0) -> None:
        """Have the terminal back before leaving, or do without the worker's word after `limit_s`."""
        deadline = monotonic() + limit_s
        lane = self._feed.lane
        while self.away and lane is not None and not lane.dead and (left := deadline - monotonic()) > 0:
            self._ask_back(monotonic())
            select.select([lane.fd], [], [], min(left, 0.1))
            self._feed.words += lane.receive()
            self.hear(monotonic())
        if self.away:
            self._feed.leave_lane()

    # -- inside

    def _settled(self) -> bool:
        """True when nothing of ours is under way that the worker could overtake."""
        lane, uplink = self._feed.lane, self._uplink
        return (
            lane is not None and lane.open and lane.terminals > 0 and uplink.mode == "control"
            and uplink.size_settled and uplink.typed.settled and self._keys.at_rest
            and not self._feed.cursor.behind and self._display.lendable
        )  # fmt: skip

    def _lend(self, now: float) -> None:
        lane, cursor, terminal = self._feed.lane, self._feed.cursor, self._terminal
        if lane is None or terminal is None:
            return
        unshown, modes = self._display.unshown, self._display.modes.told()
        held = self._unasked.forget()
        self._unasked.feed(held)
        offer = LaneTerminal(self._offer + 1, cursor.seen, cursor.offset, self._keys.stops(), modes, unshown, held)
        if len(unshown) > LOAN_UNSHOWN_MAX or not lane.lend(offer, [self._display.fd, terminal.loan_pipe]):
            self._not_before = now + self._refused_s
            return
        self._display.lend()
        self._lane = lane
        self._unshown, self._held, self._offer, self._early = unshown, held, offer.offer, []
        self._taken_before = self._uplink.typed.newest
        self._state, self._asked, self._only_offered = State.OFFERED, False, False
        self._next_ask = now + CLIENT_HEARTBEAT_S
        self._feed.lent(True)

    def _is_away(self, word: LaneShown, now: float) -> None:
        if self._state is State.OFFERED:
            self._state, self._refused_s = State.AWAY, _REFUSED_S
            self._early.clear()
        if word.modes:
            self._display.modes_are(word.modes)

    def _event(self, event: Event, shown: list[Event]) -> None:
        if self._state is State.OFFERED:
            self._early.append(event)
        elif self._feed.lane is self._lane or not self.away:
            shown += self._feed.cursor.live(event)

    def _opened(self, word: LaneOpen, now: float, shown: list[Event]) -> None:
        """A lane is open: its worker may have to say what became of the terminal that another one had."""
        if not self.away or self._feed.lane is self._lane:
            return
        self._only_offered = self._only_offered or self._state is State.OFFERED
        if word.back is not None and word.back.offer == self._offer:
            self._back(word.back, now, shown)
        elif self._only_offered:  # the worker died before it took it
            self._back(LaneBack(self._offer, "refused", 0, 0, word.last_n), now, shown)
        else:
            self._back(LaneBack(self._offer, "died", 0, 0, word.last_n, sure=False), now, shown)

    def _back(self, back: LaneBack, now: float, shown: list[Event]) -> None:
        refused = back.reason == "refused"
        early = self._early if refused and back.sure else []
        self._come_home(back, now)
        if refused:
            for event in early:
                shown += self._feed.cursor.live(event)
        elif back.sure:
            shown += self._feed.cursor.jump(back.seq, back.offset)

    def _come_home(self, back: LaneBack, now: float) -> None:
        refused = back.reason == "refused"
        self._display.back(self._unshown if refused else back.unshown, back.modes)
        self._unasked.forget()
        self._unasked.feed(self._held if refused else back.held)
        self._uplink.typed.adopt(back.last_n)
        if back.last_n > self._taken_before:
            self._uplink.typed_elsewhere()
        self.typed += back.typed
        self.redraw, self.skipped = self.redraw or not back.sure, self.skipped + back.skipped
        self._state, self._asked, self._unshown, self._early = State.HOME, False, b"", []
        wait = self._refused_s if refused or back.reason == "behind" else _PAUSE_S
        self._refused_s = min(2 * self._refused_s, _REFUSED_MAX_S) if refused else self._refused_s
        self._not_before = now + wait
        self._feed.lent(False)

    def _ask_back(self, now: float) -> None:
        if not self._asked:
            self._asked, self._limit = True, now + _BACK_S
            self._ask(now, back=True)
        elif now >= self._limit:
            self._feed.leave_lane()  # the worker stands still: do without its word
            self._only_offered = False
            self._orphan(now, now)

    def _orphan(self, now: float, limit: float) -> None:
        """Whoever had the terminal is gone; its successor says what became of it, or by `limit` we do without."""
        self._state, self._orphaned_at, self._limit = State.ORPHAN, now, limit

    def _ask(self, now: float, *, back: bool) -> None:
        self._next_ask = now + CLIENT_HEARTBEAT_S
        if self._feed.lane is not None:
            self._feed.lane.say(LaneAsk(self._offer, back))
