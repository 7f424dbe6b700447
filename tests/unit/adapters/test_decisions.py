"""Whoever decides first counts, in any order of devices, rules, the agent's terminal and time."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from tether import asking
from tether.adapters.decisions import EXPIRES_US, Book, Verdict, record_of
from tether.adapters.facts import Asked, Option, Question
from tether.adapters.reports import FIELD_BYTES_MAX
from tether.wire.agents import Decide

ONCE = (Option("allow", "Allow"), Option("deny", "Deny"))
SID = bytes(16)


def asked(key: str = "k", **more: object) -> Asked:
    return Asked(key, more.pop("kind", "command"), "rm", "to clean", b"rm -rf x", **more)  # type: ignore[arg-type]


def book(*facts: Asked, now: int = 1) -> Book:
    made = Book()
    for number, fact in enumerate(facts):
        made.ask(record_of(fact, f"id{number}", "k3v9x0pq", SID, "claude", now))
    return made


def decide(decision: str = "allow", name: str = "id0", by: str = "phone", **more: object) -> Decide:
    return Decide(1, b"c" * 16, name, decision, by=by, **more)  # type: ignore[arg-type]


def test_a_record_is_bound_to_its_exact_bytes() -> None:
    record = record_of(asked(), "id0", "k3v9x0pq", SID, "claude", 5)
    assert record.sha256 == hashlib.sha256(b"rm -rf x").hexdigest()
    assert (record.state, record.size, record.created, record.expires) == ("pending", 8, 5, 5 + EXPIRES_US)


def test_the_second_of_two_devices_learns_who_was_first() -> None:
    one = book(asked())
    assert one.decide(decide(by="phone"), 2).won
    late = one.decide(decide("deny", by="desk"), 3)
    assert (late.won, late.state, late.by) == (False, "allowed", "phone")
    assert "phone" in late.message


def test_nobody_allows_what_no_surface_shows_whole() -> None:
    fits, long = b"x" * FIELD_BYTES_MAX, b"x" * (FIELD_BYTES_MAX + 1)
    for exact, diff, cut, won in [
        (fits, fits.decode(), 0, True), (long, "", 0, False), (b"x", long.decode(), 0, False), (b"x", "", 7, False),
    ]:  # fmt: skip
        one = book()
        record = record_of(Asked("k", "edit", "x", "", exact, diff), "id0", "k3v9x0pq", SID, "claude", 1)
        one.ask(replace(record, cut=cut))
        told = one.decide(decide(), 2)
        assert told.won is won
        assert won or (told.state == "pending" and "too long" in told.message)
        assert won or one.decide(decide("deny"), 3).won
    # A rule has seen all of it.
    one = book(Asked("k", "command", "x", "", long))
    assert one.decide(decide(rule="r"), 2).won


def test_who_comes_after_the_terminal_learns_it() -> None:
    one = book(asked())
    assert one.settle("k", "terminal", "", 2) is not None
    late = one.decide(decide(), 3)
    assert (late.won, late.state) == (False, "terminal")
    assert "own terminal" in late.message


def test_the_terminal_that_comes_after_a_device_changes_nothing() -> None:
    one = book(asked())
    one.decide(decide(), 2)
    assert one.settle("k", "terminal", "", 3) is None


def test_what_was_shown_must_be_what_is_asked() -> None:
    one = book(asked())
    wrong = one.decide(decide(sha256="00" * 32), 2)
    assert (wrong.won, wrong.state) == (False, "pending")
    assert one.decide(decide(sha256=hashlib.sha256(b"rm -rf x").hexdigest()), 3).won


def test_nothing_is_decided_after_its_time() -> None:
    one = book(asked())
    assert not one.decide(decide(), 1 + EXPIRES_US).won
    assert [record.state for record in one.expire(1 + EXPIRES_US)] == ["expired"]
    assert one.expire(2 + EXPIRES_US) == []
    assert one.decide(decide(), 2).state == "expired"


def test_a_question_is_answered_whole_or_not_at_all() -> None:
    questions = (Question("Which?", options=(Option("a", "a"),)), Question("When?"))
    one = book(asked(kind="question", questions=questions))
    assert "When?" in one.decide(decide("answer", answers={"Which?": "a"}), 2).message
    assert not one.decide(decide("allow"), 2).won
    assert one.decide(decide("answer", answers={"Which?": "a", "When?": "now"}), 2).state == "answered"


def test_the_session_is_allowed_only_where_it_can_be_told_what_that_is() -> None:
    plan = book(asked(kind="plan"))
    assert "can't be told" in plan.decide(decide(scope="session"), 2).message
    assert plan.decide(decide(), 2).won
    assert book(asked()).decide(decide(scope="session"), 2).won


def test_a_grant_is_undone_once() -> None:
    one = book(asked())
    assert not one.undo("id0").won
    one.decide(decide(scope="session"), 2)
    assert one.undo("id0") == Verdict(True, "allowed", "phone")
    assert "no standing grant" in one.undo("id0").message
    assert not one.undo("nobody").won


def test_a_grant_is_not_forgotten_for_the_number_of_what_came_later() -> None:
    one = book(asked())
    one.decide(decide(scope="session"), 2)
    record = one.get("id0")
    assert record is not None
    for number in range(600):
        one.restore(replace(record, id=f"later{number}", scope="once"))
    assert one.get("id0") is not None
    assert len(one) < 300


def test_an_unknown_effect_may_become_known_and_nothing_else() -> None:
    one = book(asked())
    assert one.effect("k", "done") is None
    one.decide(decide(), 2)
    assert one.effect("k", "unknown") is not None
    assert [record.id for record in one.undelivered()] == ["id0"]
    assert one.effect("k", "done") is not None
    assert one.effect("k", "failed") is None
    assert one.undelivered() == []


@given(st.text(), st.text())
def test_no_decision_but_the_three_is_taken(decision: str, scope: str) -> None:
    one = book(asked())
    verdict = one.decide(decide(decision, scope=scope), 2)
    known = decision in ("allow", "deny") and scope in ("once", "session")
    assert verdict.won == known


class OneWinner(RuleBasedStateMachine):
    """Any order of everything that may happen to one approval."""

    def __init__(self) -> None:
        super().__init__()
        self.book = book(asked())
        self.now = 2
        self.first = ""

    def _win(self, state: str) -> None:
        assert not self.first, "two decisions counted"
        self.first = state

    @rule(decision=st.sampled_from(["allow", "deny", "answer", "shrug"]), by=st.sampled_from(["a", "b"]))
    def device(self, decision: str, by: str) -> None:
        verdict = self.book.decide(decide(decision, by=by), self.now)
        if verdict.won:
            self._win(verdict.state)
        elif self.first:
            assert verdict.state == self.first

    @rule(outcome=st.sampled_from(["terminal", "cancelled"]))
    def channel(self, outcome: str) -> None:
        if self.book.settle("k", outcome, "", self.now) is not None:
            self._win(outcome)

    @rule(hours=st.integers(1, 40))
    def time(self, hours: int) -> None:
        self.now += hours * 3_600_000_000
        for record in self.book.expire(self.now):
            self._win(record.state)

    @rule(effect=st.sampled_from(["done", "refused", "unknown"]))
    def effect(self, effect: str) -> None:
        self.book.effect("k", effect)

    @precondition(lambda self: self.first)
    @invariant()
    def it_stays_decided(self) -> None:
        record = self.book.get("id0")
        assert record is not None
        assert record.state == self.first
        assert record.state in asking.FINAL
        assert self.book.pending() == []


TestOneWinner = OneWinner.TestCase
