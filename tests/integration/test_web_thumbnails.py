"""A list of sessions shows what is on their screens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.webclient import api


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def test_the_screen_of_a_live_and_of_an_ended_session(gateway: Gateway) -> None:
    session = gateway.run("shell")
    path = f"/api/v1/sessions/{session}/screen"
    with api(gateway) as http:
        gateway.tether("send", session, "printf '\\033[2J\\033[3;5Hmoved\\n'", "--enter")
        found = gateway.wait_until(
            "it is shown", lambda: r if "    moved" in (r := http.get(path).json())["text"].splitlines()[2:] else None
        )
        assert found["exact"]
        assert (found["cols"], found["rows"]) == (80, 24)
        drawn = http.get(path, params={"form": "svg"})
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in drawn.headers["content-security-policy"]
        assert "moved" in drawn.text
        rows = http.get(path, params={"form": "cells"}).json()["runs"]
        assert any(run["text"].startswith("moved") for run in rows[2])

        def unchanged() -> bool:
            again = http.get(path)
            return http.get(path, headers={"If-None-Match": again.headers["etag"]}).status_code == 304

        gateway.wait_until("nothing new", unchanged)
        assert http.get(path, params={"form": "bmp"}).status_code == 422
        gateway.tether("stop", session)
        gateway.wait_state(session, "stopped", "exited")
        gateway.wait_until("its last screen", lambda: "    moved" in http.get(path).json()["text"])
    with api(gateway, Authorization="Bearer wrong") as stranger:
        assert stranger.get(path).status_code == 401
