"""Tunnels: closed until the owner opens one, and then for paired devices alone.

Run by `test_beyond_tunnels`, where no packet leaves the machine. The tunnels' programs are stand-ins, what stands
before them is `edge`; everything of ours is real.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.security.beyond_lan import pair_somebody
from tests.security.edge import TEAM, Edge, Team
from tests.security.journey import whole_journey
from tests.security.network import NAMES
from tests.support.device import Way
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until

TAILNET, QUICK, OWN, _ = NAMES
ANYWHERE = ".".join("0000")
AUDIENCE = "an-audience-tag"

TAILSCALE = f"""#!{sys.executable}
import json, os, sys
here = os.path.dirname(__file__)
state, mood = os.path.join(here, "served"), os.path.join(here, "mood")
mood = open(mood).read() if os.path.exists(mood) else ""
args = sys.argv[1:]
if args == ["status", "--json"]:
    backend = "NeedsLogin" if mood == "signed out" else "Running"
    print(json.dumps({{"BackendState": backend, "Self": {{"DNSName": "{TAILNET}."}}}}))
elif args[:1] == ["serve"] and args[1:] == ["status", "--json"]:
    proxy = open(state).read() if os.path.exists(state) else ""
    handlers = {{"/": {{"Proxy": proxy}}}} if proxy else {{}}
    print(json.dumps({{"Web": {{"{TAILNET}:443": {{"Handlers": handlers}}}}}}))
elif args[:2] == ["serve", "--bg"]:
    if mood == "refuses":
        sys.exit("Serve is not enabled on your tailnet")
    open(state, "w").write(args[-1])
elif args[:1] == ["serve"] and args[-1] == "off":
    os.unlink(state)
else:
    sys.exit(f"what is {{args}}?")
"""

CLOUDFLARED = f"""#!{sys.executable}
import os, signal, sys
mood = os.path.join(os.path.dirname(__file__), "mood")
mood = open(mood).read() if os.path.exists(mood) else ""
if mood == "broken":
    sys.exit("a library is missing")
if sys.argv[1:] == ["--version"]:
    print("cloudflared version 1")
    sys.exit()
assert sys.argv[1:3] == ["tunnel", "--no-autoupdate"], sys.argv
if mood == "signed out":
    print("INF Starting tunnel", flush=True)
    sys.exit("ERR Cannot determine default origin certificate path")
if sys.argv[3] == "run":
    assert sys.argv[4] == "--url" and sys.argv[6:] == ["home"], sys.argv
else:
    assert sys.argv[3] == "--url" and sys.argv[4].startswith("http://127.0.0.1:"), sys.argv
    if mood != "silent":
        print("INF |  https://{QUICK}  |", flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs are."""
    made = tmp_path_factory.mktemp("programs") / "bin"
    made.mkdir()
    for name, text in (("tailscale", TAILSCALE), ("cloudflared", CLOUDFLARED)):
        (made / name).write_text(text)
        (made / name).chmod(0o755)
    return made


@pytest.fixture(scope="module")
def team() -> Team:
    return Team()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, team: Team) -> Iterator[Edge]:
    """What stands before the tunnels."""
    made = Edge(tmp_path_factory.mktemp("edge"), list(NAMES[:3]), team)
    with made.open():
        yield made


@pytest.fixture(scope="module")
def gateway(programs: Path, edge: Edge) -> Iterator[Gateway]:
    """One for all; the first test finds it without a device, and each closes what it opened."""
    env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "SSL_CERT_FILE": str(edge.trust)}
    with Gateway(env=env) as running:
        edge.port = running.port
        yield running


@pytest.fixture(scope="module")
def agent(gateway: Gateway) -> str:
    gateway.add_fake("echo")
    session = gateway.run("echo")
    gateway.wait_until("ready", lambda: b"ready" in gateway.raw(session))
    return session


@pytest.fixture
def mood(programs: Path) -> Iterator[Path]:
    """What is written here is what the programs do."""
    yield programs / "mood"
    (programs / "mood").unlink(missing_ok=True)


def ask(gateway: Gateway, host: str, *, owner: bool = False, **headers: str) -> httpx.Response:
    """A request as the tunnel passes it on: from 127.0.0.1, with the tunnel's name and what it says of the peer."""
    said = {"Host": host, "X-Forwarded-For": "127.0.0.1", "Tailscale-User-Login": "owner@example.com", **headers}
    if owner:
        said["Authorization"] = f"Bearer {gateway.owner_token}"
    return httpx.get(gateway.url(path="/api/v1/sessions"), headers=said, trust_env=False)


def way(edge: Edge, host: str) -> Way:
    return Way(f"https://{host}", ("127.0.0.1", 443), ssl.create_default_context(cafile=str(edge.trust)))


def runs(gateway: Gateway) -> bool:
    return any(one["name"] == "tunnel" and one["state"] == "running" for one in gateway.status()["services"])


def closed(gateway: Gateway, kind: str, host: str) -> None:
    """Nothing is open and nothing is left."""
    assert ask(gateway, host, owner=True).status_code == 421
    assert json.loads(gateway.tether("tunnel", kind, "status", "--json").stdout) == {"tunnel": None}
    assert not [one for one in gateway.status()["services"] if one["name"] == "tunnel"]


# -- tailscale


def test_a_tailnet_lets_paired_devices_in_and_nobody_else(gateway: Gateway, edge: Edge, agent: str) -> None:
    assert ask(gateway, TAILNET).status_code == 421
    refused = gateway.tether("tunnel", "tailscale", "up", check=False)
    assert (refused.returncode, "tether pair" in refused.stderr) == (4, True)
    pair_somebody(gateway)
    edge.claims = (
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: 127.0.0.1\r\nTailscale-User-Login: owner@example.com\r\n"
    )
    said = gateway.tether("tunnel", "tailscale", "up").stdout
    assert f"https://{TAILNET}" in said
    assert "✖" not in said, said
    assert "–" not in said, "it was asked from outside, by its own name and over TLS"
    for owner in (False, True):
        answer = ask(gateway, TAILNET, owner=owner)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "elsewhere")
    assert ask(gateway, "evil.ts.net").status_code == 421
    assert whole_journey(gateway, agent, way(edge, TAILNET), "a phone in the tailnet") < 1
    heard = (gateway.root / "log" / "web.log").read_text() + gateway.tether("audit", "--export", "jsonl").stdout
    assert "owner@example.com" not in heard, "what a proxy says of somebody is dropped"
    assert ask(gateway, f"127.0.0.1:{gateway.port}", owner=True).status_code == 200
    gateway.tether("tunnel", "tailscale", "down")
    closed(gateway, "tailscale", TAILNET)


