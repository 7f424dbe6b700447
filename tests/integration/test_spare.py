"""The spare, its nursery, and deaths of either: a session that was asked for starts all the same."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.gateway import TETHER, Gateway


def parents() -> dict[int, int]:
    """Every living process's parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = text[text.rfind(")") + 2 :].split()[:2]
            if state != "Z":
                found[int(entry.name)] = int(parent)
    return found


def children(pid: int) -> list[int]:
    return [child for child, parent in parents().items() if parent == pid]


def nursery(gateway: Gateway) -> int:
    """The one child of the spawner that is in its process session: workers and the keeper have their own."""

    def look() -> int:
        spawner = gateway.pid("spawner")
        return next((pid for pid in children(spawner) if os.getsid(pid) == os.getsid(spawner)), 0)

    return int(gateway.wait_until("the nursery", look))


def spare(gateway: Gateway) -> int:
    """The spare that waits: the child of the nursery that is no session's worker, once it has its agent's process."""

    def look() -> int:
        workers = {row["worker_pid"] for row in gateway.ls()}
        return next((pid for pid in children(nursery(gateway)) if pid not in workers and children(pid)), 0)

    return int(gateway.wait_until("a spare", look))


def works(gateway: Gateway, session: str) -> None:
    gateway.tether("send", session, "hello", "--enter")
    gateway.wait_until("the echo", lambda: b"hello" in gateway.raw(session))


def test_a_session_is_given_to_the_spare_and_another_spare_comes(gateway: Gateway) -> None:
    waiting = spare(gateway)
    session = gateway.run(gateway.add_fake("raw_echo"))
    assert gateway.worker_pid(session) == waiting
    assert spare(gateway) != waiting
    assert not [row for row in gateway.ls() if row["worker_pid"] == spare(gateway)]


def test_a_spare_holds_no_session_and_no_file(gateway: Gateway) -> None:
    waiting = spare(gateway)
    run = str(gateway.run_dir)
    links = [os.readlink(f"/proc/{waiting}/fd/{fd}") for fd in os.listdir(f"/proc/{waiting}/fd")]
    assert not [link for link in links if link.startswith(run) or "ptmx" in link or "/pts/" in link], links
    assert not list((gateway.run_dir / "w").iterdir())


@pytest.mark.parametrize("whom", ["spare", "its agent's process", "nursery", "nursery and spare"])
def test_a_session_starts_after_a_kill(gateway: Gateway, whom: str) -> None:
    waiting, forking = spare(gateway), nursery(gateway)
    victims = {
        "spare": [waiting],
        "its agent's process": children(waiting),
        "nursery": [forking],
        "nursery and spare": [forking, waiting],
    }[whom]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    session = gateway.run(gateway.add_fake("raw_echo"))
    works(gateway, session)
    assert spare(gateway) != waiting


def test_a_session_whose_spare_died_with_the_order_unread_starts(gateway: Gateway) -> None:
    """The order lay in the connection of a stopped process, which was then killed."""
    provider = gateway.add_fake("raw_echo")
    waiting = spare(gateway)
    os.kill(waiting, signal.SIGSTOP)
    run = subprocess.Popen([*TETHER, "run", provider, "-d"], env=gateway.env, stdout=subprocess.PIPE, text=True)
    try:
        logged = gateway.root / "log" / "broker.log"
        gateway.wait_until("the broker has asked for it", lambda: "event=launch " in logged.read_text())
        gateway.wait_until("it was given away", lambda: os.path.exists(f"/proc/{waiting}") and _unread(waiting))
    finally:
        os.kill(waiting, signal.SIGKILL)
    session = run.communicate(timeout=30)[0].strip()
    assert run.returncode == 0
    works(gateway, session)
    assert gateway.worker_pid(session) != waiting


def _unread(pid: int) -> bool:
    """True when a connection of `pid` has bytes that it did not read: the terminal travels with them."""
    # The order carries the terminal's descriptors; the spawner alone has them open besides.
    return any("ptmx" in os.readlink(f"/proc/{holder}/fd/{fd}") for holder, fd in _spawner_fds(pid))


def _spawner_fds(pid: int) -> list[tuple[int, str]]:
    spawner = parents()[parents()[pid]]
    return [(spawner, fd) for fd in os.listdir(f"/proc/{spawner}/fd")]


def test_many_sessions_at_once_start_although_there_is_one_spare(gateway: Gateway) -> None:
    provider = gateway.add_fake("raw_echo")
    spare(gateway)
    command = [*TETHER, "run", provider, "-d"]
    runs = [subprocess.Popen(command, env=gateway.env, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    sessions = [run.communicate(timeout=30)[0].strip() for run in runs]
    for session in sessions:
        works(gateway, session)
    # `tether ls` learns of a worker from what the broker publishes, which may be a moment after its launch is answered.
    gateway.wait_until("six workers", lambda: len({gateway.worker_pid(session) for session in sessions} - {0}) == 6)


def test_nursery_and_spare_end_with_the_spawner(gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    waiting, forking, worker = spare(gateway), nursery(gateway), gateway.worker_pid(session)
    unborn = children(waiting)
    gateway.kill("spawner")
    gateway.wait_until("they are gone", lambda: not {waiting, forking, *unborn} & parents().keys())
    assert gateway.worker_pid(session) == worker
    works(gateway, session)
    assert spare(gateway) not in (waiting, worker)
