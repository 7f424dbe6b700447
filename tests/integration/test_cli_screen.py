"""A session's screen from the command: now, at any moment, played again, and searched."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway

PYTHON = sys.executable
STEPS = """
import sys
out = sys.stdout.buffer
def show(data):
    out.write(data)
    out.flush()
    sys.stdin.readline()
show(b"\\x1b[2J\\x1b[Hfirst \\x1b[31mscreen\\x1b[m")
show(b"\\x1b[2J\\x1b[8;20Hlater\\x1b[8;1Hsome")
show(b"".join(b"row %d of the flood\\r\\n" % n for n in range(500)))
out.write(b"\\x1b[?1049h\\x1b[H\\x1b[2Jthe end")
out.flush()
"""


LONG = """
for number in range(6000):
    print(f"line {number} of a long story", "\\u2500" * 10)
raise SystemExit(7)
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def story(gateway: Gateway) -> dict[str, int | str]:
    """A session that showed four screens and ended: its id, and the newest event at each of them."""
    gateway.add_provider("steps", [PYTHON, "-I", "-c", STEPS])
    session = gateway.run("steps", title="steps")
    found: dict[str, int | str] = {"id": session}
    for name, mark in (("first", b"screen"), ("later", b"some"), ("flood", b"row 499")):
        gateway.wait_until(name, lambda m=mark: m in gateway.raw(session))
        found[name] = gateway.events(session)[-1]["seq"]
        gateway.tether("send", session, "--enter")
    gateway.wait_state(session, "exited")
    gateway.wait_until("the end is durable", lambda: gateway.events(session)[-1]["type"] == "exited")
    return found


def test_the_last_screen_of_an_ended_session(gateway: Gateway, story: dict[str, int | str]) -> None:
    shown = gateway.tether("snapshot", str(story["id"])).stdout
    assert shown == "the end\n"
    document = json.loads(gateway.tether("snapshot", "steps", "--json").stdout)
    assert (document["alternate"], document["exact"], document["cursor"]["x"]) == (True, True, 7)


def test_the_screen_of_any_moment(gateway: Gateway, story: dict[str, int | str]) -> None:
    first = gateway.tether("snapshot", "steps", "--at", str(story["first"]))
    assert first.stdout == "first screen\n"
    later = gateway.tether("snapshot", "steps", "--at", str(story["later"])).stdout.splitlines()
    assert later[7] == "some" + " " * 15 + "later"
    flood = gateway.tether("snapshot", "steps", "--at", str(story["flood"])).stdout.splitlines()
    assert flood[-1] == "row 499 of the flood"
    colour = gateway.tether("snapshot", "steps", "--ansi", "--at", str(story["first"])).stdout
    assert "\x1b[0;31mscreen\x1b[m" in colour
    assert gateway.tether("snapshot", "steps", "--at", "-1d").stdout == "\n"  # before it began
    assert gateway.tether("snapshot", "steps", "--at", "0s").stdout == "the end\n"


def test_a_screen_as_a_drawing_and_as_a_picture(gateway: Gateway, story: dict[str, int | str]) -> None:
    drawn = gateway.tether("snapshot", "steps", "--svg", "--at", str(story["first"])).stdout
    assert drawn.startswith("<svg ")
    assert "first" in drawn
    target = gateway.home / "screen.png"
    done = gateway.tether("snapshot", "steps", "--png", "-o", str(target), check=False)
    if done.returncode:  # no font here
        assert "tether: " in done.stderr
    else:
        assert target.read_bytes().startswith(b"\x89PNG")
        assert target.stat().st_mode & 0o077 == 0
    assert gateway.tether("snapshot", "steps", "--png", "--svg", check=False).returncode == 2


def test_a_moment_that_is_none(gateway: Gateway, story: dict[str, int | str]) -> None:
    assert gateway.tether("snapshot", "steps", "--at", "never", check=False).returncode == 2
    beyond = gateway.tether("snapshot", "steps", "--at", "99999", check=False)
    assert beyond.returncode == 2
    assert "99999" in beyond.stderr


