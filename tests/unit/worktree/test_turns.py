"""What turns changed: between their trees, whatever became of the repository meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repositories import Repo
from tether.worktree import changes, turns
from tether.worktree.changes import Asked, Changes
from tether.worktree.turns import Unknown

SID = b"s" * 16


class World:
    """A repository whose agent begins and ends turns."""

    def __init__(self, root: Path) -> None:
        self.home = root / "beginnings"
        self.repo = Repo(root / "repo")
        self.repo.write("a.txt", "one\n")
        self.repo.commit()
        self.now = 0

    def note(self, key: str, phase: str = "began", prompt: str = "") -> None:
        self.now += 1
        turns.note(self.home, SID, str(self.repo.root), key, phase, prompt, self.now)

    def diff(self, n: int = 0) -> Changes:
        return changes.read(changes.look(Asked(str(self.repo.root), SID, 0, self.home, n), "turn"))

    def names(self, n: int = 0) -> list[bytes]:
        return [one.path for one in self.diff(n).files]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_turn_that_goes_on_is_compared_with_what_is_there(world: World) -> None:
    world.repo.write("before.txt", "not the agent's\n")
    world.note("t1")
    assert world.names() == []
    world.repo.write("new.txt", "n\n")
    world.repo.write("before.txt", "changed\n")
    assert world.names() == [b"before.txt", b"new.txt"]


def test_a_turn_that_is_over_stays_what_it_was(world: World) -> None:
    world.note("t1")
    world.repo.write("a.txt", "two\n")
    world.note("t1", "ended")
    world.repo.commit()
    world.repo.write("a.txt", "three\n")
    world.repo.write("other.txt", "o\n")
    assert world.names(1) == [b"a.txt"]
    assert world.diff(1).files[0].hunks[0].lines == [b"-one", b"+two"]
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    assert world.names(1) == [b"a.txt"]


def test_an_end_that_nobody_saw_is_the_next_ones_beginning(world: World) -> None:
    world.note("t1")
    world.repo.write("a.txt", "two\n")
    world.note("t2")
    world.repo.write("b.txt", "b\n")
    assert world.names(1) == [b"a.txt"]
    assert world.names(2) == [b"b.txt"]


def test_what_is_said_twice_is_one_turn_and_its_words_may_come_later(world: World) -> None:
    world.note("t1")
    world.note("t1", prompt="do it " * 100)
    world.note("unheard of", "ended")
    (turn,) = turns.listed(world.home, SID)
    assert (turn.n, turn.key, turn.began, len(turn.prompt)) == (1, "t1", 1, turns.PROMPT_CHARS)


def test_outside_of_a_repository_turns_are_known_and_their_changes_are_not(tmp_path: Path) -> None:
    turns.note(tmp_path / "home", SID, str(tmp_path), "t1", "began", "", 1)
    assert [one.before for one in turns.listed(tmp_path / "home", SID)] == [""]
    assert changes.look(Asked(str(tmp_path), SID, 0, tmp_path / "home"), "turn").changes.kind == "none"


def test_a_turn_that_there_is_not(world: World) -> None:
    with pytest.raises(Unknown, match="no turn in"):
        world.diff()
    world.note("t1")
    with pytest.raises(Unknown) as error:
        world.diff(7)
    assert "newest is turn 1" in error.value.hint


def test_the_oldest_are_forgotten_and_what_is_too_much_has_no_tree(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURNS_MAX", 2)
    for number in range(3):
        world.note(f"t{number}")
    assert [one.n for one in turns.listed(world.home, SID)] == [2, 3]
    world.repo.write("large.txt", "l" * 100)
    monkeypatch.setattr(turns, "BYTES_MAX", 50)
    world.note("t3")
    world.note("t4")
    assert [bool(one.before) for one in turns.listed(world.home, SID)] == [True, False]
    assert world.diff(5).unknown_start


def test_half_a_character_and_a_file_that_is_none_lose_no_later_turn(world: World) -> None:
    world.note("t\ud800", prompt="\ud800 do it")
    (turns.place_of(world.home, SID) / "turns.json").write_bytes(b"\0not json")
    world.note("t2", prompt="go on")
    assert [one.prompt for one in turns.listed(world.home, SID)] == ["go on"]
