"""The fast path: the same places as tether.paths, a strict reader of answers, and nothing heavy imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tether.cli import fastlist
from tether.paths import resolve

HEAVY = (
    "typer",
    "zmq",
    "asyncio",
    "http.client",
    "lmdb",
    "msgspec",
    "socket",
    "dataclasses",
    "pathlib",
    "tempfile",
    "hashlib",
    "typing",
)


@pytest.mark.parametrize("argv", [["ls"], ["ls", "--json", "-a"], ["ps", "-q"], ["__ids"], ["--version"]])
def test_nothing_heavy_is_imported(argv: list[str]) -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from tether.cli import fastlist\n"
        "rows = [{'id': 'k3v9x0pq', 'title': 't', 'provider': 'shell', 'state': 'running', 'created': 1}]\n"
        "fastlist.locate = lambda environ: (1, 'token')\n"
        "fastlist.get = lambda *_: __import__('json').dumps({'sessions': rows}).encode()\n"
        "from tether.cli.main import main\n"
        f"sys.argv = ['tether', *{argv!r}]\n"
        "status = main()\n"
        "print(status, *sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    # -S: what the installation's own start-up files import is not ours.
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    status, *modules = done.stderr.split()
    assert status == "0"
    assert not set(modules) & set(HEAVY), modules


@pytest.mark.parametrize("where", ["home", "xdg", "plain"])
def test_it_looks_where_the_gateway_writes(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(tmp_path / "user")}
    if where == "home":
        environ["TETHER_HOME"] = str(tmp_path)
    elif where == "xdg":
        environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    monkeypatch.setattr("tether.paths._short_run", lambda run: run)
    monkeypatch.setattr(fastlist, "_RUN_NAME_MAX", 4096)
    paths = resolve(environ)
    paths.run.mkdir(parents=True)
    paths.data.mkdir(parents=True)
    assert fastlist.locate(environ) is None
    (paths.run / "web.port").write_text("4790")
    paths.owner_token.write_text("secret\n")
    assert fastlist.locate(environ) == (4790, "secret")
    assert fastlist.locate({**environ, "TETHER_PORT": "4800"}) == (4800, "secret")


def test_it_declines_what_it_does_not_know() -> None:
    assert fastlist.answer(["ls", "-w"]) is None
    assert fastlist.answer(["ls", "--state"]) is None
    assert fastlist.locate({"TETHER_HOME": "relative"}) is None
    assert fastlist.locate({"TETHER_HOME": "/" + "x" * 200}) is None


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"[]"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n", b"[]"),
        (b"HTTP/1.1 200 OK\r\n\r\n[]", b"[]"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n[]", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", None),
        (b"garbage", None),
        (b"", None),
    ],
)
def test_answers_are_read_strictly(data: bytes, body: bytes | None) -> None:
    assert fastlist.parse_response(data) == body
