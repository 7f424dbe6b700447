"""A session's past over HTTP: when it was busy, its screen at any moment, and lines that were on it."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.gateway import Gateway
from tests.support.webclient import api


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def test_moments_marks_and_lines_of_a_session(gateway: Gateway) -> None:
    token = "ghp_" + "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=36))
    session = gateway.run("shell", title="the past")
    path = f"/api/v1/sessions/{session}"
    gateway.tether("send", session, "printf '\\033[2J\\033[Hfirst page\\n'", "--enter")
    gateway.wait_until("the first", lambda: b"\x1b[Hfirst" in gateway.raw(session))
    with api(gateway) as http:

        def complete() -> dict[str, Any] | None:
            found: dict[str, Any] = http.get(f"{path}/timeline").json()
            return found if found["complete"] and found["seq"] else None

        before = gateway.wait_until("its time", complete)
        gateway.tether("send", session, f"printf '\\033[2J\\033[Hsecond page {token}\\n'", "--enter")
        gateway.wait_until("the second", lambda: b"\x1b[Hsecond" in gateway.raw(session))
        gateway.tether("stop", session, "--yes")
        gateway.wait_state(session, "stopped", "exited")
        found = gateway.wait_until("its end", lambda: f if (f := complete()) and f["seq"] > before["seq"] else None)
        kinds = [mark["kind"] for mark in found["marks"]]
        assert kinds[:2] == ["created", "started"]
        assert "exited" in kinds
        assert found["spans"][0][2] == 1

        def screen(**query: int) -> tuple[str, int]:
            moment = http.get(f"{path}/timeline/screen", params=query).json()
            return base64.b64decode(moment["data"]).decode("utf-8", "replace"), moment["seq"]

        then, seq = screen(seq=before["seq"])
        assert seq == before["seq"]
        assert "first page" in then
        assert "second page" not in then
        now, _ = screen()
        assert "second page" in now
        assert token not in now
        by_time, _ = screen(at=before["spans"][-1][1])
        assert "first page" in by_time
        above = http.get(f"{path}/timeline/screen", params={"history": 50_000}).json()
        assert above["seq"] == found["seq"]
        assert above["history"] < 50
        assert token.encode() not in base64.b64decode(above["data"])
        assert http.get(f"{path}/timeline/screen", params={"history": 50_001}).status_code == 422
        hits = http.get(f"{path}/search", params={"q": "FIRST page"}).json()
        assert hits["next"] == 0
        assert any(hit["line"] == "first page" for hit in hits["hits"])
        assert http.get(f"{path}/search", params={"q": "FIRST page", "fold": 0}).json()["hits"] == []
        shown = http.get(f"{path}/search", params={"q": "second page"}).text
        assert "second page" in shown
        assert token not in shown
        assert http.get(f"{path}/search").status_code == 422
        assert http.get(f"{path}/timeline/screen", params={"at": "x"}).status_code == 422