@pytest.mark.parametrize(("how", "said"), [("signed out", "tailscale up"), ("refuses", "not enabled")])
def test_a_tailscale_that_can_not_opens_nothing(gateway: Gateway, mood: Path, how: str, said: str) -> None:
    pair_somebody(gateway)
    mood.write_text(how)
    refused = gateway.tether("tunnel", "tailscale", "up", check=False)
    assert refused.returncode == 1
    assert said in refused.stderr
    closed(gateway, "tailscale", TAILNET)


def test_what_an_up_of_tailscale_that_was_killed_left_is_ended_by_down(gateway: Gateway, programs: Path) -> None:
    (programs / "served").write_text(f"http://127.0.0.1:{gateway.port}")
    assert ask(gateway, TAILNET, owner=True).status_code == 421, "the gateway does not answer to the name"
    assert "left" in gateway.tether("tunnel", "tailscale", "down").stderr
    assert not (programs / "served").exists()
    (programs / "served").write_text("http://127.0.0.1:1")
    assert "There is no" in gateway.tether("tunnel", "tailscale", "down").stderr
    assert (programs / "served").exists(), "what serves something else is not ours to end"
    (programs / "served").unlink()


# -- cloudflare


def test_cloudflares_way_from_up_to_down_and_the_death_of_its_program(gateway: Gateway, edge: Edge) -> None:
    pair_somebody(gateway)
    edge.claims = b"X-Forwarded-For: 127.0.0.1\r\nCf-Access-Authenticated-User-Email: owner@example.com\r\n"
    said = gateway.tether("tunnel", "cloudflare", "up").stdout
    assert f"https://{QUICK}" in said
    assert "✖" not in said, said
    assert "–" not in said, "it was asked from outside, by its own name and over TLS"
    wait_until("cloudflared runs", lambda: runs(gateway))
    for owner in (False, True):
        assert ask(gateway, QUICK, owner=owner).json()["error"]["code"] == "elsewhere"
    refused = gateway.tether("tunnel", "tailscale", "up", check=False)
    assert (refused.returncode, "one at a time" in refused.stderr) == (1, True)
    assert "autostart=false" in next((gateway.run_dir).glob("**/tunnel.conf")).read_text(), (
        "after the gateway's next start it would have another name"
    )
    (row,) = [one for one in gateway.status()["services"] if one["name"] == "tunnel"]
    os.kill(row["pid"], signal.SIGKILL)
    wait_until("it is gone", lambda: not runs(gateway))
    told = gateway.tether("tunnel", "cloudflare", "status", check=False)
    assert (told.returncode, "does not run" in told.stdout) == (1, True)
    gateway.tether("tunnel", "cloudflare", "down")
    closed(gateway, "cloudflare", QUICK)


