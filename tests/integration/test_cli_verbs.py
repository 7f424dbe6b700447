"""Every verb that needs no terminal, as scripts use it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import TETHER, Gateway
from tether.cli import fastlist


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    with Gateway() as made:
        yield made


@pytest.fixture
def shell(shared: Gateway) -> Iterator[str]:
    """A shell session with its prompt shown; ended afterwards."""
    session = shared.run(title="verbs")
    shared.tether("wait", session, "--for", r"text:\$ $", "--timeout", "10")
    yield session
    shared.tether("stop", session, check=False)


def test_the_list_is_the_same_on_both_paths(shared: Gateway, shell: str) -> None:
    fast = shared.ls()
    slow = shared.ls("--state", "running", "--no-color")
    port = (shared.run_dir / "web.port").read_text()
    (shared.run_dir / "web.port").write_text("x")
    try:
        declined = json.loads(shared.tether("ls", "--json", env={"TETHER_PORT": ""}).stdout)
    finally:
        (shared.run_dir / "web.port").write_text(port)
    wanted = next(row for row in fast if row["id"] == shell)
    for rows in (slow, declined):
        got = next(row for row in rows if row["id"] == shell)
        assert set(got) == set(wanted)
        assert {k: v for k, v in got.items() if k not in ("seq", "offset", "log_bytes", "clients", "url")} == {
            k: v for k, v in wanted.items() if k not in ("seq", "offset", "log_bytes", "clients", "url")
        }
    for key in ("id", "title", "provider", "state", "worker_pid", "seq"):
        assert key in wanted
    assert shared.tether("ls", "-q").stdout.split() == [row["id"] for row in fast]
    lines = shared.tether("ls").stdout.splitlines()
    assert lines[0].split("\t") == ["ID", "TITLE", "AGENT", "STATE", "AGE", "CONTROLLER", "CWD"]
    assert shared.tether("ls", "--state", "lost").stdout.count("\n") == 1
    assert f"{shell}\t" in shared.tether("__ids").stdout


def test_names(shared: Gateway, shell: str) -> None:
    assert shared.tether("logs", "verbs").returncode == 0
    unknown = shared.tether("logs", "nosuch", check=False)
    assert unknown.returncode == 3
    assert shell in unknown.stderr
    shared.run(title="verbs")
    ambiguous = shared.tether("send", "verbs", "x", check=False)
    assert ambiguous.returncode == 2
    assert shell in ambiguous.stderr
    asked = shared.tether("send", "verbs", "x", "--json", check=False)
    assert json.loads(asked.stderr)["error"]["code"] == "ambiguous"
    shared.tether("rename", shell, "another name")
    shared.wait_until("the title is new", lambda: shared.session(shell)["title"] == "another name")
    shared.tether("stop", "verbs", "another name")


def test_send_keys_and_wait(shared: Gateway, shell: str) -> None:
    shared.tether("send", shell, "cat > /dev/null", "--enter")
    shared.tether("keys", shell, "a", "c-c")
    shared.tether("send", shell, "-", input=b"echo fr\xc3\xb6m-$((40+2))\n")
    shared.tether("wait", shell, "--for", "text:fröm-42", "--timeout", "10")
    shared.tether("wait", shell, "--for", "idle:0.2", "--timeout", "10")
    assert shared.tether("wait", shell, "--for", "text:never", "--timeout", "0.3", check=False).returncode == 124
    assert (
        shared.tether("wait", shell, "--for", "text:never", "--after", "0", "--timeout", "0", check=False).returncode
        == 124
    )
    assert shared.tether("wait", shell, "--for", "text:(", check=False).returncode == 2
    assert shared.tether("wait", shell, "--for", "nothing", check=False).returncode == 2
    shared.tether("wait", shell, "--for", "state:running", "--timeout", "10")
    shared.tether("send", shell, "exit 9", "--enter")
    shared.tether("wait", shell, "--for", "exit", "--timeout", "10")
    assert shared.tether("wait", shell, "--for", "text:never", check=False).returncode == 1
    row = shared.session(shell)
    assert (row["state"], row["exit_code"]) == ("exited", 9)
    assert shared.tether("send", shell, "x", check=False).returncode == 3


def test_send_obeys_the_lease(shared: Gateway, shell: str) -> None:
    screen = shared.attach(shell)
    screen.expect(r"\$ ")
    screen.type("# mine\r")
    refused = shared.tether("send", shell, "x", check=False)
    assert refused.returncode == 6
    assert "controlled by" in refused.stderr
    shared.tether("send", shell, "echo taken-$((1+1))", "--enter", "--take")
    screen.expect("taken-2")
    screen.type(b"\x1cd")
    screen.wait_exit()


def test_a_large_input_is_taken_once(shared: Gateway) -> None:
    data = os.urandom(512 * 1024)
    session = shared.run(shared.add_fake("hash_input", str(len(data))))
    shared.tether("wait", session, "--for", "text:raw", "--timeout", "10")
    shared.tether("send", session, "-", input=data)
    shared.tether("wait", session, "--for", "exit", "--timeout", "30")
    assert f"sha {hashlib.sha256(data).hexdigest()} {len(data)}" in shared.raw(session).decode()


def test_logs_and_events(shared: Gateway) -> None:
    session = shared.run(shared.add_fake("flood", "5000"))
    shared.tether("wait", session, "--for", "exit", "--timeout", "20")
    wanted = b"".join(b"line %08d\r\n" % n for n in range(1, 5001))
    assert shared.raw(session) == wanted
    text = shared.tether("logs", session).stdout
    assert text == wanted.decode().replace("\r\n", "\n")
    assert shared.tether("logs", session, "-n", "3").stdout.split("\n") == [
        f"line {n:08d}" for n in (4998, 4999, 5000)
    ] + [""]
    assert shared.tether("logs", session, "-f", "--raw", binary=True).stdout == wanted
    events = shared.events(session)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "created"
    assert events[-1]["type"] == "exited"
    assert "".join(event["data"] for event in events if event["type"] == "out") == wanted.decode()
    rest = shared.tether("events", session, "--after", "2", "-f").stdout.splitlines()
    assert len(rest) == len(events) - 2
    assert "store:" in shared.tether("logs").stdout
    assert shared.tether("logs", session, "-n", "-1", check=False).returncode == 2


def test_logs_follow_a_living_session(shared: Gateway) -> None:
    session = shared.run(shared.add_fake("echo"))
    follower = subprocess.Popen(
        [*TETHER, "logs", session, "-f", "--raw"], env=shared.env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    shared.tether("send", session, "one\nquit", "--enter")
    output, _ = follower.communicate(timeout=20)
    assert b"echo: one" in output
    assert follower.returncode == 0


def test_snapshot_shows_the_screen(shared: Gateway, shell: str) -> None:
    pytest.importorskip("pyghostty")
    shared.tether("send", shell, r"clear; printf 'aaa\n\033[31mbbb\033[0m\n\033[2;3Hcc\033[5;1H'", "--enter")
    shared.tether("wait", shell, "--for", "text:cc", "--timeout", "10")
    shared.wait_until(
        "the screen", lambda: shared.tether("snapshot", shell, "--text").stdout.splitlines()[:2] == ["aaa", "bbcc"]
    )
    assert "\x1b[" in shared.tether("snapshot", shell, "--ansi").stdout
    document = json.loads(shared.tether("snapshot", shell, "--json").stdout)
    assert (document["cols"], document["rows"]) == (80, 24)


def test_export(shared: Gateway, shell: str, tmp_path: Path) -> None:
    shared.tether("send", shell, "echo žluť-$((1+1))", "--enter")
    shared.tether("wait", shell, "--for", "text:žluť-2", "--timeout", "10")
    file = tmp_path / "a.cast"
    shared.tether("export", shell, "--format", "cast", "-o", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    header, *rest = [json.loads(line) for line in file.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert "žluť-2" in "".join(data for _, kind, data in rest if kind == "o")
    assert [at for at, _, _ in rest] == sorted(at for at, _, _ in rest)
    assert "žluť-2" in shared.tether("export", shell, "--format", "txt").stdout
    assert json.loads(shared.tether("export", shell, "--format", "jsonl").stdout.splitlines()[0])["type"] == "created"
    assert shared.tether("export", shell, "--format", "gif", check=False).returncode == 2
    if shutil.which("asciinema"):
        played = subprocess.run(["asciinema", "cat", str(file)], capture_output=True, check=True, timeout=30)
        assert "žluť-2".encode() in played.stdout


def test_url_lets_a_browser_in(shared: Gateway, shell: str) -> None:
    url = shared.ticket_url(shell)
    page, _, ticket = url.partition("#ticket=")
    assert page == shared.url(shell)
    assert len(ticket) == 43
    assert shared.owner_token not in url
    printed = shared.tether("open", shell, env={"SSH_CONNECTION": "1 2 3 4"})
    assert printed.stdout.startswith(page)
    assert fastlist.get(shared.port, "not-the-token", "/api/v1/sessions") is None
    assert fastlist.get(shared.port, shared.owner_token, "/api/v1/sessions") is not None


def test_clients_lists_attachments(shared: Gateway, shell: str) -> None:
    screen = shared.attach(shell)
    screen.expect(r"\$ ")
    rows = json.loads(shared.tether("clients", shell, "--json").stdout)
    assert [(row["session"], row["kind"], row["mode"]) for row in rows] == [(shell, "native", "control")]
    screen.type(b"\x1cd")
    screen.wait_exit()
    shared.wait_until("nobody", lambda: json.loads(shared.tether("clients", "--json").stdout) == [])


def test_debug_and_bundle(shared: Gateway, shell: str, tmp_path: Path) -> None:
    shared.tether("send", shell, "echo terminal-contents", "--enter")
    document = json.loads(shared.tether("debug", "--fsck", "--json").stdout)
    names = {check["name"]: check["state"] for check in document["checks"]}
    assert names["fsck"] == names["gateway"] == names["log"] == names["run"] == "ok"
    (shared.root / "config.toml").write_text("[attach]\ndetach_keys = 'ctrl-\\ d' # token=hunter2\n")
    file = tmp_path / "b.tar.gz"
    shared.tether("debug", "--bundle", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        texts = {member.name: archive.extractfile(member).read().decode() for member in archive}  # type: ignore[union-attr]
    assert "tether-debug/report.txt" in texts
    assert "tether-debug/log/store.log" in texts
    whole = "".join(texts.values())
    bus_token = (shared.run_dir / "bus.token").read_text()
    for secret in (shared.owner_token, bus_token, "hunter2", "terminal-contents"):
        assert secret not in whole
    (shared.root / "config.toml").unlink()


def test_an_open_directory_is_found(shared: Gateway) -> None:
    (shared.root / "log").chmod(0o755)
    try:
        done = shared.tether("debug", check=False)
        assert done.returncode == 1
        assert "chmod 700" in done.stdout
    finally:
        (shared.root / "log").chmod(0o700)


def test_config_providers_version_and_help(shared: Gateway) -> None:
    assert shared.tether("config", "path").stdout.strip() == str(shared.root / "config.toml")
    assert shared.tether("config", "get", "web.port").stdout.strip() == str(shared.port)
    assert json.loads(shared.tether("config", "get", "--json").stdout)["web"]["port"] == shared.port
    assert shared.tether("config", "get", "no.such", check=False).returncode == 3
    names = [row["name"] for row in json.loads(shared.tether("providers", "--json").stdout)]
    assert {"shell", "codex", "claude", "opencode"} <= set(names)
    assert shared.tether("--version").stdout.startswith("tether ")
    assert "Examples" in shared.tether("run", "-h").stdout
    assert "attach" in shared.tether("--help").stdout
    wrong = shared.tether("lss", check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("tether: ")
    assert shared.tether("ls", "--nosuch", check=False).returncode == 2


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_is_understood_by_its_shell(shared: Gateway, shell: str, name: str, tmp_path: Path) -> None:
    script = shared.tether("completion", name).stdout
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    file = tmp_path / "script"
    file.write_text(script)
    subprocess.run([name, "-n", str(file)], check=True, timeout=20)
    if name == "bash":
        wrapper = tmp_path / "tether"
        wrapper.write_text('#!/bin/sh\nexec {} "$@"\n'.format(" ".join(TETHER)))
        wrapper.chmod(0o755)
        asked = f"source {file}; COMP_WORDS=(tether attach {shell[:3]}); COMP_CWORD=2; _tether; echo ${{COMPREPLY[@]}}"
        env = {**shared.env, "PATH": f"{tmp_path}:{shared.env['PATH']}"}
        done = subprocess.run(["bash", "-c", asked], env=env, capture_output=True, text=True, check=True, timeout=20)
        assert done.stdout.split() == [shell]


def test_a_reader_that_leaves(shared: Gateway) -> None:
    session = shared.run(shared.add_fake("flood", "200000", name="flood-long"))
    shared.tether("wait", session, "--for", "exit", "--timeout", "60")
    reader = subprocess.Popen(
        [*TETHER, "logs", session], env=shared.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.readline()
    reader.stdout.close()
    reader.wait(20)
    assert reader.stderr.read() == b""
    reader.stderr.close()


def browser(shared: Gateway, name: str, status: int) -> dict[str, str]:
    """An environment in which a browser `name` writes down what it is asked, and ends with `status`."""
    place = shared.home / f"{name}-{status}"
    place.mkdir(exist_ok=True)
    program = place / name
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {place}/asked.tmp\nmv {place}/asked.tmp {place}/asked\nexit {status}\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{place}:/usr/bin:/bin", "DISPLAY": ":99", "ASKED": str(place / "asked")}


def test_a_window_of_its_own_is_opened_by_an_installed_browser(shared: Gateway, shell: str) -> None:
    # The machine's own browsers come later on PATH: the first of all is ours.
    env = browser(shared, "chromium", 0)
    shared.tether("app", shell, env=env)
    asked = Path(env["ASKED"]).read_text().splitlines()
    address = next(word for word in asked if word.startswith("--app="))
    assert address.startswith(f"--app=http://127.0.0.1:{shared.port}/s/{shell}#ticket=")
    shared.tether("app", shell, env=env, terminal=False)
    assert f"--app=http://127.0.0.1:{shared.port}/s/{shell}" in Path(env["ASKED"]).read_text().splitlines(), (
        "from a desk's icon: for a browser that was let in before"
    )
    refused = shared.tether("app", env=browser(shared, "chromium", 3), check=False)
    assert refused.returncode == 1
    assert "opened no window: it ended with 3" in refused.stderr
    assert "tether open" in refused.stderr


def test_without_a_browser_or_a_screen_it_says_what_to_do(shared: Gateway) -> None:
    bare = shared.home / "bare"
    bare.mkdir()
    none = shared.tether("app", env={"PATH": str(bare), "DISPLAY": ":99"}, check=False)
    assert none.returncode == 1
    assert "Install one of them" in none.stderr
    away = shared.tether("app", env={"DISPLAY": ":99", "SSH_CONNECTION": "a b c d"}, check=False)
    assert "no screen here" in away.stderr


def test_open_asks_the_persons_browser_and_prints_where_there_is_none(shared: Gateway, shell: str) -> None:
    env = browser(shared, "mine", 0)
    shared.tether("open", shell, env={**env, "BROWSER": str(Path(env["ASKED"]).parent / "mine")})
    shared.wait_until("it is asked", lambda: Path(env["ASKED"]).exists())
    assert f"/s/{shell}#ticket=" in Path(env["ASKED"]).read_text()
    printed = shared.tether("open", shell, env={"SSH_CONNECTION": "a b c d"})
    assert printed.stdout.startswith(f"http://127.0.0.1:{shared.port}/s/{shell}#ticket=")
    assert "ssh -L" in printed.stderr
    only = shared.tether("open", "--print", "--json", env=env)
    assert json.loads(only.stdout)["url"].startswith(f"http://127.0.0.1:{shared.port}/#ticket=")
