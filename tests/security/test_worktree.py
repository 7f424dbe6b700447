"""A session's directory is read and nothing beside it, by owner and device alike."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.device import pair
from tests.support.gateway import Gateway
from tests.support.repositories import Repo
from tests.support.webclient import api
from tests.unit.worktree.test_confined import CLIMBING

SECRET = "a file outside of the session"
TOKEN = "ghp_" + "".join(random.Random(11).choices(string.ascii_letters + string.digits, k=36))


@pytest.fixture(scope="module")
def place(target: Gateway) -> Path:
    """A repository with everything hostile in it; beside it, a file that nobody asked for."""
    root = target.home / "place"
    repo = Repo(root / "repo")
    (root / "secret").write_text(SECRET)
    repo.write("sub/file.txt", f"token = {TOKEN}\n")
    repo.write("<img src=x onerror=alert(1)>.txt", "<script>alert(1)</script>\n")
    for name, goal in (("out", ".."), ("file", "../secret"), ("root", "/proc/self/root")):
        (repo.root / name).symlink_to(goal)
    os.mkfifo(repo.root / "pipe")
    with open(repo.root / "huge", "wb") as file:
        file.truncate(1 << 34)
    return repo.root


@pytest.fixture(scope="module")
def session(target: Gateway, place: Path) -> Iterator[str]:
    made = str(target.tether("run", "-d", "--share", "shell", cwd=place).stdout).strip()
    yield made
    target.tether("stop", made, "--yes", check=False)


def test_no_name_leads_out_of_the_sessions_directory(target: Gateway, session: str) -> None:
    with api(target) as http:
        for address in ("files", "files/content", "changes"):
            for name in (*CLIMBING, "out/secret", "file", "root/etc/passwd"):
                answer = http.get(f"/api/v1/sessions/{session}/{address}", params={"path": name})
                assert SECRET not in answer.text
                assert "root:" not in answer.text
                if address != "changes" or name in CLIMBING:
                    assert answer.status_code in (403, 404), (address, name)
        for climbing in ("/api/v1/sessions/../files", f"/api/v1/sessions/{session}/files/../../../../etc/passwd"):
            assert http.get(climbing).status_code == 404
        everything = http.get(f"/api/v1/sessions/{session}/changes").text
        assert SECRET not in everything


def test_what_is_no_file_is_not_opened(target: Gateway, session: str) -> None:
    with api(target) as http:
        path = f"/api/v1/sessions/{session}/files/content"
        assert http.get(path, params={"path": "pipe"}).status_code == 403
        assert http.get(path, params={"path": "sub"}).status_code == 403
        huge = http.get(path, params={"path": "huge"}).json()
        assert (huge["kind"], huge["size"]) == ("binary", 1 << 34)


def test_a_device_sees_a_shared_sessions_files_masked_and_no_others(target: Gateway, session: str, place: Path) -> None:
    own = str(target.tether("run", "-d", "--no-share", "shell", cwd=place).stdout).strip()
    phone = pair(target)
    with phone.dial() as line:
        for address in ("files", "changes", "files/content?path=sub/file.txt"):
            status, found = line.ask("GET", f"/api/v1/sessions/{session}/{address}")
            assert status == 200, found
            assert TOKEN not in str(found)
            assert line.ask("GET", f"/api/v1/sessions/{own}/{address}")[0] == 404
        _, found = line.ask("GET", f"/api/v1/sessions/{session}/files/content?path=sub/file.txt")
        assert "token = ***" in str(found)
    target.tether("stop", own, "--yes")


def test_a_stranger_gets_nothing(target: Gateway, session: str) -> None:
    with api(target, Authorization="Bearer wrong") as http:
        for address in ("files", "changes", "files/content?path=sub/file.txt"):
            assert http.get(f"/api/v1/sessions/{session}/{address}").status_code == 401
