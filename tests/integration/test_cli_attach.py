"""In a session from a terminal: what is typed and shown, every way out, and whatever dies meanwhile."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.screen import Screen


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    """One gateway for the stories that harm nothing."""
    with Gateway() as made:
        yield made


def start_shell(gateway: Gateway, *flags: str) -> tuple[Screen, str]:
    """`tether run shell` on a terminal, up to its prompt; the screen and the session's id."""
    screen = gateway.screen("run", "shell", *flags)
    found = screen.expect(rb"http://127\.0\.0\.1:\d+/s/([0-9a-z]{8})")
    screen.expect(r"\$ ")
    return screen, found[1].decode()


def test_run_shows_types_resizes_and_passes_the_status_on(shared: Gateway) -> None:
    screen, _ = start_shell(shared, "--title", "by hand")
    first = screen.data.splitlines()[0]
    assert b"by hand" in first
    assert b"/s/" in first
    screen.type("echo one-$((1+1)); stty size\r")
    screen.expect("one-2")
    screen.expect("24 80")
    screen.resize(101, 31)
    shared.wait_until(
        "the size is the session's", lambda: [r for r in shared.ls() if (r["cols"], r["rows"]) == (101, 31)]
    )
    screen.type("stty size\r")
    screen.expect("31 101")
    screen.type("exit 7\r")
    assert screen.wait_exit() == 7
    assert screen.termios_now() == screen.termios_before


@pytest.mark.parametrize(("status", "shell"), [("0", 0), ("3", 3), ("-15", 143), ("-9", 137)])
def test_an_agent_that_ends_at_once(shared: Gateway, status: str, shell: int) -> None:
    provider = shared.add_fake("exits_7", status, name=f"ends{status.strip('-')}")
    screen = shared.screen("run", provider)
    assert screen.wait_exit() == shell
    assert b"bye" in screen.data


@pytest.mark.parametrize(
    "keys",
    [b"\x1cd", b"\x1b[92;5ud", b"\x1b[92;5u\x1b[100u", b"\x1b[27;5;92~d", b"\x1b[92;5:1u\x1b[92;5:3u\x1b[100;1:1u"],
)
def test_detach_in_every_encoding(shared: Gateway, keys: bytes) -> None:
    screen, session = start_shell(shared)
    screen.type(keys)
    assert screen.wait_exit() == 0
    assert f"Detached. Session {session} keeps running — tether attach {session}" in screen.text
    assert screen.termios_now() == screen.termios_before
    assert shared.session(session)["state"] == "running"
    shared.tether("stop", session)


def test_the_prefix_twice_reaches_the_agent(shared: Gateway) -> None:
    screen = shared.screen("run", shared.add_fake("modes"))
    screen.expect("in modes")
    screen.type(b"\x1c\x1c")
    screen.expect("<1c>")
    screen.type(b"\x1b")
    screen.expect("<1b>")
    screen.type(b"\x1c")
    screen.expect("<1c>")  # alone, after a second
    screen.type("q")
    assert screen.wait_exit() == 0


UNDONE = (
    b"\x1b[?1049l", b"1000", b"1002", b"1003", b"1004", b"1006", b"2004", b"\x1b[<1u", b"\x1b[>4m", b"\x1b[?25h",
    b"\x1b>", b"\x1b[r", b"\x1b[0m", b"\x1b(B",
)  # fmt: skip


@pytest.mark.parametrize("way", ["detach", "term", "hup", "int", "kill", "exit", "stop"])
def test_the_terminal_is_restored_on_every_way_out(shared: Gateway, way: str) -> None:
    screen = shared.screen("run", shared.add_fake("modes"))
    session = screen.expect(rb"/s/([0-9a-z]{8})")[1].decode()
    screen.expect("in modes")
    signals = {"term": signal.SIGTERM, "hup": signal.SIGHUP, "int": signal.SIGINT, "kill": signal.SIGKILL}
    if way in signals:
        screen.kill(signals[way])
    elif way == "stop":
        shared.tether("stop", session)
    else:
        screen.type(b"\x1cd" if way == "detach" else b"q")
    status = screen.wait_exit()
    assert status == {"detach": 0, "exit": 0, "kill": -9, "stop": 129, "term": 143, "hup": 129, "int": 130}[way]
    shared.wait_until("the settings are back", lambda: screen.termios_now() == screen.termios_before)
    screen.expect(re.escape(rb"[?25h"))
    undone = screen.data[screen.data.index(b"in modes") :]
    for part in UNDONE:
        assert part in undone, (part, undone)
    if way not in ("exit", "stop"):
        assert shared.session(session)["state"] == "running"
        shared.tether("stop", session)


