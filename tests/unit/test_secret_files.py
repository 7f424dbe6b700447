"""Small private files."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tether import secret_files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def test_what_is_written_is_read_without_its_last_newline(path: Path) -> None:
    assert secret_files.read(path) is None
    for text in ("one", "two\n", "größer"):
        secret_files.write(path, text)
        assert secret_files.read(path) == text.strip()
    assert os.listdir(path.parent) == ["secret"]


def test_nobody_else_may_read_it_even_while_it_is_written(path: Path) -> None:
    old = os.umask(0)
    try:
        secret_files.write(path, "x")
        secret_files.ensure_token(path.with_name("token"))
    finally:
        os.umask(old)
    for made in (path, path.with_name("token")):
        assert made.stat().st_mode & 0o777 == 0o600


def test_a_link_is_replaced_and_never_followed(path: Path) -> None:
    target = path.with_name("target")
    target.write_text("precious")
    path.symlink_to(target)
    assert secret_files.read(path) is None
    secret_files.write(path, "mine")
    assert target.read_text() == "precious"
    assert not path.is_symlink()


def test_a_write_that_fails_leaves_what_was_there(path: Path) -> None:
    secret_files.write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        secret_files.write(path, "\ud800")
    assert secret_files.read(path) == "old"
    assert os.listdir(path.parent) == ["secret"]


def test_a_token_is_made_once(path: Path) -> None:
    token = secret_files.ensure_token(path)
    assert len(bytes.fromhex(token)) == 32
    assert secret_files.ensure_token(path) == token
    assert secret_files.ensure_token(path.with_name("other")) != token
    assert len(bytes.fromhex(secret_files.ensure_token(path.with_name("short"), 5))) == 5


def test_many_who_make_a_token_at_once_agree_on_one(path: Path) -> None:
    for round_number in range(20):
        file = path.with_name(f"token{round_number}")
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(lambda _, file=file: secret_files.ensure_token(file), range(8)))) == 1


def test_an_empty_file_or_a_link_is_no_token(path: Path) -> None:
    path.write_text("")
    assert len(secret_files.ensure_token(path)) == 64
    link = path.with_name("link")
    link.symlink_to("/dev/null")
    assert len(secret_files.ensure_token(link)) == 64
    assert not link.is_symlink()
    assert sorted(os.listdir(path.parent)) == ["link", "secret"]
