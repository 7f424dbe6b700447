"""The rule file as bad luck and an agent would have it: a person decides, and the service goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tether.adapters.decisions import Book
from tether.adapters.ruling import Judge
from tether.wire.agents import Approval

RULES = "[[rule]]\nname = 'a'\nkind = 'command'\ncommand = 'make test'\ndecision = 'allow'\n"
RECORD = Approval("4d7k2m9p", "k3v9x0pq", "claude", "command", "make test", exact=b"make test", sha256="ab")


def decide(file: Path, record: Approval = RECORD, book: Book | None = None) -> str:
    found = Judge(file, lambda: 0, lambda _facts: None).decide(record, str(file.parent), book or Book())
    return "" if found is None else found.decision


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    told: list[dict[str, str]] = []
    judge = Judge(file, lambda: 0, told.append)
    assert judge.decide(RECORD, "/", Book()) is None
    file.write_text(RULES)
    found = judge.decide(RECORD, "/", Book())
    assert found is not None
    assert (found.decision, found.rule, found.sha256) == ("allow", "a", "ab")
    file.write_text(RULES.replace("allow", "deny") + "\n")
    changed = judge.decide(RECORD, "/", Book())
    assert changed is not None
    assert changed.decision == "deny"
    file.write_text("[[rule")
    assert judge.decide(RECORD, "/", Book()) is None
    file.unlink()
    assert judge.decide(RECORD, "/", Book()) is None
    assert [one.get("rules") for one in told] == ["1", "1", None]
    assert "problem" in told[2]
    assert len({one["sha256"] for one in told}) == 3


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xfe", b"[[rule", RULES.encode() + b"#" * (2 << 20)])
def test_a_file_that_is_none_decides_nothing(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(data)
    assert decide(file) == ""


def test_a_pipe_or_a_directory_is_no_rule_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # read, it would hold everybody's agents up
    assert decide(tmp_path / "pipe") == ""
    assert decide(tmp_path) == ""


def test_a_mistake_of_ours_leaves_it_to_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(RULES)

    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("tether.adapters.ruling.judge", broken)
    assert decide(file) == ""


def test_what_was_allowed_for_the_session_is_allowed_again_unless_a_rule_denies(tmp_path: Path) -> None:
    book = Book()
    book.restore(replace(RECORD, id="granted", state="allowed", scope="session"))
    again = replace(RECORD, id="again")
    file = tmp_path / "policy.toml"
    found = Judge(file, lambda: 0, lambda _facts: None).decide(again, str(tmp_path), book)
    assert found is not None
    assert (found.decision, found.by, found.sha256) == ("allow", "grant granted", "ab")
    file.write_text(RULES.replace("allow", "deny"))
    assert decide(file, again, book) == "deny"
    # A rule may deny it: while the rules can't be read nobody knows.
    file.write_text("[[rule")
    assert decide(file, again, book) == ""
    file.unlink()
    assert book.undo("granted").won
    assert decide(file, again, book) == ""
