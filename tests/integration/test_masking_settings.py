"""Each way out has its setting: raw where that is said, masked where that is; also what is recorded."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.redact.kinds import ALNUM, take
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient, api
from tether.wire.control import Attached

_CHANCE = random.Random(os.urandom(8))
TOKEN = take(_CHANCE, ALNUM, 36)
GIVEN = take(_CHANCE, ALNUM, 20) + "5"
SECRETS = [TOKEN[:10].encode(), TOKEN[-10:].encode(), GIVEN[:10].encode()]
# Nothing but what is printed holds it in one piece.
PROGRAM = f"""
import os, sys
first, second = "{TOKEN[:15][::-1]}"[::-1], "{TOKEN[15:][::-1]}"[::-1]
print("ready", flush=True)
for line in sys.stdin:
    sys.stdout.write("using ghp_" + first); sys.stdout.flush()
    print(second + " and", os.environ["ACME_TOKEN"], "end-" + line.strip(), flush=True)
"""
REVERSED = """[masking]
web = "raw"
search = "raw"
snapshot = "raw"
export = "raw"
attach = "masked"
logs = "masked"
"""


def begun(gateway: Gateway) -> str:
    gateway.add_provider("leaking", [sys.executable, "-I", "-c", PROGRAM], environment=["ACME_*"])
    session = gateway.run("leaking", env={"ACME_TOKEN": GIVEN})
    gateway.wait_until("it", lambda: b"ready" in gateway.raw(session))
    return session


def told(gateway: Gateway, session: str, word: str) -> bytes:
    """What a browser sees of it."""
    with WebClient(gateway, session, take=True) as client:
        client.expect(Attached)
        client.type(word.encode() + b"\r")
        client.until(b"end-" + word.encode())
        return client.output


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """All settings the other way round."""
    with Gateway(settings=REVERSED) as running:
        yield running


@pytest.fixture(scope="module")
def session(gateway: Gateway) -> str:
    return begun(gateway)


def test_raw_ways_out_are_raw(gateway: Gateway, session: str) -> None:
    page = told(gateway, session, "one")
    assert all(secret in page for secret in SECRETS)
    for words in (("export", session, "--format", "txt"), ("snapshot", session), ("search", "using ghp_")):

        def shown(words: tuple[str, ...] = words) -> bool:
            data: bytes = gateway.tether(*words, binary=True).stdout
            return all(secret in data for secret in SECRETS)

        wait_until(words[0], shown)


def test_the_owners_terminal_is_masked_where_that_is_wanted(gateway: Gateway, session: str) -> None:
    screen = gateway.attach(session, "--take", cols=200)
    screen.type("two\r")
    screen.expect(r"using ghp_\*{36} and \*+ end-two")
    assert not any(secret in screen.data for secret in SECRETS)
    screen.close()
    again = gateway.attach(session, cols=200)  # its screen, as it stands
    again.expect("end-two")
    assert not any(secret in again.data for secret in SECRETS)
    again.close()


@pytest.mark.parametrize("words", [("logs",), ("logs", "--raw"), ("events",), ("logs", "-n", "3")])
def test_what_is_read_of_the_log_is_masked_where_that_is_wanted(
    gateway: Gateway, session: str, words: tuple[str, ...]
) -> None:
    shown: bytes = gateway.tether(words[0], session, *words[1:], binary=True).stdout
    assert b"ghp_***" in shown
    assert not any(secret in shown for secret in SECRETS)


def test_a_replay_is_masked_as_the_logs_are(gateway: Gateway, session: str) -> None:
    screen = gateway.screen("replay", session, "--speed", "100", cols=200)
    screen.expect("end-")
    screen.wait_exit()
    assert b"ghp_***" in screen.data
    assert not any(secret in screen.data for secret in SECRETS)


def test_what_is_recorded_masked_is_nowhere_at_all() -> None:
    """Not in the log, not in the ring, on nobody's terminal; also after a kill and an upgrade of the worker."""
    with Gateway(settings='[masking]\nlog = "masked"\nweb = "raw"\n') as gateway:
        session = begun(gateway)
        screen = gateway.attach(session, "--take", cols=200)
        screen.type("one\r")
        screen.expect(r"using ghp_\*{36} and \*+ end-one")
        os.kill(gateway.worker_pid(session), signal.SIGKILL)
        screen.type("two\r")
        screen.expect(r"using ghp_\*{36} and \*+ end-two")
        gateway.tether("restart", "--yes")
        shown = told(gateway, session, "three")
        assert not any(secret in shown for secret in SECRETS)
        with api(gateway) as client:
            assert b"end-three" in client.get(f"/api/v1/sessions/{session}/output").content
        gateway.tether("stop", session, "--yes")
        assert not any(secret in screen.data for secret in SECRETS)
        screen.close()
        shown = gateway.raw(session)
        assert all(f"end-{word}".encode() in shown for word in ("one", "two", "three"))
        files = [path.read_bytes() for path in gateway.root.rglob("*") if path.is_file()]
        assert not any(secret in data for secret in SECRETS[:2] for data in files)
        assert sum(SECRETS[2] in data for data in files) == 0