def test_a_closed_window_leaves_the_session(shared: Gateway) -> None:
    screen, session = start_shell(shared)
    screen.hang_up()
    screen.process.wait(15)
    shared.wait_until("the attachment is gone", lambda: not shared.session(session)["clients"])
    assert shared.session(session)["state"] == "running"
    shared.tether("stop", session)


def test_a_second_terminal_sees_the_screen_and_follows(shared: Gateway) -> None:
    first, session = start_shell(shared)
    first.type("echo before-$((6*7))\r")
    first.expect("before-42")
    second = shared.attach(session)
    second.expect("before-42")
    first.type("echo after-$((6*7))\r")
    second.expect("after-42")
    second.type("x")
    second.expect("controlled by|has control")
    clients = shared.tether("clients", session).stdout.splitlines()
    assert len(clients) == 3
    second.type(b"\x1ct")
    second.expect("you have control")
    first.expect("taken by")
    second.type("echo second-$((6*7))\r")
    first.expect("second-42")
    first.type("y")
    first.expect("observing")
    second.type(b"\x1cd")
    second.wait_exit()
    first.type("echo mine-$((6*7))\r")  # nobody has control: typing asks for it
    first.expect("mine-42")
    first.type("exit\r")
    assert first.wait_exit() == 0


def test_a_session_is_chosen_among_several(shared: Gateway) -> None:
    wanted = shared.run(title="wanted")
    shared.run(title="other")
    refused = shared.tether("attach", "--observe", check=False)
    assert refused.returncode == 2
    assert wanted in refused.stderr
    screen = shared.screen("attach")
    screen.expect("Which one")
    screen.type("wanted\r")
    screen.expect(r"\$ ")
    screen.type(b"\x1cd")
    assert screen.wait_exit() == 0
    assert f"tether attach {wanted}" in screen.text
    shared.tether("stop", "--all", "--yes")


def test_an_observer_never_writes(shared: Gateway) -> None:
    session = shared.run()
    screen = shared.attach(session, "--observe")
    screen.expect(r"\$ ")
    screen.type("touch harm\r")
    screen.expect("observing")
    shared.tether("send", session, "echo marker-$((2+3))", "--enter")
    screen.expect("marker-5")
    assert b"harm" not in shared.raw(session)
    screen.type(b"\x1cd")
    assert screen.wait_exit() == 0
    shared.tether("stop", session)


def test_size_keep_and_fit(shared: Gateway) -> None:
    session = shared.run()
    keep = shared.attach(session, "--size", "keep", cols=90, rows=20)
    keep.expect("the session has 80x24 cells, this terminal 90x20: make this one larger")
    keep.type("stty size\r")
    keep.expect("24 80")
    keep.type(b"\x1cd")
    keep.wait_exit()
    looked = shared.attach(session, cols=70, rows=20)
    looked.expect("the session has 80x24 cells, this terminal 70x20: the next key makes it fit")
    watched = shared.attach(session, "--observe", cols=60, rows=30)
    watched.expect("make this one larger, or take control")
    watched.type(b"\x1cd")
    watched.wait_exit()
    assert shared.session(session)["cols"] == 80  # only looking changes nothing
    looked.type("stty size\r")
    shared.wait_until("typing makes it this terminal's size", lambda: shared.session(session)["cols"] == 70)
    looked.type(b"\x1cd")
    looked.wait_exit()
    fit = shared.attach(session, "--size", "fit", cols=60, rows=15)
    shared.wait_until("the size fits", lambda: shared.session(session)["cols"] == 60)
    fit.type("exit\r")
    fit.wait_exit()


