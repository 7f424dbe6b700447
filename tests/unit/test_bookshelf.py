"""Books are kept for their owner alone, as many as there is room for, and gone with what they were made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tether import bookshelf
from tether.bookshelf import Shelf
from tether.linebook import Span, Wanted, Writing

SID = bytes(range(16))


def book(behind: int, size: int = 10) -> bytes:
    writing = Writing()
    writing.add(behind + 1, 1, 1, b"x" * size)
    data = writing.finish(Span(behind, behind + 5, behind + 1, 1, True))
    assert data is not None
    return data


def behinds(shelf: Shelf, *wanted: int) -> list[int]:
    return [behind for behind in wanted if shelf.take(SID, behind) is not None]


def test_a_book_that_was_put_is_taken(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lines")
    assert shelf.take(SID, 0) is None
    shelf.put(SID, 0, book(0))
    found = shelf.take(SID, 0)
    assert found is not None
    assert [line.seq for line in found.lines(Wanted("x"), 9) if line is not None] == [1]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    Shelf(tmp_path / "lines").put(SID, 0, book(0))
    assert (tmp_path / "lines").stat().st_mode & 0o777 == 0o700
    [session] = (tmp_path / "lines").iterdir()
    [file] = session.iterdir()
    assert (session.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_damaged_one_and_a_link_are_none(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lines")
    shelf.put(SID, 0, book(0))
    [file] = (tmp_path / "lines").glob("*/*")
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], b"junk"):
        file.write_bytes(damaged)
        assert shelf.take(SID, 0) is None
    file.unlink()
    (tmp_path / "elsewhere").write_bytes(whole)
    file.symlink_to(tmp_path / "elsewhere")
    assert shelf.take(SID, 0) is None
    shelf.put(SID, 0, whole)
    assert not file.is_symlink()
    assert behinds(shelf, 0) == [0]


def test_what_was_not_looked_at_for_longest_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lines", 5000)
    for behind in range(4):
        shelf.put(SID, behind, book(behind, 1000))
        [file] = (tmp_path / "lines").glob(f"*/*{behind}")
        os.utime(file, (behind, behind))
    assert behinds(shelf, 0) == [0]  # the oldest, looked at just now
    shelf.put(SID, 4, book(4, 1000))
    shelf.put(SID, 5, book(5, 1000))
    assert behinds(shelf, 0, 1, 2, 3, 4, 5) == [0, 3, 4, 5]
    shelf.put(SID, 6, book(6, 4000))
    assert behinds(shelf, 6) == []


def test_what_was_cut_is_forgotten(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "lines")
    bookshelf.forget(tmp_path / "lines", SID, 5)
    for behind in (0, 10, 20):
        shelf.put(SID, behind, book(behind))
    bookshelf.forget(tmp_path / "lines", SID, 11)
    assert behinds(shelf, 0, 10, 20) == [20]


def test_a_disk_that_is_nearly_full_is_left_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path / "lines")
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines/stray").write_text("no session")
    shelf.put(SID, 0, book(0))
    monkeypatch.setattr(bookshelf, "_FREE_MIN", 1 << 62)
    shelf.put(SID, 1, book(1))
    assert behinds(shelf, 0, 1) == [0]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("in the way")
    shelf = Shelf(tmp_path / "lines")
    shelf.put(SID, 0, book(0))
    assert shelf.take(SID, 0) is None
