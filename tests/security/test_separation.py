"""An agent as another user, or in bubblewrap with the gateway hidden: docs/security.md, Separation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tether.paths import resolve

NOBODY = 65534
# What a stranger to the gateway's files gets; "in" is what must not be.
TRIES = """
import json, os, socket, sys
root, port = sys.argv[1], int(sys.argv[2])
def tried(act):
    try:
        return f"in: {act()}"
    except OSError as error:
        return error.strerror or str(error)
def dial(path):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
    return path
def ask():
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(f"GET /api/v1/sessions HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n".encode())
        return line.recv(100).split()[1].decode()
said = {
    "the token": tried(lambda: open(f"{root}/data/owner.token").read()),
    "the devices": tried(lambda: open(f"{root}/data/devices.json").read()),
    "a device of its own": tried(lambda: open(f"{root}/data/devices.json", "w").write("{}")),
    "the log": tried(lambda: os.listdir(f"{root}/data")),
    "the owner's socket": tried(lambda: dial(f"{root}/run/web.sock")),
    "the bus": tried(lambda: dial(f"{root}/run/b")),
    "the web": tried(ask),
}
print(json.dumps(said), flush=True)
print("END", flush=True)
sys.stdin.readline()
"""


def said(gateway: Gateway, name: str, before: list[str]) -> dict[str, str]:
    """What the program found that is started behind the words `before`."""
    argv = [*before, sys.executable, "-I", "-c", TRIES, str(gateway.root), str(gateway.port)]
    gateway.add_provider(name, argv)
    session = gateway.run(name)
    gateway.wait_until("its end", lambda: b"END" in gateway.raw(session))
    text = gateway.raw(session).decode()
    gateway.tether("stop", session, "--yes")
    gateway.wait_state(session, "stopped", "exited")
    found: dict[str, str] = json.loads(text[text.index("{") : text.rindex("}") + 1].replace("\r\n", ""))
    return found


def keeps_out(found: dict[str, str]) -> None:
    assert found.pop("the web") == "in: 401", "the way for paired devices and the owner's browsers, and closed to it"
    assert {name: answer for name, answer in found.items() if answer.startswith("in: ")} == {}


def test_without_it_an_agent_reads_the_token(target: Gateway) -> None:
    found = said(target, "together", [])
    assert found["the token"].startswith("in: ")
    assert found["the owner's socket"].startswith("in: ")


def test_another_user_gets_at_nothing_of_the_gateway(target: Gateway) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("another user can be had by root alone, with setpriv")
    as_nobody = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    if subprocess.run([*as_nobody, sys.executable, "-c", ""], check=False, cwd="/", capture_output=True).returncode:
        pytest.skip("another user can't execute this Python")
    keeps_out(said(target, "apart", as_nobody))


def test_bubblewrap_hides_the_gateways_files(target: Gateway) -> None:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        pytest.skip("bubblewrap is not installed")
    paths = resolve(target.env)
    hidden = [word for place in (paths.data, paths.run, paths.log) for word in ("--tmpfs", str(Path(place)))]
    before = [bwrap, "--dev-bind", "/", "/", *hidden, "--unshare-pid", "--proc", "/proc", "--die-with-parent", "--"]
    if subprocess.run([*before, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system does not let bubblewrap make a namespace")
    keeps_out(said(target, "wrapped", before))
