"""What an agent was given in its environment is hidden wherever it stands, and is nowhere but in memory: when it has
ended it is known again by its prints."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.redact.kinds import ALNUM, take
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient
from tether.wire.control import Attached, Snapshot

_CHANCE = random.Random(os.urandom(8))
# No rule knows these by their looks.
PLAIN = take(_CHANCE, ALNUM, 9) + "-" + take(_CHANCE, ALNUM, 9) + "7"
SIGNS = take(_CHANCE, ALNUM, 8) + "/+@" + take(_CHANCE, ALNUM, 8) + "&9"
LOGIN = take(_CHANCE, ALNUM, 14) + "4"
PROGRAM = """
import base64, os, sys, urllib.parse
one, two = os.environ["ACME_TOKEN"], os.environ["ACME_PASSWORD"]
for line in sys.stdin:
    print("got", one, "and", two, "in", urllib.parse.quote(two, safe=""))
    print("or", base64.b64encode(f"svc:{one}".encode()).decode(), base64.urlsafe_b64encode(two.encode()).decode())
    print("with", line.strip() and open(os.path.expanduser("~/.netrc")).read().split()[-1], "done-$END", flush=True)
"""
FORMS = [PLAIN[:12], SIGNS[:12], SIGNS[:8] + "%2F", LOGIN[:12]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway() as running:
        (Path(running.env["HOME"]) / ".netrc").write_text(f"machine a.example login svc password {LOGIN}\n")
        running.add_provider("acme", [sys.executable, "-I", "-c", PROGRAM], environment=["ACME_*"])
        yield running


@pytest.fixture(scope="module")
def agent(gateway: Gateway) -> str:
    """An agent that was given secrets of which the gateway's own environment knows nothing."""
    return gateway.run("acme", env={"ACME_TOKEN": PLAIN, "ACME_PASSWORD": SIGNS})


def shown(gateway: Gateway, agent: str) -> bytes:
    """What a browser gets when the agent tells everything it knows."""
    with WebClient(gateway, agent, take=True) as client:
        client.expect(Attached)
        client.type(b"tell\r")
        client.until(b"done-$END")
        return client.output


def assert_hidden(data: bytes) -> None:
    assert b"got ***" in data
    for form in FORMS:
        assert form.encode() not in data
    # Both base64 forms: nothing on their line but the words and stars.
    line = next(line for line in data.splitlines() if line.startswith(b"or "))
    assert line.count(b"*") > len(line) - 12, line


def test_it_is_hidden_in_every_form(gateway: Gateway, agent: str) -> None:
    assert_hidden(shown(gateway, agent))
    assert PLAIN.encode() in gateway.raw(agent)
    # A session's id is in its agent's environment too, and is no secret.
    assert f"session={agent}" in gateway.tether("logs", "-n", "0").stdout
    with WebClient(gateway, agent, mode="observe") as client:
        assert_hidden(client.expect(Snapshot).data.replace(b"\x1b[", b"\r\n\x1b["))


def test_a_new_web_service_knows_it_too(gateway: Gateway, agent: str) -> None:
    """The kernel keeps an agent's environment for the next one to read."""
    gateway.kill("web")
    wait_until("its successor", lambda: answers(gateway))
    assert_hidden(shown(gateway, agent))


def answers(gateway: Gateway) -> bool:
    try:
        return httpx.get(gateway.url(path="/api/v1/health"), trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("words", [("export", "--format", "txt"), ("snapshot",), ("search", "got ")])
def test_the_owners_commands_know_it(gateway: Gateway, agent: str, words: tuple[str, ...]) -> None:
    rest = () if words[0] == "search" else (agent,)
    found = wait_until("it", lambda: gateway.tether(words[0], *rest, *words[1:], binary=True).stdout)
    for form in FORMS:
        assert form.encode() not in found


def test_it_is_in_no_file_but_the_log(gateway: Gateway, agent: str) -> None:
    holders = [
        path
        for path in gateway.root.rglob("*")
        if path.is_file() and (PLAIN.encode() in path.read_bytes() or SIGNS.encode() in path.read_bytes())
    ]
    allowed = [path for path in holders if path.suffix == ".mdb" or "ring" in path.name or path.parent.name == "w"]
    assert holders == allowed


def test_it_is_known_again_when_the_agent_has_ended(gateway: Gateway, agent: str) -> None:
    gateway.tether("stop", agent)
    wait_until("its end", lambda: agent not in gateway.tether("ls", "--json").stdout)
    gateway.kill("web")
    wait_until("its successor", lambda: answers(gateway))
    with WebClient(gateway, agent, mode="observe") as client:
        assert_hidden(client.expect(Snapshot).data.replace(b"\x1b[", b"\r\n\x1b["))
    text = gateway.tether("export", agent, "--format", "txt", binary=True).stdout
    for form in FORMS:
        assert form.encode() not in text
    test_it_is_in_no_file_but_the_log(gateway, agent)
