"""Floods rest while somebody else types, and only then."""

from __future__ import annotations

from tether.web.courtesy import REST, TYPING_S, WORK_S, Courtesy


def test_nobody_types_nobody_waits() -> None:
    assert Courtesy().rest("flood", 0.5, 100.0) == 0.0


def test_a_flood_rests_in_proportion_to_its_work_while_somebody_types() -> None:
    courtesy = Courtesy()
    courtesy.typed("typist", 100.0)
    assert courtesy.rest("flood", 0.002, 100.0 + TYPING_S / 2) == 0.002 * REST
    assert courtesy.rest("flood", 0.002, 100.0 + TYPING_S + 0.1) == 0.0
    courtesy.typed("typist", 102.0)
    assert courtesy.rest("flood", 0.002, 102.5) > 0.0


def test_what_is_no_flood_never_waits() -> None:
    courtesy = Courtesy()
    courtesy.typed("typist", 100.0)
    assert courtesy.rest("flood", WORK_S / 2, 100.0) == 0.0


def test_nobody_rests_for_a_key_of_its_own() -> None:
    courtesy = Courtesy()
    courtesy.typed("other", 99.5)
    courtesy.typed("flood", 100.0)
    assert courtesy.rest("flood", 0.002, 100.1) == 0.002 * REST
    assert courtesy.rest("flood", 0.002, 99.5 + TYPING_S + 0.1) == 0.0
    assert courtesy.rest("other", 0.002, 100.1) == 0.002 * REST
