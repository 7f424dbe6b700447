"""Providers are data: what a file allows is passed on, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.errors import USAGE, TetherError
from tether.providers import (
    Provider,
    child_environment,
    find,
    load_all,
    names,
    offered_environment,
    resolve_argv,
    validate_args,
)
from tether.wire.limits import ARG_BYTES_MAX, ARGS_BYTES_MAX, ARGS_MAX

AGENT = Provider(name="agent", argv=["agent", "--fixed"], environment=["AGENT_*"], set={"FIXED": "1"})


def write(directory: Path, text: str, name: str = "mine") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text)
    return path


def test_the_shipped_ones_load_and_are_what_their_files_are_called(tmp_path: Path) -> None:
    assert names(tmp_path) == ["claude", "codex", "opencode", "shell"]
    for name, provider in load_all(tmp_path).items():
        assert provider.name == name
        assert provider.description
        assert provider.login_shell or provider.install


def test_the_shell_takes_no_arguments(tmp_path: Path) -> None:
    shell = find("shell", tmp_path)
    validate_args(shell, [])
    with pytest.raises(TetherError) as caught:
        validate_args(shell, ["-c", "id"])
    assert (caught.value.code, caught.value.status) == ("args", USAGE)
    assert "-c" in caught.value.message


def test_a_users_file_adds_or_replaces_a_provider(tmp_path: Path) -> None:
    write(tmp_path, 'name = "next"\nargv = ["next-agent"]\n')
    write(tmp_path, 'name = "codex"\nargv = ["/opt/codex"]\n', "codex")
    assert find("next", tmp_path).argv == ["next-agent"]
    assert find("codex", tmp_path).argv == ["/opt/codex"]


@pytest.mark.parametrize("name", ["unknown", "", "../shell", "shell\n", "SHELL", "sh -c id"])
def test_what_is_not_whitelisted_is_refused_and_the_known_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TetherError) as caught:
        find(name, tmp_path)
    assert caught.value.code == "provider"
    assert "shell" in caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = 1\n", "name"),
        ('name = "Bad Name"\nargv = ["x"]\n', "name"),
        ('name = "../x"\nargv = ["x"]\n', "name"),
        ('name = "x"\n', "argv"),
        ('name = "x"\nargv = []\n', "argv"),
        ('name = "x"\nargv = ["x"]\nlogin_shell = true\n', "argv"),
        ('name = "x"\nargv = ["x", ""]\n', "argv"),
        ('name = "x"\nargv = ["a\\u0000b"]\n', "argv"),
        ('name = "x"\nargv = "x -y"\n', "argv"),
        ('name = "x"\nargv = ["x"]\nargs = "some"\n', "args"),
        ('name = "x"\nargv = ["x"]\ncommand = "y"\n', "command"),
        ("name = \n", "read"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TetherError) as caught:
        load_all(tmp_path)
    assert str(path) in caught.value.message
    assert says in caught.value.message
    assert caught.value.hint


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50), max_size=20))
def test_any_arguments_are_passed_on_as_they_are(args: list[str]) -> None:
    provider = Provider(name="agent", argv=["/bin/sh", "-e"])
    validate_args(provider, args)
    assert resolve_argv(provider, args, {}) == ("/bin/sh", ["/bin/sh", "-e", *args])


@pytest.mark.parametrize(
    "args",
    [
        ["a\0b"],
        ["\ud800"],
        ["x" * (ARG_BYTES_MAX + 1)],
        ["ü" * (ARG_BYTES_MAX // 2 + 1)],
        ["x"] * (ARGS_MAX + 1),
        ["x" * ARG_BYTES_MAX] * (ARGS_BYTES_MAX // ARG_BYTES_MAX + 1),
    ],
    ids=["nul", "surrogate", "long", "long in bytes", "many", "much"],
)
def test_arguments_that_no_program_could_get_are_refused(args: list[str]) -> None:
    with pytest.raises(TetherError) as caught:
        validate_args(AGENT, args)
    assert caught.value.code == "args"
    assert len(caught.value.message) < 300


def test_a_program_is_found_on_the_callers_path_and_only_there(tmp_path: Path) -> None:
    program = tmp_path / "agent"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(TetherError) as caught:
        resolve_argv(AGENT, [], {"PATH": str(tmp_path)})
    assert (caught.value.code, caught.value.status) == ("agent", 127)
    program.chmod(0o755)
    assert resolve_argv(AGENT, ["x"], {"PATH": f"/nowhere:{tmp_path}"}) == (
        str(program),
        [str(program), "--fixed", "x"],
    )
    with pytest.raises(TetherError):
        resolve_argv(AGENT, [], {"PATH": "."})
    with pytest.raises(TetherError):
        resolve_argv(Provider(name="x", argv=["./agent"]), [], {"PATH": str(tmp_path)})


def test_a_login_shell_knows_that_it_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    assert resolve_argv(find("shell", tmp_path), [], {}) == ("/bin/sh", ["-sh"])
    monkeypatch.setenv("SHELL", "/nowhere/zsh")
    file, argv = resolve_argv(find("shell", tmp_path), [], {})
    assert os.access(file, os.X_OK)
    assert argv == ["-" + os.path.basename(file)]


def test_an_agent_inherits_what_its_file_allows_and_nothing_else() -> None:
    offered = {"AGENT_KEY": "k", "HOME": "/h", "LC_ALL": "C", "SECRET": "s", "OTHER_AGENT_KEY": "o"}
    env = child_environment(AGENT, offered, "k3v9x0pq")
    assert env["AGENT_KEY"] == "k"
    assert env["HOME"] == "/h"
    assert env["FIXED"] == "1"
    assert "SECRET" not in env
    assert "OTHER_AGENT_KEY" not in env
    assert (env["TERM"], env["TETHER_SESSION_ID"]) == ("xterm-256color", "k3v9x0pq")
    assert env["PATH"]


@pytest.mark.parametrize("name", ["TETHER_HOME", "TETHER_PORT", "TETHERX", "TMUX", "TMUX_PANE", "STY", "LD_PRELOAD",
                                  "DYLD_INSERT_LIBRARIES", "CLAUDECODE"])  # fmt: skip
def test_some_variables_are_inherited_by_nobody(name: str) -> None:
    everything = Provider(name="all", argv=["x"], environment=["*"])
    assert name not in offered_environment(everything, {name: "v"})
    assert child_environment(everything, {name: "v"}, "id").get(name) != "v"


def test_values_that_no_process_could_have_are_left_out() -> None:
    everything = Provider(name="all", argv=["x"], environment=["*"])
    assert "A" not in child_environment(everything, {"A": "x\0y"}, "id")
    assert "B=C" not in child_environment(everything, {"B=C": "x"}, "id")
    assert "D" not in offered_environment(everything, {"D": "\udcff"})


@given(st.dictionaries(st.sampled_from(["AGENT_A", "HOME", "SECRET", "TMUX", "PATH"]), st.text(max_size=5)))
def test_what_is_offered_is_a_part_of_what_is_inherited(environ: dict[str, str]) -> None:
    offered = offered_environment(AGENT, environ)
    assert set(offered) <= set(environ) - {"SECRET", "TMUX"}
    once = child_environment(AGENT, offered, "id")
    assert once == child_environment(AGENT, {**environ, **offered}, "id")


def test_an_environment_beyond_all_measure_is_refused() -> None:
    with pytest.raises(TetherError) as caught:
        offered_environment(AGENT, {f"AGENT_{n}": "x" * 1000 for n in range(300)})
    assert caught.value.code == "env"
