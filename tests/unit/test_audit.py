"""A row that was changed, taken out or moved is found, whoever did it and wherever it stood."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether import audit
from tether.audit import Head, Repeats, Verification

WORDS = st.text(max_size=12)
DEEDS = st.lists(st.tuples(WORDS, WORDS, WORDS, st.dictionaries(WORDS, WORDS, max_size=3)), min_size=1, max_size=12)


def chain(deeds: list[tuple[str, str, str, dict[str, str]]]) -> list[tuple[int, bytes]]:
    head, rows = Head(), []
    for n, (kind, actor, session, facts) in enumerate(deeds, 1):
        body, head = audit.append(head, 1000 + n, kind, actor, session, facts, boot="b", n=n)
        rows.append((head.seq, body))
    return rows


def verify(rows: list[tuple[int, bytes]], *anchors: tuple[str, Head]) -> Verification:
    check = Verification(anchors)
    for seq, body in rows:
        check.row(seq, body)
    check.finish()
    return check


@given(DEEDS)
def test_a_chain_that_nobody_touched_is_whole(deeds) -> None:
    rows = chain(deeds)
    check = verify(rows)
    assert check.ok
    assert check.head == Head(len(rows), audit.digest(rows[-1][1]))
    assert verify(rows, ("kept", check.head), ("older", Head(1, audit.digest(rows[0][1])))).ok


@given(DEEDS, st.data())
def test_a_flipped_bit_is_found(deeds, data) -> None:
    rows = chain(deeds)
    head = verify(rows).head
    at = data.draw(st.integers(0, len(rows) - 1))
    seq, body = rows[at]
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    rows[at] = (seq, body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :])
    assert verify(rows, ("kept", head)).problems


@given(DEEDS, st.data())
def test_a_row_taken_out_is_found(deeds, data) -> None:
    rows = chain(deeds)
    head = verify(rows).head
    del rows[data.draw(st.integers(0, len(rows) - 1))]
    assert verify(rows, ("kept", head)).problems


@given(DEEDS.filter(lambda deeds: len(deeds) > 1), st.data())
def test_two_rows_that_changed_places_are_found(deeds, data) -> None:
    rows = chain(deeds)
    a, b = data.draw(st.permutations(range(len(rows))).map(lambda order: order[:2]))
    bodies = [body for _, body in rows]
    bodies[a], bodies[b] = bodies[b], bodies[a]
    assert verify([(seq, body) for (seq, _), body in zip(rows, bodies, strict=True)]).problems


def test_an_end_that_was_cut_off_shows_only_against_a_kept_head() -> None:
    rows = chain([("a", "x", "", {})] * 5)
    head = verify(rows).head
    assert verify(rows[:3]).ok
    assert verify(rows[:3], ("kept", head)).problems == [
        "the log ends with row 3, but kept knows row 5: its end was cut off"
    ]


def test_a_rebuilt_chain_is_found_against_a_kept_head() -> None:
    head = verify(chain([("a", "x", "", {})] * 5)).head
    assert "another than the one that kept knows" in verify(chain([("a", "y", "", {})] * 5), ("kept", head)).problems[0]


def test_heads_are_written_and_read() -> None:
    head = verify(chain([("a", "x", "", {})])).head
    assert audit.parse_head(f"{head}\n") == head
    for text in ("", "1", "x:00", "1:zz", "-1:" + "00" * 32, "1:00"):
        assert audit.parse_head(text) is None


@given(DEEDS)
def test_an_exported_row_is_the_same_row(deeds) -> None:
    for seq, body in chain(deeds):
        line = json.loads(json.dumps(audit.exported(body)))
        assert audit.imported(line) == (seq, body)
        with pytest.raises(ValueError, match="hash"):
            audit.imported({**line, "actor": line["actor"] + "!"})


def test_texts_are_cut_to_what_a_row_may_hold() -> None:
    body, _ = audit.append(Head(), 1, "k" * 100, "a" * 9999, "", {str(n): "v" * 9999 for n in range(99)})
    assert len(body) < 5000
    assert audit.decode(body).actor.endswith("…")


def test_a_flood_of_one_kind_is_one_row_and_a_count() -> None:
    repeats = Repeats()
    assert [repeats.first(("refused", "x"), now) for now in (0.0, 1.0, 2.0)] == [True, False, False]
    assert repeats.first(("refused", "y"), 2.0)
    assert repeats.over(9.0) == []
    assert repeats.over(12.5) == [(("refused", "x"), 2)]
    assert repeats.first(("refused", "x"), 13.0)


def test_a_flood_of_many_kinds_is_bounded() -> None:
    repeats = Repeats()
    said = sum(repeats.first((str(n),), 0.0) for n in range(10_000))
    assert said <= Repeats.KEYS_MAX + 1
