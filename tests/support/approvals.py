"""A second client of the gateway that sees what agents ask, and decides: a browser's part, without the browser."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx

from tests.support.agents import AgentGateway
from tests.support.gateway import Gateway
from tether.cli import owner
from tether.errors import TetherError
from tether.paths import resolve


def pending(gateway: Gateway, session: str, *, timeout: float = 30.0) -> dict[str, Any]:
    """What the session's agent asks, once it asks; the oldest."""

    def look() -> dict[str, Any] | None:
        try:
            answer = owner.ask(resolve(gateway.env), "GET", "/api/v1/approvals")
        except TetherError:  # its web part is being started again
            return None
        return next((one for one in answer["approvals"] if one["session"] == session), None)

    found = gateway.wait_until(f"{session} asks", look, timeout)
    assert found is not None
    return get(gateway, found["id"])


def get(gateway: Gateway, approval: str) -> dict[str, Any]:
    """The record of an approval."""
    found: dict[str, Any] = owner.ask(resolve(gateway.env), "GET", f"/api/v1/approvals/{approval}")["approval"]
    return found


_LET_IN: dict[Path, str] = {}
"""The cookie of each gateway that let us in, by its home."""


def every(gateway: Gateway, session: str) -> list[dict[str, Any]]:
    """All that the session's agent ever asked, newest first."""
    found = owner.ask(resolve(gateway.env), "GET", "/api/v1/approvals?state=all")["approvals"]
    return [one for one in found if one["session"] == session]


def decide(gateway: Gateway, approval: str, decision: str, **more: Any) -> dict[str, Any]:
    """Decide; the answer, or {"error": code} when somebody else did or it may not be."""
    base = f"http://127.0.0.1:{gateway.port}"
    headers = {"Origin": base, "X-Tether": "1"}
    if gateway.root not in _LET_IN:
        ticket = gateway.ticket_url("").partition("#ticket=")[2]
        done = httpx.post(f"{base}/api/v1/login", json={"ticket": ticket}, headers=headers, trust_env=False)
        _LET_IN[gateway.root] = done.headers["set-cookie"].partition(";")[0]
    try:
        answer = httpx.post(
            f"{base}/api/v1/approvals/{approval}/decision", json={"decision": decision, **more}, timeout=10,
            headers={**headers, "Cookie": _LET_IN[gateway.root]}, trust_env=False,
        )  # fmt: skip
    except httpx.TransportError as error:
        return {"error": "no-gateway", "message": str(error)}
    document: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        return {"error": document["error"]["code"], "message": document["error"]["message"]}
    return document


def say(gateway: Gateway, session: str, what: str, **body: Any) -> dict[str, Any]:
    """A prompt or an interrupt; the answer, or {"error": code}."""
    try:
        return owner.ask(resolve(gateway.env), "POST", f"/api/v1/sessions/{session}/{what}", body)
    except TetherError as error:
        return {"error": error.code, "message": error.message}


def activity(gateway: Gateway, session: str) -> dict[str, Any]:
    """What the agent does, as the session's row says."""
    return gateway.session(session)["activity"] or {}


def wait_activity(gateway: Gateway, session: str, *states: str, timeout: float = 30.0) -> dict[str, Any]:
    """Wait until the agent is in one of `states`."""

    def look() -> dict[str, Any] | None:
        found = activity(gateway, session)
        return found if found.get("state") in states else None

    return gateway.wait_until(f"{session} is {' or '.join(states)}", look, timeout) or {}


def wait_degraded(gateway: Gateway, session: str, *, timeout: float = 60.0) -> str:
    """Wait until the session says that its side channel is not to be had; its reason."""
    return str(
        gateway.wait_until(f"{session} is degraded", lambda: activity(gateway, session).get("degraded"), timeout)
    )


def settled(gateway: Gateway, approval: str, *, effect: bool = False, timeout: float = 20.0) -> dict[str, Any]:
    """The record once it is decided, and with `effect` once the agent is known to have heard."""

    def look() -> dict[str, Any] | None:
        found = get(gateway, approval)
        return found if found["state"] != "pending" and (found["effect"] or not effect) else None

    return gateway.wait_until(f"{approval} is settled", look, timeout) or {}


def survives(gateway: AgentGateway, session: str, asked: dict[str, Any], what: str) -> None:
    """Kill a service, or the whole gateway, while something is asked: the same is pending again, and decided once."""
    if what == "gateway":
        gateway.crash()
    elif what == "broker":
        # Its worker introduces itself late: until then the new broker knows no such session.
        log = gateway.root / "log" / "adapters.log"
        before, worker = log.read_text().count("broker-connected"), gateway.worker_pid(session)
        os.kill(worker, signal.SIGSTOP)
        try:
            gateway.kill(what)
            gateway.wait_until("it is back", lambda: log.read_text().count("broker-connected") > before, 20)
        finally:
            os.kill(worker, signal.SIGCONT)
    else:
        gateway.kill(what)
        gateway.wait_until(f"{what} is back", lambda: gateway.pid(what), 20)
    again = pending(gateway, session)
    assert again["id"] == asked["id"]
    gateway.wait_until(
        "the decision is taken", lambda: decide(gateway, asked["id"], "allow").get("state") == "allowed", 30
    )
    late = decide(gateway, asked["id"], "deny")
    assert late["error"] == "decided"

    def settled_as() -> set[str]:
        told = [event for event in gateway.events(session) if event["type"] == "settled"]
        return {event["state"] for event in told if event["id"] == asked["id"]}

    # The worker has it; a store that was just killed has it a moment later.
    gateway.wait_until("the decision is in the log", settled_as)
    assert settled_as() == {"allowed"}
