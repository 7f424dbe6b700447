"""What is overridden of uvicorn's WebSocket, beside what uvicorn itself does: the same bytes must mean the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tether.clock import monotonic
from tether.web.carrier import messages
from tether.web.line import Line
from tether.web.serving import SocketProtocol, configuration
from tether.web.wsframes import Splitter
from tether.wire.limits import WEBSOCKET_FRAME_BYTES_MAX


class Transport(asyncio.Transport):
    """Notes what is written, and whether reading goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return None

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


class Ends:
    """A server's protocol of a class, and the client that talks to it."""

    def __init__(self, kind: type[WebSocketsSansIOProtocol]) -> None:
        self.loop = asyncio.new_event_loop()
        self.accepted = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            self.accepted.set()
            await asyncio.Event().wait()

        config = configuration(app)
        config.load()
        self.transport = Transport()
        self.line = Line(self.transport.abort, monotonic())
        self.server = kind(config, ServerState(), {"line": self.line}, self.loop)
        self.server.connection_made(self.transport)
        self.client = ClientProtocol(parse_uri("ws://127.0.0.1/"))
        self.client.send_request(self.client.connect())
        self.server.data_received(b"".join(self.client.data_to_send()))
        self.loop.run_until_complete(asyncio.wait_for(self.accepted.wait(), 5))
        self.read()
        assert self.client.state is State.OPEN

    def read(self) -> list[bytes]:
        """What the client has got since it last looked: the messages."""
        data, self.transport.written = self.transport.written, b""
        self.client.receive_data(data)
        events = self.client.events_received()
        return [bytes(event.data) for event in events if isinstance(event, Frame) and event.opcode is Opcode.BINARY]

    def send(self, *frames: tuple[Opcode, bytes, bool]) -> bytes:
        """Frames of the client's as bytes."""
        return b"".join(Frame(op, data, fin).serialize(mask=True) for op, data, fin in frames)

    def queued(self) -> list[Any]:
        found = []
        while not self.server.queue.empty():
            found.append(self.server.queue.get_nowait())
        return found

    def close(self) -> None:
        self.server.stop_keepalive()
        for timer in (self.server.close_timer,):
            if timer is not None:
                timer.cancel()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))  # noqa: TID251 - one turn, so that the task ends
        self.loop.close()


@pytest.fixture
def ends() -> Iterable[Ends]:
    made = Ends(SocketProtocol)
    yield made
    made.close()


def socket(ends: Ends) -> SocketProtocol:
    assert isinstance(ends.server, SocketProtocol)
    assert ends.line.socket is ends.server
    return ends.server


def test_a_message_reaches_its_taker_in_the_turn_in_which_it_came(ends: Ends):
    taken: list[bytes] = []
    socket(ends).hand_over(taken.append, lambda: None)
    ends.server.data_received(ends.send((Opcode.BINARY, b"key", True)))
    assert (taken, ends.queued(), ends.transport.reading) == ([b"key"], [], True)


def test_before_the_hand_over_and_for_text_it_is_uvicorn_as_it_is(ends: Ends):
    ends.server.data_received(ends.send((Opcode.BINARY, b"attach", True)))
    assert ends.queued() == [{"type": "websocket.receive", "bytes": b"attach"}]
    taken: list[bytes] = []
    socket(ends).hand_over(taken.append, lambda: None)
    ends.server.data_received(ends.send((Opcode.TEXT, b"text", True)))
    assert (taken, ends.queued()) == ([], [{"type": "websocket.receive", "text": "text"}])


def test_what_is_written_is_a_message_to_the_client_and_nothing_follows_a_close(ends: Ends):
    sizes = [0, 1, 125, 126, 65_535, 65_536]
    frames = [os.urandom(size) for size in sizes]
    socket(ends).write(messages(frames))
    assert ends.read() == frames
    ends.server.data_received(ends.send((Opcode.CLOSE, b"\x03\xe8", True)))
    ends.read()
    socket(ends).write(messages([b"late"]))
    assert ends.transport.written == b""


def test_room_to_write_again_is_told(ends: Ends):
    told: list[bool] = []
    socket(ends).hand_over(lambda _: None, lambda: told.append(socket(ends).ready()))
    ends.server.pause_writing()
    assert not socket(ends).ready()
    ends.server.resume_writing()
    assert told == [True]


@pytest.mark.parametrize(
    "frames",
    [
        [(Opcode.CONT, b"x", True)],
        [(Opcode.BINARY, b"a", False), (Opcode.BINARY, b"b", True)],
        [(Opcode.BINARY, bytes(WEBSOCKET_FRAME_BYTES_MAX + 1), True)],
        [(Opcode.TEXT, b"\xff", True)],
    ],
)
def test_what_is_wrong_is_answered_as_by_the_library(frames: list[tuple[Opcode, bytes, bool]]):
    codes = []
    for kind in (WebSocketsSansIOProtocol, SocketProtocol):
        ends = Ends(kind)
        if isinstance(ends.server, SocketProtocol):
            ends.server.hand_over(lambda _: None, lambda: None)
        ends.server.data_received(ends.send(*frames))
        codes.append(ends.server.conn.close_sent and ends.server.conn.close_sent.code)
        ends.close()
    assert codes[0] == codes[1] is not None


def test_a_frame_that_is_not_masked_ends_the_connection(ends: Ends):
    socket(ends).hand_over(lambda _: None, lambda: None)
    ends.server.data_received(messages([b"not masked"]))
    assert ends.server.conn.close_sent is not None
    assert ends.server.conn.close_sent.code == 1002


FRAMES = st.lists(
    st.one_of(
        st.tuples(st.just([Opcode.BINARY]), st.binary(max_size=300)),
        st.tuples(st.just([Opcode.BINARY, Opcode.CONT]), st.binary(max_size=20)),
        st.tuples(st.just([Opcode.PING]), st.binary(max_size=20)),
    ),
    max_size=8,
)


@given(FRAMES, st.lists(st.integers(1, 200), max_size=20))
def test_messages_come_whole_and_in_order_however_the_stream_is_cut(
    story: list[tuple[list[Opcode], bytes]], cuts: list[int]
):
    ends = Ends(SocketProtocol)
    taken: list[bytes] = []
    socket(ends).hand_over(taken.append, lambda: None)
    stream, expected = b"", []
    for opcodes, data in story:
        last = len(opcodes) - 1
        stream += ends.send(*((opcode, data, at == last) for at, opcode in enumerate(opcodes)))
        if opcodes[0] is Opcode.BINARY:
            expected.append(data * len(opcodes))
    at = 0
    for size in [*cuts, len(stream)]:
        ends.server.data_received(stream[at : at + size])
        at += size
        if at >= len(stream):
            break
    assert taken == expected
    ends.close()


def test_a_splitter_never_holds_more_than_its_limit():
    splitter = Splitter(1000)
    (cut,) = splitter.feed(Frame(Opcode.BINARY, bytes(5000)).serialize(mask=True)[:100])
    assert cut.start == 0
    assert cut.frame[:1] == b"\x82"
