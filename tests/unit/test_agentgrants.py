"""What agents' own settings allow, as their files say it; a file that nobody can read is told, and harms nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tether.agentgrants import Own, listed


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def whats(found: list[Own]) -> list[tuple[str, int, bool]]:
    return [(one.what, one.line, one.everywhere) for one in found]


def test_claude_for_the_user_and_for_a_project(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    write(
        home / ".claude/settings.json", json.dumps({"permissions": {"allow": ["Bash(ls:*)"], "deny": ["x"]}}, indent=1)
    )
    mine = {"permissions": {"allow": ["Bash(npm run test:*)"], "defaultMode": "acceptEdits"}}
    write(project / ".claude/settings.local.json", json.dumps(mine, indent=1))
    found = listed(["claude"], [str(project)], {}, home)
    assert whats(found) == [
        ("Bash(ls:*)", 4, True), ("Bash(npm run test:*)", 4, False), ("defaultMode: acceptEdits", 6, False),
    ]  # fmt: skip
    assert listed(["codex"], [str(project)], {}, home) == []


def test_codex_rules_trust_and_modes(tmp_path: Path) -> None:
    rules = '# mine\nprefix_rule(\n    pattern = ["git", "push"],\n    decision = "allow",\n)\n'
    write(tmp_path / "codex/rules/default.rules", rules + 'prefix_rule(pattern=["rm"], decision="forbidden")\n')
    config = 'approval_policy = "never"\nsandbox_mode = "read-only"\n[projects."/p"]\ntrust_level = "trusted"\n'
    write(tmp_path / "codex/config.toml", config + '[projects."/q"]\ntrust_level = "trusted"\n')
    found = listed(["codex"], ["/p"], {"CODEX_HOME": str(tmp_path / "codex")}, tmp_path)
    assert whats(found) == [
        ("approval_policy = never", 1, True), ("trust_level of /p = trusted", 3, True),
        ('prefix_rule ["git", "push"]', 3, True),
    ]  # fmt: skip


def test_opencode_with_comments(tmp_path: Path) -> None:
    text = '{\n  // mine /* too\n  "permission": {"bash": {"git *": "allow", "*": "ask"}, "edit": "allow"} /* x */\n}'
    write(tmp_path / "project/opencode.jsonc", text)
    write(tmp_path / ".config/opencode/opencode.json", '{"permission": "allow", "url": "http://x"}')
    found = listed(["opencode"], [str(tmp_path / "project")], {}, tmp_path)
    assert whats(found) == [
        ("permission: everything", 1, True), ("permission: bash git *", 3, False), ("permission: edit", 3, False),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["{", "[]", '{"permissions": 3}', '{"permissions": {"allow": 3}}', "[" * 100_000])
def test_what_can_not_be_read_is_told(tmp_path: Path, text: str) -> None:
    write(tmp_path / ".claude/settings.json", text)
    (found,) = listed(["claude"], [], {}, tmp_path)
    assert "not known" in found.what


def test_a_pipe_or_an_endless_file_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    os.mkfifo(tmp_path / ".claude/settings.json")
    (found,) = listed(["claude"], [], {}, tmp_path)
    assert "not known" in found.what
    rules = write(tmp_path / ".codex/rules/x.rules", "prefix_rule(pattern=[" * 12_000)
    assert listed(["codex"], [], {}, tmp_path) == []
    rules.unlink()
    # Quotes and comments that never end: looked at once, not once for each of them.
    for bad in ('"' + '\\"' * 120_000, "/*" * 120_000):
        write(tmp_path / "opencode.json", bad)
        (found,) = listed(["opencode"], [str(tmp_path)], {}, tmp_path)
        assert "not known" in found.what
