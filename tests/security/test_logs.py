"""Row 13 of docs/security.md: what is refused is logged, and what was secret in it is nowhere."""

from __future__ import annotations

import json
import logging
import os
import random
import socket
from urllib.parse import quote

import httpx
import pytest

from tests.redact import kinds
from tests.security.strike import head, web_part
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether.web import app

_CHANCE = random.Random(os.urandom(8))
_NAMES = ("github-classic", "anthropic", "stripe-live", "slack-bot", "gitlab-personal", "aws-access-key")
MADE = [kind.make(_CHANCE) for kind in kinds.every() if kind.name in _NAMES]
SECRETS = [(public + secret, secret) for public, secret in MADE]


def deny(port: int) -> None:
    """Requests that are refused, with secrets wherever a request can hold something."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for whole, _ in SECRETS:
            word = quote(whole, safe="")
            client.get(f"/api/v1/sessions/{word}/output?token={word}")
            client.post(
                f"/api/v1/{word}", json={"text": whole}, headers={"X-Tether": "1", "Referer": f"http://x/{word}"}
            )
            client.get("/api/v1/sessions", headers={"Authorization": f"Bearer {whole}", "User-Agent": whole})
            client.get(f"/api/v1/sessions/{'x' * 40}:{word}")  # where the log's line is cut


def leaked(text: str) -> list[str]:
    return [secret for _, secret in SECRETS if any(secret[at : at + 10] in text for at in range(len(secret) - 9))]


def test_what_was_secret_in_a_refused_request_is_in_no_log(target: Gateway) -> None:
    assert len(SECRETS) >= 5
    deny(target.port)
    log = target.root / "log" / "web.log"
    wait_until("the last refusal", lambda: log.read_text().count("event=refused") >= 4 * len(SECRETS))
    held = {path.name: path.read_text(errors="replace") for path in (target.root / "log").glob("*.log")}
    held["audit"] = target.tether("audit", "--export", "jsonl").stdout
    held["logs"] = target.tether("logs", "-n", "0").stdout
    assert {name: leaked(text) for name, text in held.items() if leaked(text)} == {}
    assert "***" in held["web.log"]
    assert [json.loads(line)["kind"] for line in held["audit"].splitlines()].count("refused") > 0


def test_without_the_mask_it_is(
    target: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.masking.Mask, "text", lambda _self, text: text)
    with caplog.at_level(logging.INFO), web_part(target) as port:
        deny(port)
    assert leaked(caplog.text)


def test_who_hangs_up_in_the_middle_of_a_body_leaves_no_trace_of_our_code_in_the_log(target: Gateway) -> None:
    """Anybody can; it was eighty lines each time."""
    for path, kind in (("login", "application/json"), ("channel", "application/octet-stream")):
        with socket.create_connection(("127.0.0.1", target.port)) as line:
            origin = f"Origin: http://127.0.0.1:{target.port}"
            said = head(target.port, "POST", f"/api/v1/{path}", origin, "X-Tether: 1", f"Content-Type: {kind}")
            line.sendall(f"{said}Content-Length: 50\r\n\r\n{{".encode())
            line.shutdown(socket.SHUT_WR)
            assert line.recv(65536) == b"", "nobody is answered"
    httpx.get(target.url(path="/api/v1/the-marker"), trust_env=False)
    log = target.root / "log" / "web.log"
    wait_until("what came behind it", lambda: "the-marker" in log.read_text())
    assert "Traceback" not in log.read_text()


def test_every_log_is_the_owners_alone(target: Gateway) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (target.root / "log").iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}, modes
    assert (target.root / "log").stat().st_mode & 0o777 == 0o700
