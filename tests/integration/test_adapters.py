"""What a terminal says beside its screen reaches the log and the session's row, whatever is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.gateway import Gateway


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as made:
        yield made


def activity(gateway: Gateway, session: str) -> dict[str, Any]:
    row = next(row for row in gateway.ls() if row["id"] == session)
    found: dict[str, Any] = row["activity"] or {}
    return found


def mark(gateway: Gateway, session: str, letter: str) -> None:
    gateway.tether("send", session, f"printf '\\033]133;{letter}\\007'\n")


def test_a_shells_marks_are_its_state(gateway: Gateway) -> None:
    session = gateway.run("shell")
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "unknown")
    mark(gateway, session, "C")
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "working")
    mark(gateway, session, "A")
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "idle")
    assert activity(gateway, session)["source"] == "mark"
    kinds = [event["type"] for event in gateway.events(session)]
    assert kinds.count("active") == 3


@pytest.mark.parametrize("service", ["adapters", "broker", "store"])
def test_state_goes_on_after_the_death_of(gateway: Gateway, service: str) -> None:
    session = gateway.run("shell")
    mark(gateway, session, "C")
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "working")
    gateway.kill(service)
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "working")
    mark(gateway, session, "A")
    gateway.wait_until("the state", lambda: activity(gateway, session).get("state") == "idle", timeout=20)


def test_what_a_channel_left_of_an_ended_session_goes(gateway: Gateway) -> None:
    ended, alive = gateway.run("shell"), gateway.run("shell")
    sids = [gateway.session(one)["sid"] for one in (ended, alive)]
    gateway.tether("stop", ended, "--yes")
    gateway.wait_state(ended, "stopped", "exited")
    gateway.wait_until("its end in the log", lambda: gateway.events(ended)[-1]["type"] == "exited")
    left, kept = (gateway.run_dir / "a" / f"{sid}.token" for sid in sids)
    left.write_text("x")
    kept.write_text("x")
    gateway.kill("adapters")
    gateway.wait_until("it is gone", lambda: not left.exists(), 20)
    assert kept.exists()
