"""`tether mask`: a file as it would be shown, what is found where, and chunks on a pipe."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.redact.kinds import ALNUM, take
from tether.cli import masking
from tether.errors import TetherError
from tether.redact.finding import Finder
from tether.redact.rules import shipped

FINDER = Finder(shipped())

TOKEN = "ghp_" + take(random.Random(5), ALNUM, 36)


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "tether.cli", *words], input=given, capture_output=True)


def test_a_file_is_shown_with_its_secrets_hidden(tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    file.write_text(f"one\nusing {TOKEN} now\n")
    shown = run("mask", str(file))
    assert (shown.returncode, shown.stdout) == (0, b"one\nusing ghp_" + b"*" * 36 + b" now\n")
    assert run("mask", "-", given=file.read_bytes()).stdout == shown.stdout
    assert run("mask", "--cols", "100", str(file)).stdout == shown.stdout


def test_json_tells_kind_and_place(tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    file.write_text(f"one\nGH_TOKEN={TOKEN}\n\x1b]0;{TOKEN}\x07")
    found = json.loads(run("mask", str(file), "--json").stdout)["found"]
    assert [(row["kind"], row["line"], row["column"], row["length"]) for row in found] == [
        ("github-token", 2, 14, 36),
        ("github-token", 3, 9, 36),
    ]


def test_chunks_come_out_as_they_went_in_and_a_rest_at_the_end() -> None:
    pieces = [b"using " + TOKEN[:9].encode(), TOKEN[9:].encode()]
    line = json.dumps({"id": "a", "chunks": [base64.b64encode(piece).decode() for piece in pieces]}).encode()
    out = [json.loads(row) for row in run("mask", "--chunks", given=line + b"\n" + line + b"\n").stdout.splitlines()]
    assert [row["id"] for row in out] == ["a", "a"]
    shown = [base64.b64decode(chunk) for chunk in out[0]["chunks"]]
    assert len(shown) == 3
    assert b"".join(shown) == b"using ghp_" + b"*" * 36


@pytest.mark.parametrize(
    "line",
    [
        b"{}", b"[]", b"1", b"null", b"{", b"\xff", b'{"chunks": "aGk="}', b'{"chunks": [1]}', b'{"chunks": [null]}',
        b'{"chunks": ["a"]}', b'{"chunks": ["aG-_"]}', b'{"chunks": ["aGk=aGk="]}', b'{"chunks": ["\xc3\xa9"]}',
        b'{"chunks": [], "cols": -1}', b'{"chunks": [], "cols": "80"}', b'{"chunks": [], "cols": 1e9}',
        b"[" * 100_000, b'{"chunks": ["\\ud800"]}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_an_error_that_says_so(line: bytes) -> None:
    with pytest.raises(TetherError) as caught:
        masking.row(line, FINDER, 7)
    assert caught.value.status == 2
    assert "Line 7" in caught.value.message or "width" in caught.value.message


@given(st.binary(max_size=60) | st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(
    inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "chunks", "cols", "x"]), inner, max_size=3)).map(
    lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_line_gives_a_row_or_that_error(line: bytes) -> None:
    try:
        answer = json.loads(masking.row(line, FINDER))
    except TetherError:
        return
    assert set(answer) == {"id", "chunks"}


def test_blanks_within_base64_do_not_count() -> None:
    assert json.loads(masking.row(b'{"id": null, "chunks": ["aG\\nk=\\n"]}', FINDER))["chunks"] == ["aGk=", ""]


def test_what_is_no_row_and_no_file_is_named() -> None:
    bad = run("mask", "--chunks", given=b'{"chunks": [1]}\n')
    assert bad.returncode == 2
    assert b"Line 1" in bad.stderr
    assert b"/no/such/file" in run("mask", "/no/such/file").stderr
    assert run("mask").returncode == 2
