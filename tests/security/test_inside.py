"""Row 11 and section 2.1 of docs/security.md: an agent does not decide for itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.webclient import WebClient
from tether import ancestry
from tether.paths import resolve
from tether.wire.control import Attached, Refused

AGENT = Path(__file__).parent / "inside.py"


@pytest.fixture(scope="module")
def onlooker(target: Gateway, shell: str) -> Iterator[WebClient]:
    """Somebody who is attached elsewhere all the while."""
    with WebClient(target, shell, mode="observe") as page:
        page.expect(Attached)
        yield page


@pytest.fixture(scope="module")
def tried(target: Gateway, onlooker: WebClient) -> tuple[dict[str, str], str]:
    """What came of each try, and the session it was made in."""
    target.add_provider("trying", [sys.executable, str(AGENT), str(target.root), str(target.port)])
    session = target.run("trying")
    target.wait_until("the end of its tries", lambda: b"END" in target.raw(session), 90)
    text = target.raw(session).decode().replace("\r\n", "\n")
    codes = {}
    for line in text.splitlines():
        if line.startswith("{"):
            said = json.loads(line)
            codes[said["try"]] = said["code"]
    return codes, session


EXPECTED = {
    "a link for a browser": "inside",
    "the list of devices": "inside",
    "revoking all devices": "inside",
    "typing into itself": "own-session",
    "the raw socket": "inside",
    "an offer to a device of its own": "inside",
    "its own yes": "inside",
    "pairing at its own terminal": "inside",
    "the raw socket, forked twice": "inside",
    "typing over the web with the token": "own-session",
    "the same, forked twice": "own-session",
    "a prompt to itself": "own-session",
    "a prompt to itself, forked twice": "own-session",
    "its own approval, with the token": "inside",
    "its own approval, by the raw socket": "inside",
    "a web part of its own": "own-session",
    "a worker of its own": "own-session",
    "adapters of its own": "own-session",
    "deciding on the bus": "own-session",
    "deciding on the bus, forked twice": "own-session",
    "deciding over the raw socket": "inside",
    "deciding with the token": "inside",
    "a prompt for itself": "own-session",
    "a hook of no session": "refused",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_an_agent_tries_on_its_own_behalf_is_refused(tried: tuple[dict[str, str], str], name: str) -> None:
    codes, _session = tried
    assert codes[name] == EXPECTED[name], codes


def test_nothing_that_it_tried_to_type_arrived(target: Gateway, tried: tuple[dict[str, str], str]) -> None:
    assert b"\ny\r\n" not in target.raw(tried[1])


@pytest.mark.parametrize(
    "what", ["take control of it", "say Hello as web", "decide 4d7k2m9p", "/api/v1/tickets", "/api/v1/pairing"]
)
def test_it_is_shown_to_who_is_attached_anywhere(
    tried: tuple[dict[str, str], str], onlooker: WebClient, what: str
) -> None:
    told = onlooker.expect(Refused, lambda one: one.code == "notice" and what in one.message, timeout=20)
    assert f"session {tried[1]}" in told.message or f"program in {tried[1]}" in told.message
    assert told.hint == "See: tether audit"


def test_each_try_is_in_the_log_with_its_session(target: Gateway, tried: tuple[dict[str, str], str]) -> None:
    session = tried[1]
    broker = (target.root / "log" / "broker.log").read_text()
    web = (target.root / "log" / "web.log").read_text()
    assert f"event=self-approval-attempt session={session}" in broker
    assert "say Hello as web" in broker
    assert f"inside={session}" in web
    assert web.count("code=own-session") >= 2
    entries = [json.loads(line) for line in target.tether("audit", "--export", "jsonl").stdout.splitlines()]
    attempts = [one for one in entries if one["kind"] == "self-approval-attempt" and one["session"] == session]
    assert len(attempts) >= len(EXPECTED) - 1, entries
    assert web.count("code=inside") >= 4


def test_the_same_commands_from_outside_are_the_owners(target: Gateway) -> None:
    assert "#ticket=" in target.ticket_url("")
    assert target.tether("devices", "--json").returncode == 0


def test_who_is_inside_is_told_by_the_kernel(target: Gateway, shell: str) -> None:
    """The agent, its child, a daemon of it; not the worker's own gateway, and not us."""
    paths = resolve(target.env)
    sid = bytes.fromhex(target.session(shell)["sid"])
    target.tether("send", shell, "--enter", "sleep 1000 & (setsid env -i sleep 2000 &) ; echo begun-$((6*7))")
    target.wait_until("the two", lambda: b"begun-42" in target.raw(shell))
    sleepers = subprocess.run(
        ["pgrep", "-fx", r"sleep [12]000"], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = [int(pid) for pid in sleepers if target.worker_pid(shell) in ancestry.ancestors(int(pid))]
    assert len(ours) == 2
    for pid in (target.agent_pid(shell), *ours):
        assert ancestry.sessions_around(pid, paths) == {sid}
    assert ancestry.sessions_around(os.getpid(), paths) == frozenset()
    for service in ("web", "broker", "store", "spawner", "adapters", "supervisord"):
        assert ancestry.sessions_around(target.pid(service), paths) == frozenset()
    target.tether("keys", shell, "c-c")
    for pid in ours:
        os.kill(pid, 9)


def test_a_session_whose_worker_was_replaced_still_knows_its_own(target: Gateway) -> None:
    session = target.run("shell")
    target.wait_until("the prompt", lambda: b"$ " in target.raw(session))
    agent, paths = target.agent_pid(session), resolve(target.env)
    os.kill(target.worker_pid(session), 9)
    target.wait_until("its successor", lambda: any(e["type"] == "recovered" or e.get("code") == "recovered"
                                                   or e["type"] == "note" for e in target.events(session)))  # fmt: skip
    assert ancestry.sessions_around(agent, paths) <= {bytes.fromhex(target.session(session)["sid"]), ancestry.UNKNOWN}
    assert ancestry.sessions_around(agent, paths)
    target.tether("stop", session, "--yes")
