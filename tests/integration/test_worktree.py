"""What an agent changed in its directory is seen from outside: by command and over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.gateway import FAKE_AGENTS, Gateway
from tests.support.repositories import Repo
from tests.support.webclient import api


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def test_what_changed_since_the_commit_and_since_the_session_began(gateway: Gateway) -> None:
    repo = Repo(gateway.home / "repo")
    repo.write("a.txt", "one\ntwo\n")
    repo.write(".gitignore", "*.log\n")
    repo.commit()
    repo.write("a.txt", "one\nTWO\n")
    session = str(gateway.tether("run", "shell", "-d", cwd=repo.root).stdout).strip()
    path = f"/api/v1/sessions/{session}"
    with api(gateway) as http:
        gateway.wait_until(
            "its beginning",
            lambda: (
                (http.get(f"{path}/changes", params={"base": "start"}).json()["since"] or {}).get("kind") == "recorded"
            ),
        )
        head = http.get(f"{path}/changes").json()
        assert [(one["path"], one["added"], one["removed"]) for one in head["files"]] == [("a.txt", 1, 1)]
        assert http.get(f"{path}/changes", params={"base": "start"}).json()["files"] == []
        assert http.get(f"{path}/changes", params={"have": head["digest"]}).json()["same"]
        gateway.tether("send", session, "cd / && echo new > $OLDPWD/n.txt && echo x > $OLDPWD/x.log", "--enter")

        def both() -> dict[str, Any] | None:
            found: dict[str, Any] = http.get(f"{path}/changes", params={"have": head["digest"]}).json()
            return found if len(found.get("files", [])) == 2 else None

        later = gateway.wait_until("the agent's work", both)
        assert later["files"][1]["hunks"][0]["lines"] == ["+new"]
        assert later["cwd"] == str(repo.root)
        assert later["agent_cwd"] == "/"
        since = http.get(f"{path}/changes", params={"base": "start"}).json()
        assert [one["path"] for one in since["files"]] == ["n.txt"]
        listed = http.get(f"{path}/files").json()
        assert [(one["name"], one["change"]) for one in listed["entries"]] == [
            (".gitignore", ""), ("a.txt", "M"), ("n.txt", "?"),
        ]  # fmt: skip
        assert http.get(f"{path}/files", params={"have": listed["digest"]}).json()["same"]
        assert http.get(f"{path}/files/content", params={"path": "n.txt"}).json()["text"] == "new\n"
        assert http.get(f"{path}/changes", params={"base": "other"}).status_code == 422
    shown = gateway.tether("diff", session).stdout
    assert "=== a.txt (changed, +1 -1)\n@@ -1 +1 @@\n one\n-two\n+TWO\n" in shown
    assert gateway.tether("diff", session, "--start", "--name-only").stdout == "n.txt\n"
    assert "2 files, +2 -1" in gateway.tether("diff", session, "--stat").stdout
    assert json.loads(gateway.tether("diff", session, "--json", "--staged").stdout)["files"] == []
    assert "a.txt" in gateway.tether("files", session).stdout
    assert gateway.tether("files", session, "n.txt").stdout == "new\n"
    assert gateway.tether("files", session, "../x", check=False).returncode == 4
    assert gateway.tether("files", session, "nothing", check=False).returncode == 3
    gateway.tether("stop", session, "--yes")
    # An ended session's directory is still there to be looked at.
    assert "a.txt" in gateway.tether("diff", session, "--name-only").stdout


def test_a_directory_without_a_repository_has_files_and_no_changes(gateway: Gateway) -> None:
    plain = gateway.home / "plain"
    plain.mkdir()
    (plain / "x.txt").write_text("x\n")
    session = str(gateway.tether("run", "shell", "-d", cwd=plain).stdout).strip()
    with api(gateway) as http:
        assert http.get(f"/api/v1/sessions/{session}/changes").json()["kind"] == "none"
        assert [e["name"] for e in http.get(f"/api/v1/sessions/{session}/files").json()["entries"]] == ["x.txt"]
    done = gateway.tether("diff", session, check=False)
    assert done.returncode == 3
    assert "in no git repository" in done.stderr
    gateway.tether("stop", session, "--yes")


def test_what_each_turn_of_an_agent_changed(gateway: Gateway) -> None:
    gateway.add_provider("asker", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
    repo = Repo(gateway.home / "turns")
    repo.write("a.txt", "one\n")
    repo.commit()
    session = str(gateway.tether("run", "asker", "-d", cwd=repo.root).stdout).strip()
    seen = 0

    def tell(event: str, turn: str, **fields: str) -> None:
        nonlocal seen
        seen += 1
        said = json.dumps({"tell": event, "fields": {"prompt_id": turn, **fields}})
        gateway.tether("send", session, said, "--enter", "--take")
        gateway.wait_until(event, lambda: gateway.tether("logs", session).stdout.count("TOLD ") == seen)

    def turns() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(gateway.tether("turns", session, "--json").stdout)["turns"]
        return found

    def ended(n: int) -> list[dict[str, Any]] | None:
        return turns() if len(turns()) == n and turns()[-1]["ended"] else None

    gateway.wait_until("the first turn", turns)
    repo.write("a.txt", "ONE\n")
    tell("Stop", "turn-1")
    gateway.wait_until("its end", lambda: ended(1))
    repo.write("mine.txt", "between two turns\n")
    tell("UserPromptSubmit", "turn-2", prompt="and the other file")
    gateway.wait_until("the second turn", lambda: len(turns()) == 2)
    repo.write("b.txt", "two\n")
    assert gateway.tether("diff", session, "--turn", "last", "--name-only").stdout == "b.txt\n"
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "all of it")
    tell("Stop", "turn-2")
    second = gateway.wait_until("its end", lambda: ended(2))[1]
    assert (second["prompt"], second["phase"], second["known"]) == ("and the other file", "ended", True)
    repo.write("later.txt", "after the last turn\n")
    gateway.kill("adapters")
    assert "-one\n+ONE\n" in gateway.tether("diff", session, "--turn", "1").stdout
    assert gateway.tether("diff", session, "--turn", "2", "--stat").stdout.startswith("new")
    with api(gateway) as http:
        path = f"/api/v1/sessions/{session}"
        assert [one["n"] for one in http.get(f"{path}/turns").json()["turns"]] == [1, 2]
        found = http.get(f"{path}/changes", params={"base": "turn", "turn": "2"}).json()
        assert [one["path"] for one in found["files"]] == ["b.txt"]
        assert http.get(f"{path}/changes", params={"base": "turn", "turn": "3"}).status_code == 404
    for words, status in ((["--turn", "3"], 3), (["--turn", "x"], 2), (["--turn", "1", "--start"], 2)):
        assert gateway.tether("diff", session, *words, check=False).returncode == status
    assert "and the other file" in gateway.tether("turns", session).stdout
    gateway.tether("stop", session, "--yes")
