"""The pipe between an agent and the adapters: a line is answered once, whoever dies in between."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tether.adapters import toolpipe


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("secret\n")
    return tmp_path / "h"


@contextlib.contextmanager
def pipe(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-I", "-S", "-E", toolpipe.__file__, str(path), str(path.with_name("token"))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(20)
        yield server


@contextlib.contextmanager
def accepted(server: socket.socket) -> Iterator[tuple[socket.socket, Iterator[bytes]]]:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        connection.settimeout(20)
        yield connection, lines


def test_what_has_no_answer_is_said_again_to_who_comes_next(path: Path) -> None:
    with pipe(path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"a":1}\n\n{"b"')
        with listening(path) as server, accepted(server) as (connection, lines):
            assert next(lines).startswith(b'{"token":"secret","tools":"')
            assert next(lines) == b'1 {"a":1}\n'
            process.stdin.write(b":2}\n")
            assert next(lines) == b'2 {"b":2}\n'
            connection.sendall(b"1 first\n")
            assert process.stdout.readline() == b"first\n"
        with listening(path) as server, accepted(server) as (connection, lines):
            assert b'"token":"secret"' in next(lines)
            assert next(lines) == b'2 {"b":2}\n'
            connection.sendall(b"2 \n0 news\n")
            assert process.stdout.readline() == b"news\n"
            process.stdin.close()
            assert process.wait(20) == 0


def test_a_line_that_nobody_would_take_ends_it(path: Path) -> None:
    with pipe(path) as process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"x" * ((8 << 20) - 32) + b"\n")
            process.stdin.write(b"x" * 1000 + b"\n")
        assert process.wait(30) == 0
