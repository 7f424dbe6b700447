"""The service's state over deaths: what was asked is asked on, what was decided is told, what is said twice is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from tether import asking
from tether.adapters import decisions
from tether.adapters.desk import Desk, Session
from tether.adapters.facts import (
    Asked,
    Degraded,
    Effect,
    Fact,
    Question,
    Reported,
    Settled,
    StateFact,
    StillOpen,
    Unknown,
)
from tether.wire.agents import Activity, Approval, Decide, Decided, Interrupt, Noted, Observed, Prompt
from tether.wire.agents import Asked as AskedEvent
from tether.wire.agents import Settled as SettledEvent
from tether.wire.auditing import Deed
from tether.wire.codec import decode_body
from tether.wire.control import Refused
from tether.wire.views import SessionView

SID = b"s" * 16
CLIENT = b"c" * 16
VIEW = SessionView(SID, "k3v9x0pq", "claude", "", "running")
WAITING = StateFact("working", "it works", "hook")
QUESTION = Asked("key", "command", "rm", "to clean", b"rm -rf x")


class Channel:
    """A channel that is closed or not."""

    closed = False

    def close(self) -> None:
        self.closed = True


class World:
    """A desk, and a worker that makes events of what it is told while `working`."""

    def __init__(self, before: Iterable[Approval] = (), boot: str = "b", view: SessionView = VIEW) -> None:
        self.now = 1_000
        self.sent: list[Any] = []
        self.delivered: list[Approval] = []
        self.wake = 0
        self.working = True
        self.names = iter(["one", "two", "three"])
        self.desk = Desk(self, boot, lambda: self.now, lambda: next(self.names))
        self.session = self.desk.begin(SID, "claude", Channel())  # type: ignore[arg-type]
        self.desk.restore(self.session, view, list(before))

    def send(self, sid: bytes, message: msgspec.Struct) -> bool:
        self.sent.append(message)
        return True

    def deliver(self, session: Session, record: Approval) -> None:
        self.delivered.append(record)

    def wake_at(self, when_us: int) -> None:
        self.wake = when_us

    def say(self, *said: Fact) -> None:
        self.desk.take(SID, list(said))

    def note(self) -> None:
        self.desk.noted(SID, Noted("b", self.session.reports.newest))

    def decide(self, decision: str = "allow", name: str = "one", req: int = 1) -> None:
        self.desk.decide(SID, Decide(req, CLIENT, name, decision, by="phone"))

    def events(self) -> list[Any]:
        return [decode_body(one.body) for one in self.sent if isinstance(one, Observed)]

    def answers(self) -> list[Decided]:
        return [one for one in self.sent if isinstance(one, Decided)]


def kept(world: World) -> list[Approval]:
    """The records as the store keeps them after everything that was reported."""
    records: dict[str, Approval] = {}
    for event in world.events():
        if isinstance(event, AskedEvent):
            made = asking.asked(records.get(event.approval.id), event, SID)
            records |= {made.id: made} if made is not None else {}
        elif isinstance(event, SettledEvent):
            made = asking.settled(records[event.id], event)
            records |= {made.id: made} if made is not None else {}
    return list(records.values())


def test_the_same_state_is_told_once() -> None:
    world = World()
    world.say(WAITING, WAITING, StateFact("working", "another reason", "title"))
    assert len(world.events()) == 1


def test_the_agent_is_told_when_the_decision_is_kept_and_not_before() -> None:
    world = World()
    world.say(QUESTION)
    world.decide()
    assert (world.delivered, world.answers()) == ([], [])
    world.note()
    assert [record.state for record in world.delivered] == ["allowed"]
    assert [(answer.won, answer.by) for answer in world.answers()] == [(True, "phone")]


def test_the_second_decision_is_answered_at_once_with_the_first() -> None:
    world = World()
    world.say(QUESTION)
    world.decide()
    world.decide("deny", req=2)
    (late,) = world.answers()
    assert (late.req, late.won, late.state, late.by) == (2, False, "allowed", "phone")
    world.note()
    assert len(world.delivered) == 1


def test_what_is_pending_is_pending_in_the_next_run_and_asked_again_is_no_other() -> None:
    old = World()
    old.say(QUESTION)
    new = World(kept(old), boot="c")
    new.say(QUESTION)
    assert not [event for event in new.events() if isinstance(event, AskedEvent)]
    assert [record.id for record in new.session.book.pending()] == ["one"]


def test_what_was_decided_and_not_told_is_told_when_it_is_asked_again() -> None:
    old = World()
    old.say(QUESTION)
    old.decide("deny")
    new = World(kept(old), boot="c")
    new.say(QUESTION)
    assert [(record.id, record.state) for record in new.delivered] == [("one", "denied")]
    assert not new.session.book.pending()


def test_a_decision_that_could_not_be_told_is_told_later() -> None:
    world = World()
    world.say(QUESTION)
    world.decide()
    world.note()
    world.desk.delivered(world.session, world.delivered[0], told=False)
    assert world.events()[-1].effect == "unknown"
    world.say(QUESTION)
    assert len(world.delivered) == 2


def test_what_is_said_before_the_log_was_read_waits_for_it() -> None:
    old = World()
    old.say(QUESTION)
    new = World.__new__(World)
    new.now, new.sent, new.delivered, new.wake, new.names = 1, [], [], 0, iter(["two"])
    new.desk = Desk(new, "c", lambda: 1, lambda: next(new.names))
    new.session = new.desk.begin(SID, "claude", Channel())  # type: ignore[arg-type]
    new.say(QUESTION)
    new.decide()
    assert [type(one) for one in new.sent] == [Refused]
    new.desk.restore(new.session, VIEW, kept(old))
    assert [record.id for record in new.session.book.pending()] == ["one"]


def test_the_effect_is_told_once() -> None:
    world = World()
    world.say(QUESTION, Settled("key", "terminal"), Effect("key", "done"), Effect("key", "done"))
    assert [event.effect for event in world.events() if isinstance(event, SettledEvent)] == ["", "done"]


def test_what_expires_is_answered_at_its_own_terminal() -> None:
    world = World()
    world.say(QUESTION)
    assert world.wake == 1_000 + decisions.EXPIRES_US
    world.now += decisions.EXPIRES_US
    world.desk.expire()
    assert kept(world)[0].state == "expired"
    activity = world.session.activity
    assert activity is not None
    assert (activity.state, activity.detail, world.wake) == ("waiting", "terminal", 0)


def test_a_channel_that_is_lost_says_so_until_it_is_back() -> None:
    world = World()
    world.say(WAITING, Degraded("it is gone"), StateFact("idle", "its title", "title"), Degraded(""))
    told = [event.activity.degraded for event in world.events()]
    assert told == ["", "it is gone", "it is gone", ""]


def test_unknown_things_are_counted() -> None:
    world = World()
    world.say(Unknown("moon"), Unknown("moon"))
    assert world.desk.unknown == {"claude: moon": 2}


@pytest.mark.parametrize(
    ("activity", "asks", "code"),
    [
        (None, False, "busy"),
        (Activity("starting"), False, "busy"),
        (Activity("waiting", "terminal"), False, "busy"),
        (Activity("idle"), True, "busy"),
        (Activity("idle"), False, ""),
        (Activity("done"), False, ""),
    ],
)
def test_a_prompt_waits_for_an_agent_that_asks_nothing(activity: Activity | None, asks: bool, code: str) -> None:
    world = World(view=msgspec.structs.replace(VIEW, activity=activity))
    if asks:
        world.say(QUESTION)
    refused = world.desk.may_prompt(world.session, Prompt(1, CLIENT, "go on"))
    assert (refused.code if refused is not None else "") == code
    assert world.desk.may_prompt(world.session, Interrupt(1, CLIENT)) is None


def test_a_rule_decides_like_anybody_and_is_named() -> None:
    world = World()
    world.desk.judge = lambda _session, record: Decide(
        0, b"", record.id, "allow", by="rule rules.toml:3", rule="rules.toml:3"
    )
    world.say(QUESTION)
    world.note()
    (record,) = kept(world)
    assert (record.state, record.by, record.rule) == ("allowed", "rule rules.toml:3", "rules.toml:3")
    assert len(world.delivered) == 1
    (deed,) = [one for one in world.sent if isinstance(one, Deed)]
    assert deed.facts["rule"] == "rules.toml:3"
    world.decide("deny", req=2)
    assert "rules.toml:3" in world.answers()[-1].message


def test_what_was_allowed_for_the_session_is_undone_over_deaths() -> None:
    old = World()
    old.say(QUESTION)
    old.desk.decide(SID, Decide(1, CLIENT, "one", "allow", "session", by="phone"))
    old.note()
    new = World(kept(old), boot="c")
    new.decide("undo")
    assert new.answers() == []  # not before the log has it
    new.desk.noted(SID, Noted("c", new.session.reports.newest))
    assert [(one.won, one.state) for one in new.answers()] == [(True, "allowed")]
    (event,) = [one for one in new.events() if isinstance(one, SettledEvent)]
    assert (event.scope, event.by) == (asking.UNDONE, "phone")
    new.decide("undo", req=2)
    assert new.answers()[-1].won is False


def test_what_is_no_event_yet_is_sent_again() -> None:
    world = World()
    world.say(WAITING, QUESTION)
    sent = [one for one in world.sent if isinstance(one, Observed)]
    world.desk.noted(SID, Noted("b", 1))
    world.sent.clear()
    world.desk.say_again(world.session)
    assert world.sent == sent[1:]


def test_the_end_closes_the_channel() -> None:
    world = World()
    world.desk.end(SID)
    assert world.session.channel.closed  # type: ignore[attr-defined]
    world.say(WAITING)
    assert world.events() == []


TOOL = Asked("mcp:pipe:1", "question", "Which?", "", b"{}", questions=(Question("Which?"),))


def test_while_something_is_asked_working_is_no_news_and_comes_up_afterwards() -> None:
    world = World()
    world.desk.take(SID, [QUESTION, WAITING])
    assert world.session.activity is not None
    assert world.session.activity.state == "waiting"
    world.desk.take(SID, [Settled("key", "terminal")])
    assert world.session.activity.state == "working"


def test_what_a_tool_asked_is_not_the_side_channels_to_close() -> None:
    world = World()
    world.desk.take(SID, [TOOL, StillOpen(frozenset())])
    assert [one.key for one in world.session.book.pending()] == [TOOL.key]


def test_a_tool_that_asks_again_is_answered_whatever_became_of_it() -> None:
    world = World()
    world.desk.take(SID, [TOOL, Settled(TOOL.key, "cancelled"), TOOL])
    assert [one.state for one in world.delivered] == ["cancelled"]


def test_what_an_agent_reports_stays_beside_its_state() -> None:
    world = World()
    world.desk.take(SID, [WAITING, Reported("3\nof 7"), StateFact("idle", "over", "hook")])
    assert world.session.activity is not None
    assert (world.session.activity.state, world.session.activity.said) == ("idle", "3 of 7")
