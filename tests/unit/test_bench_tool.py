"""The benchmark's C programs count and acknowledge what the servers' own pages would."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator

import pytest

from tests.bench.terminals import Tool
from tests.bench.websocket import BINARY, TEXT, frame
from tether.wire import decode, encode
from tether.wire.control import Credit, Snapshot
from tether.wire.events import Output

SID = bytes(range(16))
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the benchmark's programs need cc")


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return Tool.build(tmp_path_factory.mktemp("tool"))


def served(data: bytes, kind: int) -> bytes:
    """A message of a server's: without a mask."""
    head = struct.pack("!BBH", 0x80 | kind, 126, len(data)) if len(data) > 125 else bytes([0x80 | kind, len(data)])
    return head + data


def said(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages of a client's, of less than 126 bytes each, with a mask of zeros."""
    while stream:
        size = stream[1] & 0x7F
        yield stream[0] & 0x0F, stream[6 : 6 + size]
        stream = stream[6 + size :]


def run(tool: Tool, kind: str, parts: list[bytes], *arguments: str, unread: bytes = b"") -> tuple[list[int], bytes]:
    """Let the program read `parts` over a socket, after what was `unread` before; (its figures, what it said)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [tool.path, "ws", kind, SID.hex(), *arguments, str(theirs.fileno())]
        with subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            theirs.close()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(len(unread).to_bytes(4, "big") + unread)
            process.stdin.close()
            for part in parts:
                ours.sendall(part)
            last = process.stdout.read().splitlines()[-1]
        heard = b"".join(iter(lambda: ours.recv(65536), b""))
    return [int(word) for word in last.split()], heard


def until(frame_hex: str = "") -> list[str]:
    return ["until", "BENCH-END", "10000", frame_hex]


def test_the_trigger_is_sent_as_it_is_and_a_split_word_is_found(tool: Tool) -> None:
    trigger = frame(b"x")
    figures, heard = run(
        tool, "binary", [served(b"one\r\ntwo BEN", BINARY), served(b"CH-END\r\n", BINARY)], *until(trigger.hex())
    )
    assert figures[1:] == [20, 20, 2]
    assert heard == trigger


def test_what_was_read_before_comes_first(tool: Tool) -> None:
    message = served(b"the end: BENCH-END", BINARY)
    figures, _ = run(tool, "binary", [message[7:]], *until(), unread=message[:7])
    assert figures[0] >= 0


def test_json_counts_what_its_escapes_stand_for(tool: Tool) -> None:
    messages = [["setup", {}], ["stdout", "line\r"], ["stdout", "\nBENCH-END"]]
    figures, _ = run(tool, "json", [served(json.dumps(message).encode(), TEXT) for message in messages], *until())
    assert figures[2:] == [len("line\r\nBENCH-END"), 1]


@pytest.mark.parametrize(("kind", "skip"), [("tether", 512 * 1024), ("tether-all", 0)])
def test_tether_is_told_what_was_drawn(tool: Tool, kind: str, skip: int) -> None:
    parts = [encode(SID, Snapshot(7, 1000, 80, 24, b"screen"))]
    parts += [encode(SID, Output(8 + n, 0, 1000 + n * 20_000, bytes(20_000))) for n in range(4)]
    parts += [encode(SID, Output(12, 0, 81_000, b"BENCH-END"))]
    figures, heard = run(tool, kind, [served(part, BINARY) for part in parts], *until())
    assert figures[2] == len(b"screen") + 80_000 + len(b"BENCH-END")
    credits = [decode(data)[1] for _, data in said(heard)]
    assert all(isinstance(credit, Credit) for credit in credits)
    assert {credit.skip for credit in credits} == {skip}
    assert credits[-1].offset >= 1000 + 60_000
    assert [credit.offset for credit in credits] == sorted({credit.offset for credit in credits})


def test_wetty_is_told_of_every_quarter_of_a_mebibyte_and_pongs(tool: Tool) -> None:
    output = b'42["data","' + b"." * 60_000 + b'"]'
    parts = [served(b"2", TEXT), *[served(output, TEXT)] * 9, served(b'42["data","BENCH-END"]', TEXT)]
    figures, heard = run(tool, "socketio", parts, *until())
    assert figures[2] == 9 * 60_000 + len("BENCH-END")
    assert [data for _, data in said(heard)] == [b"3", b'42["commit",262144]', b'42["commit",262144]']


def test_a_ticker_is_read(tool: Tool) -> None:
    text = b"@0000000000000000001......\r\n@00000000000" + b"\r\n12=BENCH-END\r\n"
    figures, _ = run(tool, "binary", [served(text[:15], BINARY), served(text[15:], BINARY)], "watch", "5000")
    assert figures[3:] == [1, 12, 1]


def test_a_child_that_asks_becomes_what_it_is_told(tool: Tool) -> None:
    master, slave = os.openpty()
    with subprocess.Popen(tool.child("ask"), stdin=slave, stdout=slave) as process:
        os.close(slave)
        seen = b""
        while b"ASK" not in seen:
            seen += os.read(master, 100)
        os.write(master, b"flood 200\nx")
        while b"BENCH-END" not in seen:
            seen += os.read(master, 1000)
        os.close(master)
        process.kill()
    flood = subprocess.run(tool.child("expect", "200"), capture_output=True, check=True).stdout
    assert seen.removesuffix(b"\r\n") == b"ASK\r\n" + flood + b"BENCH-END"
