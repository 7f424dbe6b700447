"""The rows of the devices and their scopes, as pure rules."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.devices import registry, rows, scopes
from tether.devices.rows import Book
from tether.errors import TetherError


def paired(book: Book, key: bytes = b"k" * 32, name: str = "phone", now_s: int = 5) -> Book:
    return rows.add(book, key=key, name=name, platform="iOS", scopes=scopes.PHONE, path="lan", now_s=now_s)[0]


def test_a_device_that_is_paired_again_keeps_its_id_and_gets_another_epoch():
    once = paired(Book())
    twice = paired(once, name="again")
    assert [one.name for one in twice.devices] == ["again"]
    assert twice.devices[0].id == once.devices[0].id
    assert twice.devices[0].epoch > once.devices[0].epoch


def test_an_epoch_is_never_given_out_twice():
    book, epochs = Book(), []
    for round_ in range(5):
        book = paired(book, now_s=round_)
        epochs.append(book.devices[0].epoch)
        book, gone = rows.remove(book, [book.devices[0].id])
        assert len(gone) == 1
    assert len(set(epochs)) == 5
    assert rows.remove(book, ["nobody"]) == (book, [])


@given(st.text(max_size=300))
def test_a_name_is_one_short_line(name: str):
    shown = paired(Book(), name=name).devices[0].name
    assert shown
    assert shown.isprintable()
    assert len(shown) <= rows.NAME_CHARS_MAX


def test_there_are_bounds():
    book = Book()
    for number in range(rows.DEVICES_MAX):
        book = paired(book, key=number.to_bytes(32, "big"))
    with pytest.raises(ValueError, match="limit"):
        paired(book, key=b"z" * 32)
    desk = Book()
    for number in range(rows.DESKS_MAX + 3):
        desk, _ = rows.add_desk(desk, id=f"{number:x}", digest=f"d{number}", name="", scopes=scopes.DESK, now_s=number)
    assert [one.id for one in desk.devices] == [f"{number:x}" for number in range(3, rows.DESKS_MAX + 3)]
    late, _ = rows.add_desk(desk, id="late", digest="x", name="", scopes=scopes.DESK, now_s=rows.DESK_TTL_S + 100)
    assert [one.id for one in late.devices] == ["late"]


def test_being_seen_is_noted_at_most_once_a_minute_and_whenever_the_path_is_another():
    book = paired(Book())
    id = book.devices[0].id
    assert rows.seen(book, id, "lan", 6) is book
    assert rows.seen(book, id, "tunnel", 6).devices[0].last_path == "tunnel"
    assert rows.seen(book, id, "lan", 5 + rows.SEEN_EVERY_S).devices[0].last_seen == 5 + rows.SEEN_EVERY_S
    assert rows.seen(book, "nobody", "lan", 999) is book


def test_devices_are_found_by_id_beginning_or_name():
    book = paired(paired(Book()), key=b"l" * 32, name="tablet")
    first = book.devices[0]
    assert rows.find(book, first.id) == [first]
    assert rows.find(book, first.id[:4]) == [first]
    assert [one.name for one in rows.find(book, "tablet")] == ["tablet"]
    assert rows.find(book, "") == []


@pytest.mark.parametrize("text", ["", "input", "observe,root", "observe,pair", "observe,local"])
def test_scopes_that_no_device_can_have_are_refused(text: str):
    with pytest.raises(ValueError, match="observe"):
        scopes.parse(text)


def test_scopes():
    assert scopes.parse("observe, input") == {"observe", "input"}
    assert scopes.permits(frozenset({scopes.ADMIN}), scopes.LOCAL)
    assert not scopes.permits(scopes.PHONE, scopes.LOCAL)
    assert not scopes.PHONE & {scopes.ADMIN, scopes.LOCAL, scopes.PAIR}
    assert not scopes.TOKEN & {scopes.ADMIN, scopes.APPROVE, scopes.PAIR}


def test_the_file_is_private_and_a_damaged_one_is_said_to_be(tmp_path: Path):
    path = tmp_path / "devices.json"
    assert registry.read(path) == Book()
    registry.change(path, paired)
    assert path.stat().st_mode & 0o777 == 0o600
    assert registry.read(path) == paired(Book())
    before = path.stat().st_ino
    registry.change(path, lambda book: book)
    assert path.stat().st_ino == before, "nothing to say, nothing written"
    path.write_bytes(b"\xff{")
    with pytest.raises(TetherError, match=r"devices\.json"):
        registry.read(path)
    path.unlink()
    os.symlink(tmp_path / "elsewhere", path)
    assert registry.read(path) == Book(), "a link is nobody's file"
