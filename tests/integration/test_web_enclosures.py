"""A picture for a session's agent: who may give one, where it lies, and what is told of it."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import Gateway
from tests.support.webclient import WebClient, api
from tether.wire.control import Attached


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def test_who_controls_gives_the_agent_pictures(gateway: Gateway) -> None:
    shell = gateway.run("shell")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
    address = f"/api/v1/sessions/{shell}/enclosures"

    def piece(client: WebClient, upload: str, offset: int, data: bytes) -> dict[str, Any]:
        text = base64.b64encode(data).decode()
        return {"client": client.id.hex(), "size": len(picture), "offset": offset, "upload": upload, "data": text}

    with api(gateway) as http, WebClient(gateway, shell) as first, WebClient(gateway, shell) as second:
        first.expect(Attached)
        second.expect(Attached)
        refused = http.post(address, json=piece(second, "", 0, picture[:1000]))
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "observe-only")
        page = b"<html><script>alert(1)</script>" + bytes(40)
        refused = http.post(address, json=piece(first, "", 0, page))
        assert (refused.status_code, refused.json()["error"]["code"]) == (415, "kind")
        assert http.post(address, json=piece(first, "../../x", 0, picture[:9])).status_code == 409
        upload, path = "", None
        for offset in range(0, len(picture), 40_000):
            answer = http.post(address, json=piece(first, upload, offset, picture[offset : offset + 40_000])).json()
            upload, path = answer["upload"], answer.get("path")
        assert path is not None
        assert Path(path).read_bytes() == picture
        assert Path(path).is_relative_to(gateway.home)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

        def told() -> bool:
            entries = json.loads(gateway.tether("audit", "--session", shell, "--kind", "enclosed", "--json").stdout)
            return [entry["facts"]["file"] for entry in entries] == [Path(path).name]

        gateway.wait_until("the row of the audit log", told)
        http.post(f"/api/v1/sessions/{shell}/stop", json={})
        gateway.wait_state(shell, "stopped", "exited")
        late = http.post(address, json=piece(first, "", 0, picture[:1000]))
        assert late.json()["error"]["code"] == "ended"
