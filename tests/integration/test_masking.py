"""A credential that a program prints is on the owner's terminal and in the log, and leaves the machine nowhere."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redact.kinds import ALNUM, take
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient, api
from tether.wire.control import Attached, History, HistoryQuery, Snapshot

BODY = take(random.Random(os.urandom(8)), ALNUM, 36)
FIRST, SECOND = f"using ghp_{BODY[:14]}".encode(), f"{BODY[14:]} now-$END".encode()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def printed(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A session whose program has printed a token, in two reads of its terminal."""
    pipe = tmp_path_factory.mktemp("pipe") / "p"
    os.mkfifo(pipe)
    session = gateway.run("shell")
    with WebClient(gateway, session) as client:
        client.expect(Attached)
        client.type(f"cat {pipe}\r".encode())
        with open(pipe, "wb", buffering=0) as file:
            file.write(FIRST)
            # The first half has been read from the terminal, and shown without what may be a secret.
            client.until(b"using ghp_" + b"*" * 14)
            file.write(SECOND + b"\r\n")
            client.until(b"now-$END")
        assert_hidden(client.output)
    return session


def assert_hidden(shown: bytes) -> None:
    for at in range(len(BODY) - 6):
        assert BODY[at : at + 6].encode() not in shown


def test_the_log_has_it(gateway: Gateway, printed: str) -> None:
    assert FIRST in raw_output(gateway, printed)
    assert SECOND[:20] in raw_output(gateway, printed)


def raw_output(gateway: Gateway, session: str) -> bytes:
    return gateway.raw(session)


def test_a_second_browser_gets_neither_screen_nor_events_with_it(gateway: Gateway, printed: str) -> None:
    with WebClient(gateway, printed, mode="observe") as client:
        snapshot = client.expect(Snapshot)
        assert b"ghp_" + b"*" * 36 in snapshot.data
        assert_hidden(snapshot.data)
    with WebClient(gateway, printed, mode="observe", after=1) as client:
        client.until(b"now-$END")
        assert_hidden(client.output)
        # Every event is there, and every byte of output has its place.
        assert client.seqs == list(range(2, 2 + len(client.seqs)))


def test_lines_that_scrolled_off_are_masked_too(gateway: Gateway, printed: str) -> None:
    with WebClient(gateway, printed, take=True) as client:
        client.expect(Attached)
        client.type(b"seq 60; echo scr''olled\r")
        client.until(b"scrolled")
        client.send(HistoryQuery(5, client.id, 0, 200))
        history = client.expect(History)
        assert any(b"ghp_" + b"*" * 36 in line for line in history.lines)
        assert_hidden(b"\n".join(history.lines))


def test_the_api_gives_it_to_nobody(gateway: Gateway, printed: str) -> None:
    with api(gateway) as client:
        output = client.get(f"/api/v1/sessions/{printed}/output").content
        assert b"now-$END" in output
        assert_hidden(output)
        assert len(output) == len(raw_output(gateway, printed))
        events = client.get(f"/api/v1/sessions/{printed}/events").json()["events"]
        assert_hidden(b"".join(base64.b64decode(event["data"]) for event in events if event["kind"] == "out"))
        assert_hidden(client.get(f"/api/v1/sessions/{printed}/screen").content)


def test_lists_and_attachments_do_not_name_it(gateway: Gateway) -> None:
    session = gateway.run("shell", title=f"with ghp_{BODY}")
    with api(gateway) as client:
        for path in ("/api/v1/sessions", f"/api/v1/sessions/{session}", "/api/v1/feed"):
            answer = client.get(path)
            assert session in answer.text
            assert "with ghp_***" in answer.text
            assert_hidden(answer.content)
    with WebClient(gateway, session, mode="observe") as attached:
        assert attached.expect(Attached).view.title == "with ghp_" + "*" * 36


@pytest.mark.parametrize("words", [("export", "--format", "txt"), ("export", "--format", "cast"), ("snapshot",)])
def test_files_that_are_given_away_do_not_hold_it(gateway: Gateway, printed: str, words: tuple[str, ...]) -> None:
    shown = gateway.tether(words[0], printed, *words[1:], binary=True).stdout
    assert shown
    assert_hidden(shown)


def test_a_search_shows_where_and_not_what(gateway: Gateway, printed: str) -> None:
    found = wait_until("the line to be found", lambda: gateway.tether("search", "using ghp_", binary=True).stdout)
    assert b"using ghp_****" in found
    assert_hidden(found)


def test_attacks_reach_no_browser(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "attack"
    file.write_bytes(
        b"\x1b]52;c;?\x07\x1b]52;c;aGVsbG8=\x1b\\\x1b[2147483647b\x1b]8;;javascript:x\x07y\x1b]8;;\x07"
        + b"\x1b]0;" + b"t" * 200_000 + b"\x07 over\r\n"
    )  # fmt: skip
    session = gateway.run("shell")
    with WebClient(gateway, session) as client:
        client.expect(Attached)
        client.type(f"cat {file}\r".encode())
        client.until(b" over")
        shown = client.output
    assert b"]52;" not in shown
    assert b"2147483647" not in shown
    assert b"javascript" not in shown
    assert shown.count(b"t") + shown.count(b"*") < 70_000
    with WebClient(gateway, session, mode="observe", after=1) as client:
        assert b"]52;" not in client.until(b" over")


def test_a_setting_lets_it_through() -> None:
    with Gateway(settings='[masking]\nexport = "raw"\n') as gateway:
        session = gateway.run("shell")
        with WebClient(gateway, session) as client:
            client.expect(Attached)
            client.type(b"printf 'ghp_%s%s.\\n' " + BODY[:14].encode() + b" " + BODY[14:].encode() + b"\r")
            client.until(b"***.")
        wait_until(
            "the export",
            lambda: BODY.encode() in gateway.tether("export", session, "--format", "txt", binary=True).stdout,
        )
