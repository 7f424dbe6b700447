"""The local network's door. Run by `test_beyond_lan` in a network of its own, where `ADDRESS` is the machine's."""

from __future__ import annotations

import json
import os
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.security.journey import whole_journey
from tests.security.network import ADDRESS
from tests.support.device import Way, pair, socket_to
from tests.support.gateway import Gateway
from tether.devices import registry, rows, scopes
from tether.paths import resolve

PORT = 4790
URL = f"https://{ADDRESS}:{PORT}"


def listening() -> set[str]:
    """Addresses and ports on which somebody listens in this network."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            address, port = fields[1].split(":")
            found.add(f"{socket.inet_ntoa(bytes.fromhex(address)[::-1])}:{int(port, 16)}")
    return found


def pair_somebody(gateway: Gateway) -> None:
    def edit(book: rows.Book) -> rows.Book:
        return rows.add(
            book, key=os.urandom(32), name="phone", platform="", scopes=scopes.PHONE, path="loopback", now_s=1
        )[0]

    registry.change(resolve(gateway.env).devices, edit)


def without_a_device(gateway: Gateway) -> None:
    refused = gateway.tether("lan", "on", "--address", ADDRESS, "--yes", check=False)
    assert refused.returncode == 4, refused
    assert "tether pair" in refused.stderr
    assert listening() == {f"127.0.0.1:{gateway.port}"}


def opened(gateway: Gateway) -> None:
    for address in (".".join("0000"), "127.0.0.1", "8.8.8.8"):
        assert gateway.tether("lan", "on", "--address", address, "--yes", check=False).returncode == 2
    assert gateway.tether("lan", "on", "--address", ADDRESS, check=False).returncode == 2, "it asks before it opens"
    said = gateway.tether("lan", "on", "--address", ADDRESS, "--yes").stdout
    assert f"on: {URL}" in said
    assert "SHA-256" in said
    assert "✖" not in said, said
    assert listening() == {f"127.0.0.1:{gateway.port}", f"{ADDRESS}:{PORT}"}


def strangers(gateway: Gateway) -> None:
    authority = resolve(gateway.env).certificates / "authority.pem"
    trusting = ssl.create_default_context(cafile=authority)
    owner = {"Authorization": f"Bearer {gateway.owner_token}"}
    with httpx.Client(base_url=URL, verify=trusting, trust_env=False) as client:
        assert client.get("/api/v1/health").status_code == 200
        assert client.get("/").status_code == 200
        assert client.get("/authority.crt").content == authority.read_bytes()
        assert client.get("/api/v1/sessions").status_code == 403
        for host in (f"{ADDRESS}:{PORT}", f"127.0.0.1:{gateway.port}", f"localhost:{gateway.port}"):
            headers = {**owner, "Host": host}
            answer = client.get("/api/v1/sessions", headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "elsewhere"), headers
        assert client.get("/api/v1/health", headers={"Host": "evil.example"}).status_code == 421
    with pytest.raises(InvalidStatus) as refused:
        connect(f"wss://{ADDRESS}:{PORT}/api/v1/sessions/x/attach", ssl=trusting, additional_headers=owner)
    assert refused.value.response.status_code == 403
    with socket.create_connection((ADDRESS, PORT), 5) as plain:
        plain.settimeout(15)
        plain.sendall(f"GET /api/v1/health HTTP/1.1\r\nHost: {ADDRESS}:{PORT}\r\n\r\n".encode())
        try:
            answered = plain.recv(1000)
        except ConnectionResetError:
            answered = b""
        assert b"HTTP" not in answered, "plain http was answered"
    assert httpx.get(gateway.url(path="/api/v1/sessions"), headers=owner, trust_env=False).status_code == 200


def a_phone(gateway: Gateway) -> None:
    """It trusts the authority, and nothing else: paired, attached and revoked over TLS."""
    gateway.add_fake("echo")
    agent = gateway.run("echo")
    gateway.wait_until("ready", lambda: b"ready" in gateway.raw(agent))
    trusting = ssl.create_default_context(cafile=resolve(gateway.env).certificates / "authority.pem")
    assert whole_journey(gateway, agent, Way(URL, (ADDRESS, PORT), trusting), "a phone in the network") < 1
    with pytest.raises(ssl.SSLCertVerificationError):
        socket_to(gateway, "channel", way=Way(URL, (ADDRESS, PORT), ssl.create_default_context()))


@pytest.mark.timeout(100)
def test_the_door_from_closed_to_open_to_closed() -> None:
    with Gateway() as gateway:
        session = gateway.run("shell")
        without_a_device(gateway)
        pair(gateway, name="the first, at the desk")
        opened(gateway)
        strangers(gateway)
        a_phone(gateway)
        gateway.tether("restart", "--yes")
        assert f"{ADDRESS}:{PORT}" in listening(), "it was closed by a restart"
        gateway.tether("lan", "off")
        assert listening() == {f"127.0.0.1:{gateway.port}"}
        assert "off" in gateway.tether("lan", "status").stdout
        assert gateway.session(session)["state"] == "running"
        said = [row["facts"].get("lan") for row in json.loads(gateway.tether("audit", "--json").stdout)]
        assert f"{ADDRESS}:{PORT}" in said
        assert "off" in said
