"""Key names, tables, masking, service files."""

from __future__ import annotations

import configparser
import plistlib
from pathlib import Path

import pytest

from tether.cli import bundle, completions, sessiontable, supervising, userservice
from tether.cli.keynames import key_bytes
from tether.errors import TetherError
from tether.paths import Paths


@pytest.mark.parametrize(
    ("name", "data"),
    [("enter", b"\r"), ("Esc", b"\x1b"), ("c-c", b"\x03"), ("ctrl-\\", b"\x1c"), ("^C", b"\x03"), ("c-space", b"\0"),
     ("m-x", b"\x1bx"), ("alt-enter", b"\x1b\r"), ("up", b"\x1b[A"), ("ž", "ž".encode()), ("A", b"A")],
)  # fmt: skip
def test_keys(name: str, data: bytes) -> None:
    assert key_bytes(name) == data


@pytest.mark.parametrize("name", ["", "enterr", "c-", "c-ab", "\x1b"])
def test_no_such_key(name: str) -> None:
    with pytest.raises(TetherError):
        key_bytes(name)


def test_table() -> None:
    row = {
        "id": "k3v9x0pq",
        "title": "a\x1b[2Jb",
        "provider": "shell",
        "state": "exited",
        "exit_code": 3,
        "created": 1_000_000,
    }
    piped = sessiontable.table([row], 100, terminal=False, colored=False)
    assert piped.splitlines()[1].split("\t")[:5] == ["k3v9x0pq", "a?[2Jb", "shell", "exited 3", "1m"]
    assert "\x1b" not in sessiontable.table([row], 100, terminal=True, colored=False)
    assert [sessiontable.age(s) for s in (-3, 5, 65, 7200, 200000)] == ["0s", "5s", "1m", "2h", "2d"]


@pytest.mark.parametrize(
    "text",
    [
        "token=abcdef",
        '"api_key": "sk-abc"',
        "Authorization: Bearer abc.def",
        "x " + "0" * 64,
        "#ticket=65.a.b",
        "PASSWORD=hunter2",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    masked = bundle.mask(text)
    assert "[masked]" in masked
    for secret in ("abcdef", "sk-abc", "abc.def", "0" * 64, "65.a.b", "hunter2"):
        assert secret not in masked


def test_the_template_takes_any_path(tmp_path: Path) -> None:
    odd = tmp_path / "100% odd ;dir #1 'q"
    paths = Paths(odd, odd / "data", odd / "run", odd / "log")
    env = supervising.environment(paths, {"HOME": "/h", "SECRET": "x", "TETHER_HOME": str(odd), "XDG_STATE_HOME": "/s"})
    assert "SECRET" not in env
    assert env["TETHER_SUP_RUN"] == str(odd / "run")
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(supervising.template("supervisord.conf"))
    programs = [name for name in parser.sections() if name.startswith("program:")]
    assert programs == [f"program:{name}" for name in supervising.SERVICES]
    for name in programs:
        section = parser[name]
        assert section["stopasgroup"] == section["killasgroup"] == "false"
        assert section["autorestart"] == "true"
        assert section["startretries"] == "1000"
        expanded = section["command"] % {f"ENV_{key}": value for key, value in env.items()}
        assert expanded.endswith("-m tether." + name.partition(":")[2])


def test_service_files_hold_odd_values(tmp_path: Path) -> None:
    odd = '/h/100% "odd" $dir'
    paths = Paths(tmp_path, tmp_path / "data", tmp_path / "run", tmp_path / "log")
    unit = userservice.unit_text(paths, {"TETHER_HOME": odd, "PATH": "/bin"})
    assert 'Environment="TETHER_HOME=/h/100%% \\"odd\\" $dir"' in unit
    assert "KillMode=process" in unit
    assert "@" not in unit
    agent = plistlib.loads(
        userservice.agent_text("dev.tether.gateway", {"TETHER_HOME": "/h/<&>", "PATH": "/bin"}).encode()
    )
    assert agent["EnvironmentVariables"] == {"TETHER_HOME": "/h/<&>", "PATH": "/bin"}
    assert agent["AbandonProcessGroup"] is True
    assert userservice.name({}) == "tether"
    assert userservice.name({"TETHER_HOME": "/a"}) != userservice.name({"TETHER_HOME": "/b"})


def test_completions_name_every_verb() -> None:
    for script in (completions.bash(), completions.zsh(), completions.fish()):
        assert "attach" in script
        assert "__ids" in script