def test_a_paste_of_megabytes_arrives_once_and_in_order(shared: Gateway) -> None:
    data = hashlib.sha256(b"paste").hexdigest().encode() * 32768  # 2 MiB
    screen = shared.screen("run", shared.add_fake("hash_input", str(len(data))))
    screen.expect("raw")
    screen.type(data, timeout=60)
    screen.expect(f"sha {hashlib.sha256(data).hexdigest()} {len(data)}", timeout=60)
    assert screen.wait_exit() == 0


def test_what_is_not_utf8_and_what_is_cut_comes_whole(shared: Gateway) -> None:
    screen = shared.screen("run", shared.add_fake("split_utf8"))
    assert screen.wait_exit() == 0
    assert screen.data.count("naïve 日本語 🙂🙂 ž".encode()) == 20


def test_ctrl_c_ends_a_flood_soon(shared: Gateway) -> None:
    screen, session = start_shell(shared)
    screen.type("yes flood\r")
    screen.expect("flood\r\nflood")
    screen.read_for(1.0)
    screen.type(b"\x03")
    screen.type("echo over-$((20+3))\r")
    screen.expect("over-23", timeout=20)
    screen.type(b"\x1cd")
    screen.wait_exit()
    shared.tether("stop", session)


def test_a_terminal_that_reads_nothing_costs_nobody(shared: Gateway) -> None:
    screen = shared.screen("run", shared.add_fake("flood", "200000", "0", "linger"))
    session = screen.expect(rb"/s/([0-9a-z]{8})")[1].decode()
    shared.wait_until(
        "the flood is over although nobody looks", lambda: b"flood done" in shared.raw(session)[-200:], 60
    )
    screen.expect("flood done", timeout=60)
    screen.type(b"\x1cd")
    assert screen.wait_exit() == 0
    shared.tether("stop", session)


def test_an_observer_that_reads_nothing_is_shown_the_newest_screen_and_told(shared: Gateway) -> None:
    session = shared.run("shell")
    watcher = shared.screen("attach", session, "--observe")
    watcher.expect(r"\$ ")
    shared.tether("send", session, "seq 1200000; echo fl''ooded", "--enter")
    shared.wait_until("the flood is over", lambda: b"flooded" in shared.raw(session)[-200:], 60)
    told = watcher.expect(rb"(\d+) bytes of output were skipped", timeout=60)
    assert 8 << 20 < int(told[1]) < 10 << 20
    assert b"flooded" in watcher.data, "the screen that it is shown"
    assert len(watcher.data) < 3 << 20
    watcher.type(b"\x1cd")
    watcher.wait_exit()
    shared.tether("stop", session)


def test_not_a_terminal(shared: Gateway) -> None:
    done = shared.tether("run", "shell")
    session = done.stdout.strip()
    assert re.fullmatch(r"[0-9a-z]{8}", session)
    assert f"/s/{session}" in done.stderr
    refused = shared.tether("attach", session, check=False)
    assert refused.returncode == 2
    assert "terminal" in refused.stderr
    shared.tether("send", session, "echo streamed-$((2+5)); exit 5", "--enter")
    streamed = shared.tether("attach", session, "--observe", check=False)
    if streamed.returncode != 3:  # it may have ended before
        assert streamed.returncode == 5
        assert "streamed-7" in streamed.stdout


def test_inside_a_session(shared: Gateway) -> None:
    session = shared.run()
    inside = {"TETHER_SESSION_ID": session}
    nested = shared.screen("run", "shell", env=inside)
    assert nested.wait_exit() == 2
    assert "Already inside" in nested.text
    itself = shared.screen("attach", session, "--nest", env=inside)
    assert itself.wait_exit() == 2
    assert shared.tether("run", "shell", "-d", env=inside).returncode == 0
    shared.tether("stop", "--all", "--yes")


