"""The pages that the benchmark plays say and read what the servers' own pages do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bench.page import Page
from tests.bench.tether_page import SKIP_BYTES, TetherPage
from tests.bench.web_peers import BytesPage, TerminadoPage, WettyPage
from tests.bench.websocket import TEXT, frame
from tether.wire import decode, encode
from tether.wire.control import Credit, Input, Snapshot
from tether.wire.events import Output

SID = bytes(range(16))


class Said:
    """Stands in for a WebSocket: what was said, and what is answered."""

    def __init__(self, *answers: bytes) -> None:
        self.messages: list[bytes] = []
        self.answers = list(answers)

    def send(self, data: bytes, kind: int = 0) -> None:
        self.messages.append(data)

    def receive(self, limit_s: float) -> bytes | None:
        return self.answers.pop(0) if self.answers else None


def tether_page(said: Said) -> TetherPage:
    page = object.__new__(TetherPage)
    page.__dict__.update(socket=said, _raw_sid=SID, _seq=0, _offset=0, _told=0, _told_at=0.0, _typed=0)
    page.__dict__.update(_skip=SKIP_BYTES, id=bytes(16), epoch=3)
    return page


def credits(said: Said) -> list[tuple[int, int, int]]:
    found = [decode(message)[1] for message in said.messages]
    return [(credit.seq, credit.offset, credit.skip) for credit in found if isinstance(credit, Credit)]


def test_terminado_has_lists() -> None:
    said = Said()
    page = TerminadoPage(said)  # type: ignore[arg-type]
    page.type(b"k")
    assert [json.loads(message)[0] for message in said.messages] == ["set_size", "stdin"]
    assert page.read(b'["stdout", "a\\r\\n"]') == b"a\r\n"
    assert page.read(b'["setup", {}]') == b""


def test_wetty_waits_to_be_let_in_and_commits() -> None:
    said = Said(b'0{"sid":"x"}', b'40{"sid":"y"}')
    page = WettyPage(said)  # type: ignore[arg-type]
    assert said.messages[0] == b"40"
    assert page.read(b'42["login"]') == b""
    assert page.read(b"2") == b""
    text = json.dumps(["data", "." * 100_000]).encode()
    assert len(b"".join(page.read(b"42" + text) for _ in range(3))) == 300_000
    assert said.messages[2:] == [b"3", b'42["commit", 262144]']


def test_bytes_are_bytes() -> None:
    page = BytesPage(Said())  # type: ignore[arg-type]
    assert page.read(b"\x00\xff") == page.typing(b"\x00\xff") == b"\x00\xff"


def test_tether_numbers_what_is_typed() -> None:
    page = tether_page(Said())
    first, second = (decode(page.typing(key))[1] for key in (b"a", b"b"))
    assert isinstance(first, Input)
    assert (first.n, first.epoch, first.data, second.n) == (1, 3, b"a", 2)


def test_tether_is_told_in_steps_and_at_once_of_a_snapshot() -> None:
    said = Said()
    page = tether_page(said)
    assert page.read(encode(SID, Snapshot(5, 9_000_000, 80, 24, b"screen"))) == b"screen"
    for n in range(4):
        page.read(encode(SID, Output(6 + n, 0, 9_000_000 + n * 10_000, bytes(10_000))))
    assert credits(said) == [(5, 9_000_000, SKIP_BYTES), (9, 9_040_000, SKIP_BYTES)]


def test_tether_is_told_of_the_last_bytes_when_nothing_else_comes() -> None:
    said = Said(encode(SID, Output(1, 0, 0, b"few")))
    page = tether_page(said)
    assert page.output(0.2) == b"few"
    assert page.output(0.2) is None
    assert credits(said) == [(1, 3, SKIP_BYTES)]


def test_who_wants_everything_says_so_at_once() -> None:
    said = Said()
    tether_page(said).want_everything()
    assert credits(said) == [(0, 0, 0)]


@contextmanager
def page_on(answers: bytes) -> Iterator[Page]:
    """A page whose socket is a real one, on which `answers` were sent."""
    from tests.bench.websocket import WebSocket

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(answers)
        line = object.__new__(WebSocket)
        line.socket, line._buffer, line._message, line.bytes = theirs, bytearray(), b"", 0
        theirs.setblocking(False)
        yield BytesPage(line)


def test_a_word_is_found_when_it_is_split_over_messages() -> None:
    with page_on(b"\x82\x05one B\x82\x08ENCH-END") as page:
        assert page.until(b"BENCH-END", 1) == 13
        assert page.socket.bytes == 13


def test_a_word_that_does_not_come_is_said() -> None:
    from tests.bench.terminals import BenchError

    with page_on(b"\x82\x03one") as page, pytest.raises(BenchError, match="did not come"):
        page.until(b"BENCH-END", 0.01)


def test_a_frame_is_masked_and_whole() -> None:
    data = bytes(range(256)) * 300
    for size in (0, 125, 126, 65535, 65536):
        made = frame(data[:size], TEXT)
        head = {126: 4, 127: 10}.get(made[1] & 0x7F, 2)
        mask, body = made[head : head + 4], made[head + 4 :]
        assert made[0] == 0x80 | TEXT
        assert bytes(byte ^ mask[n % 4] for n, byte in enumerate(body)) == data[:size]
