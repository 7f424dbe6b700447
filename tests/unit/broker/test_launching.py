from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.broker.scene import TOKEN, Scene, session_id, view
from tether.broker import routing
from tether.broker.launching import Launches, Pending, Site, build_spec, clean_title, with_channel
from tether.broker.spawner_link import LineBuffer, SpawnerLink
from tether.errors import TetherError
from tether.providers import Provider
from tether.wire import PROTOCOL, encode
from tether.wire.agents import Prepared
from tether.wire.control import Hello, Launch, Launched, Refused
from tether.wire.ids import NO_SESSION, public_id
from tether.wire.limits import ENV_BYTES_MAX, TITLE_CHARS_MAX

SITE = Site("owner", "machine", 5.0, 1 << 20)
TRUE = Provider("true", argv=["/bin/true", "-x"])
SID = session_id()


def launch(**fields: object) -> Launch:
    return Launch(1, **{"provider": "true", "args": [], "title": "", "cwd": "/", "cols": 0, "rows": 0, **fields})  # type: ignore[arg-type]


def test_the_spec_says_everything_the_worker_needs() -> None:
    spec = build_spec(launch(args=["a b"], env={"HOME": "/h", "TETHER_X": "1", "OTHER": "1"}), TRUE, SID, SITE)
    assert spec["program"] == "/bin/true"
    assert spec["argv"] == ["/bin/true", "-x", "a b"]
    assert (spec["args"], spec["title"], spec["cols"], spec["rows"]) == (["a b"], "true", 80, 24)
    assert (spec["owner"], spec["machine"], spec["grace_s"], spec["ring_bytes"]) == ("owner", "machine", 5.0, 1 << 20)
    assert spec["env"]["HOME"] == "/h"
    assert spec["env"]["TETHER_SESSION_ID"] == public_id(SID)
    assert not {"TETHER_X", "OTHER"} & set(spec["env"])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"args": ["a\0"]}, "args"),
        ({"args": ["x"] * 300}, "args"),
        ({"args": ["x" * (1 << 18)]}, "args"),
        ({"cwd": ""}, "cwd"),
        ({"cwd": "/a\0"}, "cwd"),
        ({"cwd": "/" + "d" * 5000}, "cwd"),
        ({"cols": -1}, "size"),
        ({"cols": 1001}, "size"),
        ({"rows": 2**40}, "size"),
        ({"env": {"": "x"}}, "env"),
        ({"env": {"A": "x\0"}}, "env"),
        ({"env": {"HOME": "x" * ENV_BYTES_MAX}}, "env"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(fields: dict[str, object], code: str) -> None:
    with pytest.raises(TetherError) as refused:
        build_spec(launch(**fields), TRUE, SID, SITE)
    assert refused.value.code == code


def test_a_missing_program_is_named_with_how_to_get_it() -> None:
    absent = Provider("absent", argv=["no-such-program"], install="Install it")
    with pytest.raises(TetherError) as refused:
        build_spec(launch(), absent, SID, SITE)
    assert (refused.value.code, refused.value.hint) == ("agent", "Install it")


def test_titles_are_one_bounded_line() -> None:
    assert clean_title(" a\nb\x1b ", "d") == "a\\x0ab\\x1b"
    assert clean_title("  ", "d") == "d"
    assert len(clean_title("x" * 1000, "d")) <= TITLE_CHARS_MAX


def pending(number: int, deadline: float = 10.0) -> Pending:
    return Pending(session_id(number), b"p", number, {}, deadline)


def test_launches_are_told_once_per_connection_until_spawned() -> None:
    launches = Launches()
    one, two = pending(1), pending(2)
    launches.add(one)
    launches.add(two)
    assert launches.waiting(1) == [one, two]
    first = launches.order(one, 1)
    second = launches.order(two, 1)
    assert (first["req"], second["req"]) == (1, 2)
    assert launches.waiting(1) == []
    launches.spawned(first["req"])
    assert launches.waiting(2) == [two]
    again = launches.order(two, 2)
    assert launches.failed(again["req"]) is two
    assert launches.failed(second["req"]) is None
    assert launches.overdue(9.9) == []
    assert launches.overdue(10.0) == [one]
    assert launches.finish(one.sid) is None


def test_a_launch_is_answered_by_its_workers_hello() -> None:
    scene = Scene()
    scene.client()
    scene.desk.spawner = 1
    scene.say(b"client", NO_SESSION, launch(provider="shell"))
    sid = bytes.fromhex(scene.asked_spawner[-1]["sid"])
    scene.say(b"client", sid, launch(provider="no such"))
    assert scene.to(b"client", Refused)[-1].code == "provider"
    scene.worker(sid, state="starting")
    assert [(one.req, one.view.sid) for one in scene.to(b"client", Launched)] == [(1, sid)]
    assert scene.desk.launches.by_sid == {}


def test_lines_are_put_together_and_nonsense_is_skipped() -> None:
    lines = LineBuffer()
    stream = b'{"op":"a"}\n[1]\nnot json\n\n{"op":"b"}\n{"op":'
    assert [o["op"] for byte in stream for o in lines.feed(bytes([byte]))] == ["a", "b"]
    assert lines.garbage == 3
    with pytest.raises(ValueError, match="without end"):
        lines.feed(b"x" * (5 << 20))


def test_a_link_without_a_spawner_sends_nothing(tmp_path: Path) -> None:
    link = SpawnerLink(tmp_path / "none")
    assert not link.connect()
    assert not link.send({"op": "sessions?"})
    assert (link.connection, link.fd, link.receive()) == (0, None, [])


def test_only_the_process_that_the_spawner_named_is_a_new_worker_without_a_look_at_the_locks() -> None:
    """The look takes milliseconds; a process that poses as the worker still gets it."""
    scene = Scene()
    looked: list[int] = []

    def around(pid: int) -> frozenset[bytes]:
        looked.append(pid)
        return frozenset({session_id(9)})

    scene.desk.around = replace(scene.desk.around, sessions_around=around)
    new = pending(1)
    scene.desk.launches.add(new)
    scene.desk.launches.spawned(scene.desk.launches.order(new, 1)["req"], 41)
    frame = encode(new.sid, Hello(PROTOCOL, "worker", TOKEN, view(new.sid)))
    routing.on_frame(scene.desk, b"agent", frame, scene.now, 42)
    routing.on_frame(scene.desk, b"agent", frame, scene.now, 0)
    assert looked == [42, 0]
    assert [refused.code for refused in scene.to(b"agent", Refused)] == ["own-session", "own-session"]
    routing.on_frame(scene.desk, b"worker", frame, scene.now, 41)
    assert looked == [42, 0]
    assert scene.desk.registry.live[new.sid].worker == b"worker"


def test_a_side_channel_puts_its_arguments_first_and_its_program_beside_the_agent() -> None:
    provider = Provider("true", argv=["/bin/true", "-x"], side=["/bin/cat", "unix://{socket}"])
    spec = build_spec(launch(args=["a b"]), provider, SID, SITE)
    changed = with_channel(spec, Prepared(1, ["--remote"], {"SECRET": "1"}, side_args=["-c", "x"]), "/run/s")
    assert changed["argv"] == ["/bin/true", "-x", "--remote", "a b"]
    assert changed["env"] == {**spec["env"], "SECRET": "1"}
    assert changed["side"] == [["/bin/cat", "unix:///run/s", "-c", "x"], "/run/s", ["/bin/true", "-x", "a b"]]
    assert "side" not in with_channel(spec, Prepared(1))
    assert spec["argv"] == ["/bin/true", "-x", "a b"], "the plain one is as it was"
