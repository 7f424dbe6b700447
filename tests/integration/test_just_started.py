"""`tether stop --all`, right after the gateway had been started again, said that there were no live sessions, and left
them all alive: the broker had not heard of them yet."""

from __future__ import annotations

from tests.support.gateway import Gateway


def test_a_gateway_that_has_just_started_knows_the_sessions_that_outlived_it(gateway: Gateway) -> None:
    sessions = [gateway.run() for _ in range(3)]
    for _ in range(3):
        gateway.tether("stop", "--yes")
        gateway.start()
        assert "3 sessions" in gateway.tether("stop", check=False).stderr, "not one of them may be overlooked"
    gateway.tether("stop", "--yes")
    gateway.start()
    done = gateway.tether("stop", "--all", "--yes", "--timeout", "1")
    assert all(f"Session {session} stopped" in done.stderr for session in sessions)
