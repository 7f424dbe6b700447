"""Command lines as a shell would split them; what can't be told for certain is said to be unreadable."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tether.policy.shellwords import Command, Unreadable, commands


def words(line: str) -> list[tuple[str, ...]]:
    return [one.words for one in commands(line)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ls", [("ls",)]),
        ("ls -l  'a b' \"c d\" e\\ f", [("ls", "-l", "a b", "c d", "e f")]),
        ("make && make test; echo ok | cat &", [("make",), ("make", "test"), ("echo", "ok"), ("cat",)]),
        ("make test 2>&1 | tail -5", [("make", "test"), ("tail", "-5")]),
        ("make &&\n\n make test\n", [("make",), ("make", "test")]),
        ("echo a # rm -rf /\necho b", [("echo", "a"), ("echo", "b")]),
        ("r''m x", [("rm", "x")]),
        ("r\\m x", [("rm", "x")]),
        ("echo a\\\nb", [("echo", "ab")]),
        ("", []),
        ("  \n", []),
    ],
)
def test_lines(line: str, wanted: list[tuple[str, ...]]) -> None:
    assert words(line) == wanted


@pytest.mark.parametrize(
    "line",
    ["echo $(id)", "echo `id`", 'echo "$(id)"', "echo ${x:-$(id)}", "(id)", "{ id; }", "if true; then id; fi",
     "f() { id; }", "cat <<E\nx\nE", "diff <(a) b", "tee >(a)", "echo 'open", 'echo "open', "echo \\",
     "&& a", "a &&", "a || ", "a;;b", "for i in a; do id; done", "! id", "[[ a ]]", "echo $'\\x41'", "a > ", "x\0y"],
)  # fmt: skip
def test_what_can_not_be_told(line: str) -> None:
    with pytest.raises(Unreadable):
        commands(line)


@pytest.mark.parametrize(
    "line",
    ["rm $X", 'rm "$X"', "rm *.pyc", "rm ~/x", "rm {a,b}", "rm a?", "rm > $X", "dd of=~/x", "rm a:~/x", "rm =ls",
     "ls >!/etc/x", "ls >> !x"],
)  # fmt: skip
def test_what_will_be_something_else(line: str) -> None:
    assert not commands(line)[0].certain


def test_redirections_and_variables() -> None:
    assert commands("a > x 2>> y <z 2>&1 >/dev/null")[0] == Command(("a",), writes=("x", "y"), reads=("z",))
    assert commands("A=1 B+=2 a")[0] == Command(("a",), sets=True)
    assert commands("> x") == [Command((), writes=("x",))]
    assert commands("a A=1")[0] == Command(("a", "A=1"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab '\"\\$`;|&<>(){}*?~#!=\n\t", min_size=1, max_size=6), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    )
)
def test_a_shell_agrees(lines: list[list[str]]) -> None:
    """Words quoted for a shell come back as they were, from us and from a real one."""
    quoted = [" ".join("'" + word.replace("'", "'\\''") + "'" for word in ["printf", "%s\\0", *line]) for line in lines]
    line = " && ".join(quoted)
    assert words(line) == [("printf", "%s\\0", *one) for one in lines]
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [word for one in lines for word in one]
