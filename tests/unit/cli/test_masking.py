"""`tether mask`: a file as it would be shown, what is found where, and chunks on a pipe."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

from tests.redact.kinds import ALNUM, take

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


def test_what_is_no_row_and_no_file_is_named() -> None:
    bad = run("mask", "--chunks", given=b'{"chunks": [1]}\n')
    assert bad.returncode == 2
    assert b"Line 1" in bad.stderr
    assert b"/no/such/file" in run("mask", "/no/such/file").stderr
    assert run("mask").returncode == 2