def test_run_refuses_what_can_not_be(shared: Gateway) -> None:
    unknown = shared.tether("run", "nosuch", check=False)
    assert unknown.returncode == 2
    assert "shell" in unknown.stderr
    assert shared.tether("run", "shell", "ls", check=False).returncode == 2
    assert shared.tether("run", "shell", "--cwd", "/nosuch", check=False).returncode == 2
    assert "not there yet" in shared.tether("run", "shell", "--transport", "tmux", check=False).stderr
    missing = shared.tether("run", shared.add_provider("gone", ["/nosuch/agent"]), check=False)
    assert missing.returncode == 127
    assert shared.tether("run", shared.add_fake("echo"), "--", *["x" * 120_000] * 5, check=False).returncode == 2
    assert shared.ls() == []


def test_the_environment_directory_and_arguments_of_an_agent(shared: Gateway) -> None:
    provider = shared.add_fake("env_dump")
    session = shared.run(provider, "--title", "not ours", env={"TMUX": "x", "SECRET": "y", "LANG": "C.UTF-8"})
    shared.wait_state(session, "exited")
    dumped = shared.raw(session).decode()
    assert '"argv": ["--title", "not ours"]' in dumped
    assert "SECRET" not in dumped
    assert '"TMUX"' not in dumped
    assert f'"TETHER_SESSION_ID": "{session}"' in dumped
    assert "TETHER_HOME" not in dumped


def test_the_broker_dies_and_comes_back(gateway: Gateway) -> None:
    screen, session = start_shell(gateway)
    for number in range(3):
        old = gateway.kill("broker")
        screen.type(f"echo through-{number}-$((40+2))\r")
        screen.expect(f"through-{number}-42")
        gateway.wait_until("a new broker", lambda old=old: gateway.pid("broker") != old)
        gateway.wait_until("it knows the attachment", lambda: gateway.session(session)["clients"] == 1)
    screen.type("exit 4\r")
    assert screen.wait_exit() == 4


def test_the_worker_dies_and_comes_back(gateway: Gateway) -> None:
    screen, session = start_shell(gateway)
    for number in range(3):
        old = gateway.worker_pid(session)
        os.kill(old, signal.SIGKILL)
        gateway.wait_until("another worker", lambda old=old: gateway.worker_pid(session) not in (0, old))
        screen.type(f"echo worker-{number}-$((40+2))\r")
        screen.expect(f"worker-{number}-42")
    screen.type("exit 4\r")
    assert screen.wait_exit() == 4
    assert gateway.raw(session).count(b"worker-2-42") == 1


def test_the_store_stands_still_and_goes_on(gateway: Gateway) -> None:
    screen, session = start_shell(gateway)
    store = gateway.kill("store", signal.SIGSTOP)
    screen.type("echo live-$((40+2))\r")
    screen.expect("live-42")
    os.kill(store, signal.SIGCONT)
    gateway.kill("store")
    screen.type("echo again-$((40+2))\r")
    screen.expect("again-42")
    gateway.wait_until("it is in the log", lambda: b"again-42" in gateway.raw(session))


def test_the_whole_gateway_goes_and_comes_back(gateway: Gateway) -> None:
    screen, session = start_shell(gateway)
    gateway.tether("stop", "--yes")
    screen.type("echo apart-$((40+2))\r")
    gateway.start()
    screen.expect("apart-42")
    gateway.tether("restart", "--yes")
    screen.type("echo renewed-$((40+2))\r")
    screen.expect("renewed-42")
    assert gateway.raw(session).count(b"renewed-42") == 1


def test_no_reconnect_ends_when_the_gateway_goes(gateway: Gateway) -> None:
    screen, session = start_shell(gateway, "--no-reconnect")
    gateway.tether("stop", "--yes")
    assert screen.wait_exit() == 5
    assert f"tether attach {session}" in screen.text
    assert screen.termios_now() == screen.termios_before
    gateway.start()


def test_run_starts_the_gateway() -> None:
    with Gateway(start=False) as gateway:
        screen, _ = start_shell(gateway)
        assert "starting it" in screen.text
        screen.type("exit\r")
        assert screen.wait_exit() == 0
