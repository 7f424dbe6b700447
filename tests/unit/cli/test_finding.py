"""A name finds one session, or says why not."""

from __future__ import annotations

import pytest

from tether.cli.finding import pick, unknown
from tether.errors import NOT_FOUND, USAGE, TetherError
from tether.wire.views import SessionView


def view(public: str, title: str, state: str = "running") -> SessionView:
    return SessionView(sid=public.encode().ljust(16, b"\0"), id=public, provider="shell", title=title, state=state)


VIEWS = [view("k3v9x0pq", "one"), view("k3aaaaaa", "two"), view("zzzz0000", "k3v9x0pq"), view("two00000", "three")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("k3v9x0pq", "k3v9x0pq"),
        ("k3v", "k3v9x0pq"),
        ("K3V", "k3v9x0pq"),
        ("two", "k3aaaaaa"),
        ("z", "zzzz0000"),
        ("nope", None),
        ("", None),
    ],
)
def test_one_is_found(text: str, found: str | None) -> None:
    got = pick(text, VIEWS)
    assert (got.id if got else None) == found


def test_several_are_named() -> None:
    with pytest.raises(TetherError) as caught:
        pick("k3", VIEWS)
    assert caught.value.status == USAGE
    assert caught.value.code == "ambiguous"
    assert "k3v9x0pq" in caught.value.hint
    assert "k3aaaaaa" in caught.value.hint


def test_none_names_candidates() -> None:
    error = unknown("nope\x1b[2J", VIEWS)
    assert error.status == NOT_FOUND
    assert "\x1b" not in error.message
    assert "k3v9x0pq" in error.hint