def test_lines_are_found_as_they_were_seen(gateway: Gateway, story: dict[str, int | str]) -> None:
    drawn = gateway.tether("search", "some   ", "--session", "steps").stdout
    assert str(story["id"]) in drawn
    assert "later" in drawn
    scrolled = gateway.tether("search", "row 123 of", "--json").stdout
    document = json.loads(scrolled)
    assert document["complete"]
    assert [(one["id"], one["line"]) for one in document["found"]] == [(story["id"], "row 123 of the flood")]
    assert gateway.tether("search", "FIRST SCREEN", check=False).returncode == 1
    assert gateway.tether("search", "FIRST SCREEN", "-i").stdout.count("\n") == 1
    many = json.loads(gateway.tether("search", "of the flood", "-n", "5", "--json").stdout)["found"]
    assert len(many) == 5


def test_a_search_is_remembered(gateway: Gateway) -> None:
    gateway.add_provider("long", [PYTHON, "-I", "-X", "utf8", "-c", LONG])
    session = gateway.run("long", title="long")
    gateway.wait_state(session, "exited")
    gateway.wait_until("the end is durable", lambda: gateway.events(session)[-1]["type"] == "exited")
    words = ("search", "LINE 59", "-i", "--session", session, "-n", "200", "--json")
    first = json.loads(gateway.tether(*words).stdout)
    # Where output was read in the middle of a line, its first half was on the screen for itself.
    whole = [one["line"] for one in first["found"] if one["line"].endswith("\u2500" * 10)]
    assert len(whole) == len(set(whole)) == 111
    books = [file for file in (gateway.root / "data/lines").rglob("*") if file.is_file()]
    assert books
    assert {file.stat().st_mode & 0o777 for file in books} == {0o600}
    assert json.loads(gateway.tether(*words).stdout) == first
    for file in books:
        # What a search says comes from them: this is the same length, and no output.
        file.write_bytes(file.read_bytes().replace(b"line 5999", b"seen 5999"))
    assert "seen 5999 of a long story" in gateway.tether("search", "seen 5999", "--session", session).stdout
    for file in books:
        file.write_bytes(b"damaged")
    assert json.loads(gateway.tether(*words).stdout) == first


def test_to_attach_to_what_has_ended_is_to_see_its_last_screen(gateway: Gateway, story: dict[str, int | str]) -> None:
    screen = gateway.screen("attach", "steps")
    screen.expect("row 480 of the flood")  # scrolled off
    screen.expect("row 499 of the flood")
    screen.expect("the end")
    screen.expect(f"Session {story['id']} ended with 0")
    assert screen.wait_exit() == 0
    assert screen.termios_now() == screen.termios_before
    long = gateway.tether("attach", "long", "--observe", check=False)
    assert long.returncode == 7  # the status that it ended with
    assert "line 5999 of a long story" in long.stdout
    assert "line 5900 of a long story" in long.stdout
    assert "ended with 7" in long.stderr


def test_a_screen_with_all_that_had_scrolled_off(gateway: Gateway) -> None:
    whole = gateway.tether("snapshot", "long", "--history", "100000").stdout.splitlines()
    assert [line.split()[1] for line in whole if line.startswith("line")] == [str(number) for number in range(6000)]
    some = json.loads(gateway.tether("snapshot", "long", "--history", "30", "--json").stdout)
    assert len(some["above"]) == 30
    assert gateway.tether("snapshot", "long", "--history", "5", "--svg", check=False).returncode == 2


def test_a_session_is_played_again(gateway: Gateway, story: dict[str, int | str]) -> None:
    screen = gateway.screen("replay", "steps", "--speed", "100")
    screen.expect("first")
    screen.expect("later")
    screen.expect("row 499")
    screen.expect("the end")
    assert screen.wait_exit() == 0
    assert screen.termios_now() == screen.termios_before
    # The alternate screen that the session ended in is left again.
    assert screen.data.rindex(b"\x1b[?1049l") > screen.data.rindex(b"the end")


def test_it_is_paused_stepped_sought_and_left(gateway: Gateway, story: dict[str, int | str]) -> None:
    screen = gateway.screen("replay", "steps", "--speed", "0.001", "--idle", "9999")
    screen.expect("tether|first|\x1b")
    screen.type(" ")
    screen.expect("paused")
    screen.type("9")
    screen.expect("at [0-9]+ s")
    screen.type("0")
    screen.expect("at 0 s")
    screen.type("\x1b[C")
    screen.expect("the end")
    screen.type("q")
    assert screen.wait_exit() == 0
    assert screen.termios_now() == screen.termios_before


def test_replay_wants_a_terminal(gateway: Gateway, story: dict[str, int | str]) -> None:
    refused = gateway.tether("replay", "steps", check=False)
    assert refused.returncode == 2
    assert "terminal" in refused.stderr