def test_a_named_tunnel_behind_access_wants_the_assertion_and_the_device(
    gateway: Gateway, edge: Edge, team: Team, agent: str
) -> None:
    """The team's keys are fetched from its own address; an assertion is one more gate, and no way in by itself."""
    pair_somebody(gateway)
    edge.claims = b""
    up = ["tunnel", "cloudflare", "up", "--name", "home", "--host", OWN]
    said = gateway.tether(*up, "--access-team", TEAM, "--access-audience", AUDIENCE, check=False)
    assert f"https://{OWN}" in said.stdout
    assert runs(gateway), "a tunnel that was made before is up when its program runs"
    bad = {
        "none": {},
        "no assertion at all": {"Cf-Access-Jwt-Assertion": "a.b.c"},
        "an address": {"Cf-Access-Authenticated-User-Email": "owner@example.com"},
        "expired": {"Cf-Access-Jwt-Assertion": team.assertion(AUDIENCE, left_s=-600)},
        "another application's": {"Cf-Access-Jwt-Assertion": team.assertion("another")},
        "another team's": {"Cf-Access-Jwt-Assertion": team.assertion(AUDIENCE, team="another")},
        "another key's": {"Cf-Access-Jwt-Assertion": Team().assertion(AUDIENCE)},
    }
    good = {"Cf-Access-Jwt-Assertion": team.assertion(AUDIENCE)}
    wait_until("the keys", lambda: ask(gateway, OWN, **good).json()["error"]["code"] == "elsewhere")
    for what, headers in bad.items():
        for path in ("/", "/api/v1/health"):
            answer = httpx.get(gateway.url(path=path), headers={"Host": OWN, **headers}, trust_env=False)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access"), what
    assert ask(gateway, OWN, owner=True, **good).status_code == 403, "an assertion is no device"
    claims = {**good, "Cf-Access-Authenticated-User-Email": "owner@example.com"}
    edge.claims = "".join(f"{name}: {text}\r\n" for name, text in claims.items()).encode()
    assert whole_journey(gateway, agent, way(edge, OWN), "a phone behind Access") < 1
    heard = (gateway.root / "log" / "web.log").read_text() + gateway.tether("audit", "--export", "jsonl").stdout
    assert "owner@example.com" not in heard, "what a proxy says of somebody is dropped"
    gateway.tether("tunnel", "cloudflare", "down")
    closed(gateway, "cloudflare", OWN)


@pytest.mark.parametrize(
    ("how", "flags", "said"),
    [("broken", [], "a library is missing"), ("signed out", ["--name", "home", "--host", OWN], "origin certificate"),
     ("signed out", [], "cloudflared tunnel login")],
    ids=["the program", "the login", "the login, without a name"],
)  # fmt: skip
def test_a_cloudflared_that_can_not_opens_nothing(
    gateway: Gateway, mood: Path, how: str, flags: list[str], said: str
) -> None:
    pair_somebody(gateway)
    mood.write_text(how)
    refused = gateway.tether("tunnel", "cloudflare", "up", *flags, check=False)
    assert refused.returncode == 1
    assert said in refused.stderr
    closed(gateway, "cloudflare", OWN)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_an_up_that_is_ended_half_way_opens_nothing(gateway: Gateway, mood: Path, signum: int) -> None:
    """With ctrl-c it takes back what it began; what one that was killed leaves is told, and ended by down."""
    pair_somebody(gateway)
    mood.write_text("silent")
    argv = [sys.executable, "-m", "tether.cli", "tunnel", "cloudflare", "up"]
    with subprocess.Popen(argv, env=gateway.env, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as up:
        wait_until("cloudflared runs", lambda: runs(gateway))
        up.send_signal(signum)
        up.communicate(timeout=20)
    assert ask(gateway, QUICK, owner=True).status_code == 421
    if signum == signal.SIGKILL:
        assert "down" in gateway.tether("tunnel", "cloudflare", "status").stderr
        assert "left" in gateway.tether("tunnel", "cloudflare", "down").stderr
    closed(gateway, "cloudflare", QUICK)


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
    closed(gateway, "cloudflare", QUICK)


def test_no_environment_variable_opens_anything(gateway: Gateway) -> None:
    said = gateway.tether("status", env=dict.fromkeys(("TETHER_LAN", "TETHER_HOST", "HOST"), ANYWHERE))
    assert f"127.0.0.1:{gateway.port}" in said.stdout
    assert "off" in gateway.tether("lan", "status", env={"TETHER_LAN": "on"}).stdout
