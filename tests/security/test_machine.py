"""Rows 12, 14, 20 and 24 to 27 of docs/security.md: what reaches agent, eye, file system and network."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.security.strike import head, raw
from tests.support.gateway import TETHER, Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import api
from tether.bus import BrokerClient, Bus
from tether.errors import TetherError
from tether.paths import resolve
from tether.web.gate import SECURITY_HEADERS
from tether.wire.control import Launch
from tether.wire.ids import NO_SESSION

NOBODY = 65534


@contextlib.contextmanager
def on_the_bus(gateway: Gateway) -> Iterator[BrokerClient]:
    """A client of the bus with the bus token, as the command is one."""
    with contextlib.closing(Bus()) as bus, contextlib.closing(BrokerClient(bus, resolve(gateway.env))) as broker:
        yield broker


# -- row 12


def test_an_agent_gets_three_descriptors_and_nothing_of_the_gateways_environment(target: Gateway) -> None:
    code = (
        "import os, json; print('ENV', json.dumps(dict(os.environ)), 'END');"
        "print('FDS', sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1], 'END')"
    )
    target.add_provider("env", [sys.executable, "-I", "-c", code])
    session = target.run("env", env={"OPENAI_API_KEY": "sk-leak", "TETHER_TOKEN": "x", "MY_SECRET": "y"})
    target.wait_state(session, "exited")
    shown = target.raw(session).decode().replace("\r\n", "")
    env = json.loads(re.search(r"ENV (.*?) END", shown)[1])  # type: ignore[index]
    assert {name for name in env if name.startswith("TETHER")} <= {"TETHER", "TETHER_SESSION_ID", "TETHER_HOME"}
    assert not {"OPENAI_API_KEY", "MY_SECRET", "TETHER_TOKEN", "SUPERVISOR_ENABLED"} & set(env)
    assert re.search(r"FDS (.*?) END", shown)[1] == "[0, 1, 2]"  # type: ignore[index]


@pytest.mark.skipif(os.geteuid() != 0, reason="root reads everything; only root can become somebody else")
def test_a_process_of_the_gateway_keeps_its_environment_and_memory_from_other_processes_of_its_user() -> None:
    """`service.start` calls `not_dumpable`; without it the same reader gets in."""
    assert "not_dumpable()" in Path("tether/service.py").read_text().partition("def start(")[2]
    code = (
        "import ctypes, os, sys; os.setgid({n}); os.setuid({n});\n"
        "ctypes.CDLL(None).prctl(4, {dumpable}, 0, 0, 0)\n"
        "print(os.getpid(), flush=True); sys.stdin.read()"
    )
    look = (
        "import os, sys; os.setgid({n}); os.setuid({n})\n"
        "for name in ('environ', 'maps', 'mem'):\n"
        "    open('/proc/%s/%s' % (sys.argv[1], name), 'rb').close()"
    )
    for dumpable, readable in ((1, True), (0, False)):
        kept = subprocess.Popen(
            [sys.executable, "-I", "-c", code.format(n=NOBODY, dumpable=dumpable)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"SECRET": "x"},
        )  # fmt: skip
        assert kept.stdout is not None
        pid = kept.stdout.readline().decode().strip()
        tried = subprocess.run([sys.executable, "-I", "-c", look.format(n=NOBODY), pid], capture_output=True)
        assert (tried.returncode == 0) is readable, tried.stderr.decode()
        kept.communicate()


# -- row 14


HOSTILE = "\x1b]0;owned\x07\nevent=INFO fake \u202egnp.exe\r" + "x" * 10_000


def test_a_hostile_title_stays_one_escaped_line_wherever_it_is_printed(target: Gateway) -> None:
    with on_the_bus(target) as broker:
        launched = broker.ask(
            NO_SESSION, Launch(0, "shell", [], HOSTILE, str(target.user_home), 80, 24, {"PATH": os.environ["PATH"]})
        )
    session = launched.view.id
    for args in (("ls",), ("ls", "--json"), ("status",)):
        text = target.tether(*args, check=False).stdout
        assert not set(text) & {"\x1b", "\x07", "\r", "\u202e"}, args
        assert "\nevent=INFO fake" not in text
    log = (target.root / "log" / "broker.log").read_text()
    assert not set(log) & {"\x1b", "\x07", "\r", "\u202e"}
    assert [line for line in log.splitlines() if line.startswith("event=INFO fake")] == []
    assert max(map(len, log.splitlines())) < 1000
    assert "owned" in target.session(session)["title"]
    target.tether("stop", session, "--yes")


def test_a_hostile_path_stays_one_escaped_line_in_the_log(target: Gateway) -> None:
    raw(target.port, head(target.port, "GET", "/%1b%5d0;x%07%0aevent=path-forged%e2%80%ae/" + "y" * 3000) + "\r\n")
    log = target.root / "log" / "web.log"
    wait_until("the refusal", lambda: "path-forged" in log.read_text())
    lines = [line for line in log.read_text().splitlines() if "path-forged" in line]
    assert all("event=refused" in line and len(line) < 400 for line in lines)
    assert not set(log.read_text()) & {"\x1b", "\x07", "\u202e"}


# -- row 20


@pytest.mark.parametrize(
    "path", ["/", "/s/zzzzzzzz", "/api/v1/health", "/api/v1/sessions", "/nothing", "/assets/no.js", "/api/v1/none"]
)
def test_every_answer_also_an_error_forbids_foreign_scripts_and_frames(target: Gateway, path: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{target.port}{path}", trust_env=False)
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                 "connect-src 'self'", "form-action 'none'", "require-trusted-types-for 'script'"):  # fmt: skip
        assert rule in policy
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()


def test_terminal_output_leaves_only_as_a_file_or_as_text_in_json(target: Gateway, shell: str) -> None:
    with api(target) as client:
        output = client.get(f"/api/v1/sessions/{shell}/output")
        assert output.headers["content-disposition"].startswith("attachment")
        assert output.headers["content-type"] == "application/octet-stream"
        assert client.get("/api/v1/sessions").headers["content-type"] == "application/json"


# -- row 24


WHAT_NO_LAUNCH_MAY = {
    "another program": {"provider": "../../bin/sh"},
    "arguments to the shell": {"args": ["--", "-c", "id"]},
    "a loader": {"provider": "shell", "env": {"LD_PRELOAD": "/tmp/x.so"}},
    "a relative directory": {"cwd": "../.."},
    "a null byte": {"cwd": "/tmp\0/x"},
    "a megabyte": {"provider": "claude", "args": ["x" * 1_000_000]},
    "a name with a null byte": {"provider": "shell\0"},
}


@pytest.mark.parametrize("case", WHAT_NO_LAUNCH_MAY)
def test_a_launch_can_not_name_a_program_or_bend_one(target: Gateway, case: str) -> None:
    wanted = {"provider": "shell", "args": [], "cwd": str(target.user_home), "env": {"PATH": os.environ["PATH"]}}
    wanted |= WHAT_NO_LAUNCH_MAY[case]  # type: ignore[operator]
    before = len(target.ls("-a"))
    order = Launch(0, wanted["provider"], wanted["args"], "", wanted["cwd"], 80, 24, wanted["env"])  # type: ignore[arg-type]
    with on_the_bus(target) as broker:
        if case == "a loader":
            # Not refused: what the provider's file does not allow is not handed down.
            session = broker.ask(NO_SESSION, order).view
            environ = Path(f"/proc/{target.agent_pid(session.id)}/environ").read_bytes()
            assert b"LD_PRELOAD" not in environ
            target.tether("stop", session.id, "--yes")
            return
        with pytest.raises(TetherError):
            broker.ask(NO_SESSION, order)
    assert len(target.ls("-a")) == before


# -- row 25


def test_files_of_the_directory_one_stands_in_are_no_settings(target: Gateway, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TETHER_PORT=1\nTETHER_HOME=/nowhere\n")
    for name in (".tether.toml", "tether.toml", "config.toml"):
        (tmp_path / name).write_text('[web]\nport = 1\nclipboard = true\n[attach]\ndetach_keys = "ctrl-q d"\n')
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "evil.toml").write_text('name = "evil"\nargv = ["/bin/sh"]\n')
    status_there = json.loads(target.tether("status", "--json", cwd=tmp_path).stdout)
    assert (
        status_there["port" if "port" in status_there else "state"]
        == target.status()["port" if "port" in status_there else "state"]
    )
    there, elsewhere = (target.tether("config", "get", "--json", cwd=where).stdout for where in (tmp_path, target.root))
    assert there == elsewhere
    assert "ctrl-q" not in there
    assert "evil" not in target.tether("providers", cwd=tmp_path).stdout
    assert target.tether("run", "-d", "evil", cwd=tmp_path, check=False).returncode == 2


# -- row 26


def test_under_an_open_umask_every_file_and_directory_is_the_owners_alone() -> None:
    with Gateway(start=False) as gateway:
        command = ["sh", "-c", 'umask 000; exec "$@"', "sh", *TETHER, "start"]
        subprocess.run(command, env=gateway.env, check=True, capture_output=True, timeout=60)
        session = gateway.run("shell")
        seen = 0
        for base in (gateway.root, gateway.run_dir):
            for path in (base, *base.rglob("*")):
                if path.is_symlink() or path.name == "config.toml":
                    continue
                found = path.lstat()
                seen += 1
                assert stat.S_IMODE(found.st_mode) & 0o077 == 0, f"{path} is {stat.S_IMODE(found.st_mode):04o}"
                assert found.st_uid == os.geteuid()
        assert seen > 15
        terminal = os.readlink(f"/proc/{gateway.agent_pid(session)}/fd/0")
        assert stat.S_IMODE(os.stat(terminal).st_mode) & 0o066 == 0 or os.stat(terminal).st_gid == 5


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_state_directory_that_is_not_ours_alone_stops_the_start(trap: str) -> None:
    with Gateway(start=False) as gateway:
        data = gateway.root / "data"
        if trap == "link":
            elsewhere = gateway.home / "elsewhere"
            elsewhere.mkdir(mode=0o700)
            data.symlink_to(elsewhere)
        elif trap == "open":
            data.mkdir()
            data.chmod(0o777)
        else:
            data.touch()
        done = gateway.tether("start", check=False)
        assert done.returncode != 0
        assert str(data) in done.stderr
        assert not list(gateway.root.glob("run/*.lock"))


# -- row 27


def test_the_only_address_on_the_network_is_one_port_of_this_machine(target: Gateway, shell: str) -> None:
    pids = {row["pid"] for row in target.status()["services"]} | {target.worker_pid(shell)}
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if found := re.match(r"socket:\[(\d+)\]", os.readlink(entry)):
                inodes.add(found[1])
    listening = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == "0A" or table.startswith("udp")):
                listening.append((table, fields[1]))
    assert listening == [("tcp", f"0100007F:{target.port:04X}")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_reaches_no_socket_of_the_bus(target: Gateway) -> None:
    code = (
        "import os, socket, sys\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "line = socket.socket(socket.AF_UNIX); line.settimeout(5)\n"
        "try: line.connect(sys.argv[1])\n"
        "except PermissionError: sys.exit(13)\n"
        "line.send(b'x' * 64); sys.exit(0 if line.recv(64) else 14)\n"
    )
    for path in sorted(target.run_dir.iterdir()):
        if stat.S_ISSOCK(path.lstat().st_mode):
            tried = subprocess.run([sys.executable, "-I", "-c", code, str(path)], capture_output=True)
            assert tried.returncode == 13, (path, tried.stderr)


def test_a_stranger_on_the_bus_without_its_token_gets_nothing(target: Gateway) -> None:
    """The token is the third wall, behind the directory and the kernel's word on the user."""
    with on_the_bus(target) as client:
        client._paths = type("Elsewhere", (), {"bus_token": target.root / "none"})()
        with pytest.raises(TetherError) as refused:
            client.ask(NO_SESSION, Launch(0, "shell", [], "", "/", 80, 24), 5)
        assert refused.value.code == "hello-first"


def test_a_session_that_is_not_ours_can_not_be_stopped(target: Gateway, shell: str) -> None:
    with api(target) as client:
        ours = [row["id"] for row in target.ls("-a")]
        # A number may happen to begin a session's id, and then it names that session.
        numbers = [name for name in ("1", str(os.getpid()), "0") if not any(one.startswith(name) for one in ours)]
        for name in (*numbers, "..", "%00", "x" * 300):
            assert client.post(f"/api/v1/sessions/{name}/stop", json={}).status_code == 404
    assert target.session(shell)["state"] == "running"
