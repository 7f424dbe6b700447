"""What runs as the owner, outside of every session, and at no terminal: a service, a job of cron, an agent that left
its session with the help of another service. It may do what scripts do; it decides nothing and lets nobody in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support.gateway import Gateway, a_terminal
from tether import ancestry
from tether.devices import registry, scopes
from tether.paths import resolve
from tether.web.admission import Peer
from tether.web.credentials import Credentials

TRIES = {
    "a link for a browser": ("POST", "/api/v1/tickets", {}),
    "an offer to a device": ("POST", "/api/v1/pairing", {}),
    "the owner's yes": ("POST", "/api/v1/pairing/decide", {"id": "x", "digits": "000000", "accept": True}),
    "a decision": ("POST", "/api/v1/approvals/4d7k2m9p/decision", {"decision": "allow"}),
}


@pytest.mark.parametrize("name", TRIES)
def test_without_a_terminal_nobody_decides_or_lets_anybody_in(target: Gateway, name: str) -> None:
    method, path, body = TRIES[name]
    refused = target.ask(method, path, body, terminal=False)
    assert refused["error"]["code"] == "terminal"
    seated = target.ask(method, path, body)
    assert seated.get("error", {}).get("code") not in ("terminal", "scope"), seated
    if name == "an offer to a device":
        target.ask("POST", "/api/v1/pairing/cancel", {})


def test_it_is_told_and_recorded(target: Gateway) -> None:
    done = target.tether("url", check=False, terminal=False)
    assert done.returncode == 4
    assert "terminal" in done.stderr
    entries = [json.loads(line) for line in target.tether("audit", "--export", "jsonl").stdout.splitlines()]
    (entry, *_) = [one for one in reversed(entries) if one["kind"] == "self-approval-attempt"]
    assert (entry["actor"], entry["facts"]["code"]) == ("a program without a terminal", "terminal")


def test_scripts_go_on_doing_what_scripts_do(target: Gateway, shell: str) -> None:
    for args in (["ls"], ["send", shell, "true", "--enter"], ["devices"], ["approvals"], ["status"]):
        assert target.tether(*args, terminal=False).returncode == 0, args


def test_without_the_question_for_a_terminal_it_would_be_the_owner(
    target: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = resolve(target.env)
    argv = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as unseated, a_terminal() as seat, subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **seat
    ) as seated:  # fmt: skip

        def held(pid: int) -> scopes.Scopes:
            made = Credentials(
                paths.owner_token, registry.Registry(paths.devices), has_terminal=lambda one: ancestry.has_terminal(one)
            )
            found = made._command(Peer(pid, os.geteuid()), 1)
            assert found is not None
            return found.scopes

        for process in (unseated, seated):
            assert process.stdout is not None
            process.stdout.readline()
        assert held(seated.pid) == scopes.TERMINAL
        assert not held(unseated.pid) & {scopes.APPROVE, scopes.PAIR}
        monkeypatch.setattr(ancestry, "has_terminal", lambda _pid: True)
        assert held(unseated.pid) == scopes.TERMINAL
        for process in (unseated, seated):
            process.communicate(b"\n")


def test_a_job_of_systemd_run_is_refused(target: Gateway) -> None:
    """The real thing, where there is a manager of user services; with a terminal of its own, too."""
    run = ["systemd-run", "--user", "--quiet", "--wait", "--pipe"]
    if shutil.which(run[0]) is None or subprocess.run([*run, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no manager of user services here")
    own = [f"--setenv={name}={value}" for name, value in target.env.items()]
    url = [sys.executable, "-m", "tether.cli", "url"]
    for more, argv in (([], url), ([], ["script", "-qec", " ".join(url), "/dev/null"])):
        done = subprocess.run([*run, *more, *own, *argv], capture_output=True, text=True, check=False)
        assert "ticket=" not in done.stdout, done
        assert "terminal" in done.stdout + done.stderr
