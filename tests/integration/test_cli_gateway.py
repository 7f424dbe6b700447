"""Starting, stopping, looking at and restarting a gateway, by hand and by accident."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.gateway import TETHER, Gateway


def test_start_status_stop(gateway: Gateway) -> None:
    status = gateway.status()
    names = [row["name"] for row in status["services"]]
    assert names == ["supervisord", "store", "broker", "spawner", "adapters", "web"]
    assert status["port"] == gateway.port
    assert status["store"] == {"state": "ok", "reason": ""}
    assert gateway.tether("status").returncode == 0
    for path in (gateway.root, *gateway.root.rglob("*")):
        assert path.lstat().st_mode & 0o077 == 0, f"{path} is open to others"
    assert "already running" in gateway.tether("start").stderr
    assert "Gateway stopped" in gateway.tether("stop").stderr
    assert gateway.tether("status", check=False).returncode == 5
    assert gateway.status()["state"] == "down"
    assert "not running" in gateway.tether("stop").stderr
    assert gateway.tether("ls", check=False).returncode == 5


def test_many_starts_at_once_make_one_gateway() -> None:
    with Gateway(start=False) as gateway:
        starts = [
            subprocess.Popen([*TETHER, "start"], env=gateway.env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            for _ in range(4)
        ]
        texts = [start.communicate()[1].decode() for start in starts]
        assert [start.returncode for start in starts] == [0] * 4, texts
        assert sum("Gateway started" in text for text in texts) == 1


def test_a_killed_supervisord_is_replaced_and_sessions_go_on(gateway: Gateway) -> None:
    session = gateway.run()
    agent = gateway.agent_pid(session)
    services = {row["name"]: row["pid"] for row in gateway.status()["services"]}
    gateway.kill("supervisord")
    gateway.wait_until(
        "the services follow their parent", lambda: not any(Path(f"/proc/{pid}").exists() for pid in services.values())
    )
    assert gateway.tether("status", check=False).returncode == 5
    gateway.start()
    gateway.wait_state(session, "running")
    assert gateway.agent_pid(session) == agent


def test_stop_leaves_sessions_and_says_so(gateway: Gateway) -> None:
    session = gateway.run(title="stays")
    refused = gateway.tether("stop", check=False)
    assert refused.returncode == 2
    assert "stays" in refused.stderr
    assert "--yes" in refused.stderr
    agent = gateway.agent_pid(session)
    assert "1 sessions go on" in gateway.tether("stop", "--yes").stderr
    os.kill(agent, 0)
    gateway.start()
    assert gateway.wait_state(session, "running")["agent_pid"] == agent


def test_stop_with_an_id_never_stops_the_gateway(gateway: Gateway) -> None:
    session = gateway.run(title="one")
    wrong = gateway.tether("stop", "nosuchid", check=False)
    assert wrong.returncode == 3
    assert session in wrong.stderr
    assert f"Session {session} stopped" in gateway.tether("stop", "one").stderr
    assert gateway.tether("stop", session).returncode == 0
    assert gateway.status()["state"] in ("up", "starting")
    row = gateway.session(session)
    assert row["state"] == "stopped"
    assert row["stopped_by"]


def test_a_deaf_agent_is_killed(gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("ignore_term"))
    gateway.wait_until("it is deaf", lambda: b"deaf" in gateway.raw(session))
    agent = gateway.agent_pid(session)
    gateway.tether("stop", session, "--timeout", "0.3")
    assert not Path(f"/proc/{agent}").exists()


def test_restart_keeps_agents_and_renews_workers(gateway: Gateway) -> None:
    session = gateway.run()
    gateway.tether("send", session, "X=kept", "--enter")
    before = gateway.session(session)
    services = {row["name"]: row["pid"] for row in gateway.status()["services"]}
    assert gateway.tether("restart", check=False).returncode == 2
    gateway.tether("restart", "--yes")
    after = gateway.session(session)
    assert (after["agent_pid"], after["worker_pid"]) == (before["agent_pid"], before["worker_pid"])
    assert not set(services.values()) & {row["pid"] for row in gateway.status()["services"]}
    codes = [event["code"] for event in gateway.events(session) if event["type"] == "note"]
    assert codes.count("upgraded") == 1
    gateway.tether("send", session, "echo is-$X", "--enter")
    gateway.tether("wait", session, "--for", "text:is-kept", "--timeout", "10")


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with Gateway(start=False) as gateway, socket.socket() as other:
        other.bind(("127.0.0.1", gateway.port))
        other.listen()
        done = gateway.tether("start", check=False)
        assert done.returncode == 6
        assert f"Port {gateway.port}" in done.stderr
        assert "TETHER_PORT" in done.stderr
        asked = gateway.tether("start", "--json", check=False)
        assert json.loads(asked.stderr)["error"]["code"] == "port"
        assert asked.stdout == ""


def test_bad_settings_name_file_key_and_fix() -> None:
    with Gateway(start=False, settings="[session]\nring_bytes = 'big'\n") as gateway:
        done = gateway.tether("start", check=False)
        assert done.returncode == 2
        assert "config.toml" in done.stderr
        assert "session.ring_bytes" in done.stderr


@pytest.mark.parametrize("how", ["open", "link", "file"])
def test_an_unsafe_home_is_refused(how: str, tmp_path: Path) -> None:
    with Gateway(start=False) as gateway:
        gateway.root.rmdir()
        if how == "open":
            gateway.root.mkdir()
            gateway.root.chmod(0o777)
        elif how == "link":
            gateway.root.symlink_to(tmp_path)
        else:
            gateway.root.write_text("")
        done = gateway.tether("start", check=False)
        assert done.returncode == 1
        assert str(gateway.root) in done.stderr
        if how == "open":
            gateway.root.chmod(0o700)
        else:
            gateway.root.unlink()
            gateway.root.mkdir(mode=0o700)


def test_a_home_of_odd_characters() -> None:
    with Gateway(start=False) as gateway:
        odd = gateway.home / "a 100% b ;c #d 'é"
        odd.mkdir(mode=0o700)
        gateway.root = odd
        gateway.env["TETHER_HOME"] = str(odd)
        gateway.start()
        session = gateway.run()
        gateway.tether("send", session, "echo odd-$((40+2))", "--enter")
        gateway.tether("wait", session, "--for", "text:odd-42", "--timeout", "10")


def test_stale_files_of_a_dead_gateway_do_no_harm() -> None:
    with Gateway(start=False) as gateway:
        gateway.start()
        gateway.kill("supervisord")
        gateway.wait_until("it is down", lambda: gateway.status()["state"] == "down")
        run = gateway.run_dir
        (run / "supervisord.pid").write_text("1\n")
        gateway.start()
        assert gateway.pid("supervisord") != 1


def test_a_service_that_dies_is_shown_and_comes_back(gateway: Gateway) -> None:
    old = gateway.kill("broker", signal.SIGKILL)
    gateway.wait_until("the broker is back", lambda: gateway.pid("broker") != old)
    gateway.tether("ls")


def test_a_service_needs_a_service_manager() -> None:
    """Without systemd (or launchd) it is said, and the gateway runs all the same."""
    with Gateway(start=False, env={"PATH": "/nonexistent"}) as gateway:
        done = gateway.tether("start", "--service")
        assert "no systemd" in done.stderr
        assert gateway.status()["state"] in ("up", "starting")
