"""What a session's directory held when each turn of its agent began and ended, so that a turn's changes can be told.

Kept beside the session's beginning and gone with it. A person's own changes between two turns belong to neither; those
made while the agent works can't be told from the agent's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from tether.errors import TetherError
from tether.worktree import beginnings, trees
from tether.worktree.lens import find

PROMPT_CHARS: Final = 200
# The oldest turns are forgotten; what the trees hold may grow to this, then turns have no trees any more.
TURNS_MAX: Final = 1000
BYTES_MAX: Final = 512 << 20


class Turn(msgspec.Struct, frozen=True):
    """The turn `n` (from 1) of a session; `key` is the agent's own name of it, `phase` began, ended, interrupted or
    failed. Times are microseconds since 1970. `before` and `after` are trees ("": not known), `head` the commit."""

    n: int
    key: str
    began: int
    prompt: str = ""
    ended: int = 0
    phase: str = "began"
    before: str = ""
    after: str = ""
    head: str = ""
    left_out: int = 0


class _Kept(msgspec.Struct):
    turns: list[Turn] = []
    size: int = 0


class Unknown(TetherError):
    """There is no such turn."""

    def __init__(self, n: int, known: int) -> None:
        what = f"There is no turn {n} in this session" if n else "There is no turn in this session yet"
        hint = f"The newest is turn {known}" if known else "The agent has not begun one, or does not tell"
        super().__init__(what, hint=hint, code="no-turn")


def place_of(home: Path, sid: bytes) -> Path:
    """Where a session's turns are kept."""
    return beginnings.place_of(home, sid) / "turns"


def listed(home: Path, sid: bytes) -> list[Turn]:
    """The session's turns, oldest first."""
    return _load(place_of(home, sid)).turns


def note(home: Path, sid: bytes, directory: str, key: str, phase: str, prompt: str, ts: int) -> None:
    """A turn began or ended at `ts`: keep that, with what the directory holds now. GitError, OSError."""
    place = place_of(home, sid)
    kept = _load(place)
    # An agent may tell of half a character, which no file can hold.
    key, prompt = (text.encode("utf-8", "replace").decode() for text in (key, prompt))
    at = next((at for at in range(len(kept.turns) - 1, -1, -1) if kept.turns[at].key == key), None)
    if at is None and phase != "began":
        return
    if at is None:
        last = kept.turns[-1].n if kept.turns else 0
        turn = Turn(last + 1, key, ts, prompt[:PROMPT_CHARS], **_tree(kept, place, directory, "before"))
        kept.turns = [*kept.turns, turn][-TURNS_MAX:]
    elif phase == "began":
        # Said again, now with its words.
        if prompt and not kept.turns[at].prompt:
            kept.turns[at] = msgspec.structs.replace(kept.turns[at], prompt=prompt[:PROMPT_CHARS])
    else:
        tree = _tree(kept, place, directory, "after")
        kept.turns[at] = msgspec.structs.replace(kept.turns[at], ended=ts, phase=phase, **tree)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = place / "turns.new"
    temporary.write_bytes(msgspec.json.encode(kept))
    temporary.replace(place / "turns.json")


def span(turns: list[Turn], n: int) -> tuple[Turn, str]:
    """The turn `n` (0: the newest), and the tree at its end; "" while that is the directory as it is. Unknown."""
    at = next((at for at, one in enumerate(turns) if one.n == n), None) if n else len(turns) - 1
    if at is None or at < 0:
        raise Unknown(n, turns[-1].n if turns else 0)
    turn = turns[at]
    # Of one whose end nobody saw, as far as the next one's beginning tells.
    after = turn.after or (turns[at + 1].before if at + 1 < len(turns) else "")
    return turn, after


def _tree(kept: _Kept, place: Path, directory: str, name: str) -> dict[str, Any]:
    repository = find(directory)
    if repository is None or kept.size > BYTES_MAX:
        return {}
    taken = trees.take(repository, directory, place)
    kept.size += taken.size
    return {name: taken.tree, "head": taken.head, "left_out": taken.left_out}


def _load(place: Path) -> _Kept:
    try:
        return msgspec.json.decode((place / "turns.json").read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return _Kept()
