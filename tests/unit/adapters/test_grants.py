"""What was allowed for a session covers the same thing again, and nothing that only looks like it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tether import asking
from tether.adapters import grants
from tether.adapters.diffs import changed
from tether.wire.agents import Approval, Option, Settled

DIRECTORY = "/home/me/project"


def record(kind: str = "command", exact: bytes = b"npm test", **more: Any) -> Approval:
    made = Approval("new", "k3v9", "claude", kind, "npm test", exact=exact, size=len(exact))
    return replace(made, sha256=hashlib.sha256(exact).hexdigest(), **more)


def granted(one: Approval) -> Approval:
    return replace(one, id="grant", state="allowed", scope="session")


def covered(grant: Approval, one: Approval) -> bool:
    return grants.covering([grant], one, DIRECTORY, lambda path: path) is not None


def edit(path: str) -> Approval:
    diff = changed(path, "@@ -1 +1 @@\n-a\n+b\n", "")
    return record("edit", diff.encode(), diff=diff)


def tool(title: str, **given: Any) -> Approval:
    return record("tool", json.dumps(given).encode(), title=title)


def test_the_same_command_is_covered_and_no_other() -> None:
    grant = granted(record())
    assert covered(grant, record())
    assert not covered(grant, record(exact=b"npm test "))
    assert not covered(grant, record(detail="In /elsewhere"))
    assert not covered(grant, record(provider="codex"))
    assert not covered(replace(grant, scope="once"), record())
    assert not covered(replace(grant, scope=asking.UNDONE), record())
    assert not covered(replace(grant, state="denied"), record())


def test_edits_of_the_same_files_are_covered() -> None:
    assert covered(granted(edit("src/a.py")), edit("src/a.py"))
    assert not covered(granted(edit("src/a.py")), edit("src/b.py"))
    written = record("edit", json.dumps({"file_path": f"{DIRECTORY}/src/a.py", "content": "x"}).encode())
    other = record("edit", json.dumps({"file_path": f"{DIRECTORY}/src/a.py", "content": "y"}).encode())
    assert covered(granted(written), other)


def test_a_file_that_became_a_link_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    grant = granted(edit("a"))
    resolve = lambda path: str(Path(path).resolve())  # noqa: E731
    assert grants.covering([grant], edit("a"), str(tmp_path), resolve) is grant
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("/etc/hosts")
    assert grants.covering([grant], edit("a"), str(tmp_path), resolve) is None


def test_a_tool_is_covered_on_its_host_or_its_server() -> None:
    page = tool("WebFetch docs", url="https://docs.example/a")
    assert covered(granted(page), tool("WebFetch docs", url="https://docs.example/b"))
    assert not covered(granted(page), tool("WebFetch docs", url="https://elsewhere.example/a"))
    assert not covered(granted(page), tool("WebFetch docs", url="https://me@docs.example/a"))
    search = tool("files: search", server="files", tool="search", arguments={"q": 1})
    assert covered(granted(search), tool("files: search", server="files", tool="search", arguments={"q": 2}))
    assert not covered(granted(search), tool("files: write", server="files", tool="write"))
    assert covered(granted(tool("mcp__files__search a", q=1)), tool("mcp__files__search b", q=2))
    assert not covered(granted(tool("external /a", patterns=["/a"])), tool("external /a", patterns=["/"]))


@pytest.mark.parametrize("kind", ["question", "plan"])
def test_neither_questions_nor_plans_stand(kind: str) -> None:
    one = record(kind, options=[Option("allow", "Allow once"), Option("session", "x"), Option("deny", "Deny")])
    assert [option.id for option in grants.offered(one).options] == ["allow", "deny"]
    assert not covered(granted(one), one)


def test_what_is_not_known_whole_does_not_stand() -> None:
    assert not grants.may_stand(record(cut=1))
    assert not grants.may_stand(record("edit", b"no diff"))
    options = [Option("once", "Allow once"), Option("deny", "Deny")]
    assert [option.id for option in grants.offered(record(options=options)).options] == ["once", "session", "deny"]


def test_the_log_keeps_that_it_was_undone() -> None:
    grant = granted(record())
    undone = asking.settled(grant, Settled(7, 1, "grant", "allowed", "phone", scope=asking.UNDONE))
    assert undone is not None
    assert (undone.scope, undone.by, undone.state) == (asking.UNDONE, "", "allowed")
    assert asking.settled(undone, Settled(8, 1, "grant", "allowed", "phone", scope=asking.UNDONE)) is None
