"""What belongs to Tether on the command line, and what to the agent."""

from __future__ import annotations

import pytest

from tether.cli.argv import arrange, split_run

CASES = [
    (["codex", "--model", "o3"], ["codex"], ["--model", "o3"]),
    (["codex", "--title", "fix", "--model", "o3"], ["codex", "--title", "fix"], ["--model", "o3"]),
    (["--title=fix", "codex", "-m", "o3", "-d"], ["--title=fix", "codex", "-d"], ["-m", "o3"]),
    (["codex", "--", "--title", "x", "-d"], ["codex"], ["--title", "x", "-d"]),
    (["-d", "--", "codex", "-d"], ["-d", "codex"], ["-d"]),
    (["shell", "-d"], ["shell", "-d"], []),
    (["codex", "--tit", "x"], ["codex"], ["--tit", "x"]),
    (["codex", "-q", "prompt with spaces", "--yes"], ["codex"], ["-q", "prompt with spaces", "--yes"]),
    (["-q", "codex", "exec"], ["-q", "codex"], ["exec"]),
    (["codex", "resume", "--json"], ["codex", "--json"], ["resume"]),
    (["codex", "-", "--transport", "tmux"], ["codex", "--transport", "tmux"], ["-"]),
    (["codex", "--title"], ["codex", "--title"], []),
    ([], [], []),
]


@pytest.mark.parametrize(("words", "own", "theirs"), CASES)
def test_run_is_parted(words: list[str], own: list[str], theirs: list[str]) -> None:
    assert split_run(words) == (own, theirs)


def test_globals_may_stand_anywhere() -> None:
    assert arrange(["ls", "-a", "--json"]) == ["--json", "ls", "-a"]
    assert arrange(["wait", "k3v9", "--timeout", "5", "--for", "exit"]) == [
        "--timeout",
        "5",
        "wait",
        "k3v9",
        "--for",
        "exit",
    ]
    assert arrange(["--timeout", "5", "wait", "k3v9"]) == ["--timeout", "5", "wait", "k3v9"]
    assert arrange(["send", "k3v9", "--", "--json"]) == ["send", "k3v9", "--", "--json"]
    assert arrange(["run", "codex", "--json", "--model", "x"]) == ["--json", "run", "codex", "--", "--model", "x"]
    assert arrange(["--help"]) == ["--help"]
    assert arrange([]) == []
