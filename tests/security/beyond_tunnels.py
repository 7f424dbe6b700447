"""Tunnels: closed until the owner opens one, and then for paired devices alone.

Run by `test_beyond`, where no packet leaves the machine.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.security.beyond_lan import pair_somebody
from tests.security.journey import whole_journey
from tests.security.strike import lying_proxy
from tests.support.device import Way
from tests.support.gateway import Gateway

HOST = "box.tail1.ts.net"
ANYWHERE = ".".join("0000")

TAILSCALE = f"""#!{sys.executable}
import json, os, sys
state = os.path.join(os.path.dirname(__file__), "served")
args = sys.argv[1:]
if args == ["status", "--json"]:
    print(json.dumps({{"BackendState": "Running", "Self": {{"DNSName": "{HOST}."}}}}))
elif args[:1] == ["serve"] and args[1:] == ["status", "--json"]:
    proxy = open(state).read() if os.path.exists(state) else ""
    handlers = {{"/": {{"Proxy": proxy}}}} if proxy else {{}}
    print(json.dumps({{"Web": {{"{HOST}:443": {{"Handlers": handlers}}}}}}))
elif args[:2] == ["serve", "--bg"]:
    open(state, "w").write(args[-1])
elif args[:1] == ["serve"] and args[-1] == "off":
    os.unlink(state)
else:
    sys.exit(f"what is {{args}}?")
"""

CLOUDFLARED = f"""#!{sys.executable}
import signal, sys
if sys.argv[1:] == ["--version"]:
    print("cloudflared version 1")
    sys.exit()
assert sys.argv[1:3] == ["tunnel", "--no-autoupdate"], sys.argv
assert sys.argv[3] == "--url" and sys.argv[4].startswith("http://127.0.0.1:"), sys.argv
print("INF |  https://quick-brown-fox.trycloudflare.com  |", flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One for all; the first test finds it without a device, and each closes what it opened."""
    programs = tmp_path_factory.mktemp("programs") / "bin"
    programs.mkdir()
    for name, text in (("tailscale", TAILSCALE), ("cloudflared", CLOUDFLARED)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    with Gateway(env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}) as running:
        yield running


def ask(gateway: Gateway, host: str, *, owner: bool = False, **headers: str) -> httpx.Response:
    """A request as the tunnel passes it on: from 127.0.0.1, with the tunnel's name and what it says of the peer."""
    said = {"Host": host, "X-Forwarded-For": "127.0.0.1", "Tailscale-User-Login": "owner@example.com", **headers}
    if owner:
        said["Authorization"] = f"Bearer {gateway.owner_token}"
    return httpx.get(gateway.url(path="/api/v1/sessions"), headers=said, trust_env=False)


def test_a_tailnet_lets_paired_devices_in_and_nobody_else(gateway: Gateway) -> None:
    assert ask(gateway, HOST).status_code == 421
    refused = gateway.tether("tunnel", "tailscale", "up", check=False)
    assert (refused.returncode, "tether pair" in refused.stderr) == (4, True)
    pair_somebody(gateway)
    said = gateway.tether("tunnel", "tailscale", "up").stdout
    assert f"https://{HOST}" in said
    assert "✖" not in said, said
    for owner in (False, True):
        answer = ask(gateway, HOST, owner=owner)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "elsewhere")
    assert ask(gateway, "evil.ts.net").status_code == 421
    a_phone(gateway)
    assert ask(gateway, f"127.0.0.1:{gateway.port}", owner=True).status_code == 200
    gateway.tether("tunnel", "tailscale", "down")
    assert ask(gateway, HOST, owner=True).status_code == 421
    assert "none" in gateway.tether("tunnel", "tailscale", "status").stdout


def a_phone(gateway: Gateway) -> None:
    """Through a proxy of this machine that ends TLS and vouches for whom it likes, as the tunnel does."""
    gateway.add_fake("echo")
    agent = gateway.run("echo")
    gateway.wait_until("ready", lambda: b"ready" in gateway.raw(agent))
    claims = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: 127.0.0.1\r\nTailscale-User-Login: owner@example.com\r\n"
    with lying_proxy(gateway.port, claims) as port:
        assert whole_journey(gateway, agent, Way(f"https://{HOST}", ("127.0.0.1", port)), "a phone elsewhere") < 1
    said = (gateway.root / "log" / "web.log").read_text() + gateway.tether("audit", "--export", "jsonl").stdout
    assert "owner@example.com" not in said, "what a proxy says of somebody is dropped"


def test_cloudflared_runs_beside_the_services_and_ends_with_its_tunnel(gateway: Gateway) -> None:
    host = "quick-brown-fox.trycloudflare.com"
    pair_somebody(gateway)
    assert host in gateway.tether("tunnel", "cloudflare", "up").stdout
    (row,) = [one for one in gateway.status()["services"] if one["name"] == "tunnel"]
    assert row["state"] in ("running", "starting")
    assert ask(gateway, host, owner=True).status_code == 403
    gateway.tether("tunnel", "cloudflare", "down")
    assert not [one for one in gateway.status()["services"] if one["name"] == "tunnel"]
    assert ask(gateway, host, owner=True).status_code == 421


def test_no_word_becomes_an_option_of_cloudflared(gateway: Gateway) -> None:
    pair_somebody(gateway)
    for flags in (
        ["--name", "-x", "--host", "a.example.com"],
        ["--name", "home", "--host", "a.example.com/../"],
        ["--name", "home"],
        ["--access-team", "t"],
        ["--access-team", "t/x", "--access-audience", "a"],
    ):
        refused = gateway.tether("tunnel", "cloudflare", "up", *flags, check=False)
        assert refused.returncode == 2, refused
    assert json.loads(gateway.tether("tunnel", "cloudflare", "status", "--json").stdout) == {"tunnel": None}


def test_behind_cloudflare_access_an_assertion_is_needed_too(gateway: Gateway) -> None:
    pair_somebody(gateway)
    gateway.tether("tunnel", "cloudflare", "up", "--access-team", "nobody-has-this-team", "--access-audience", "aud")
    host = "quick-brown-fox.trycloudflare.com"
    for path in ("/", "/api/v1/health"):
        url = gateway.url(path=path)
        for extra in ({}, {"Cf-Access-Jwt-Assertion": "a.b.c"}, {"Cf-Access-Authenticated-User-Email": "a@b.c"}):
            answer = httpx.get(url, headers={"Host": host, **extra}, trust_env=False)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access")
        assert httpx.get(url, trust_env=False).status_code == 200
    gateway.tether("tunnel", "cloudflare", "down")


def test_no_environment_variable_opens_anything(gateway: Gateway) -> None:
    said = gateway.tether("status", env=dict.fromkeys(("TETHER_LAN", "TETHER_HOST", "HOST"), ANYWHERE))
    assert f"127.0.0.1:{gateway.port}" in said.stdout
    assert "off" in gateway.tether("lan", "status", env={"TETHER_LAN": "on"}).stdout
