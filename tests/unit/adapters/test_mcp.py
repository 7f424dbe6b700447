"""The protocol of tools: what is answered to which line, and that no line does harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.adapters import mcp, tools

SERVER = mcp.Server("tether", "1", "Ask.", tools.DESCRIPTIONS)


def take(method: str, number: Any = 1, **params: Any) -> Any:
    return SERVER.take(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode())


def said(reply: Any) -> Any:
    assert isinstance(reply, mcp.Reply)
    return json.loads(reply.line)


@pytest.mark.parametrize(
    ("wanted", "agreed"),
    [("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-11-25"), ("x", "2025-11-25")],
)
def test_a_version_is_agreed_on(wanted: str, agreed: str) -> None:
    assert said(take("initialize", protocolVersion=wanted))["result"]["protocolVersion"] == agreed


def test_calls_pings_and_what_is_not_there() -> None:
    assert said(take("ping", "a")) == {"jsonrpc": "2.0", "id": "a", "result": {}}
    assert take("tools/call", 7, name="ask_human", arguments={"question": "?"}) == mcp.Call(
        7, "ask_human", {"question": "?"}
    )
    assert said(take("tools/call", name="decide"))["error"]["code"] == -32602
    assert said(take("resources/list"))["error"]["code"] == -32601
    assert take("notifications/initialized", None) == mcp.NOTHING
    assert take("notifications/cancelled", None, requestId=7) == mcp.GivenUp(7)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'{"id":1}', b"\xff", b'{"jsonrpc":"2.0","id":true,"method":"ping"}']
)
def test_what_is_no_message_is_told(line: bytes) -> None:
    assert said(SERVER.take(line))["error"]["code"] in (-32700, -32600)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: (
            st.lists(one)
            | st.dictionaries(
                st.sampled_from(["jsonrpc", "id", "method", "params", "name", "arguments", "requestId"]), one
            )
        ),
    )
)
def test_no_shape_breaks_it(shape: Any) -> None:
    for line in (json.dumps(shape), json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": shape})):
        found = SERVER.take(line.encode())
        assert isinstance(found, mcp.Reply | mcp.Call | mcp.GivenUp)
