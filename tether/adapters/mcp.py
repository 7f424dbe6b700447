"""The Model Context Protocol, as much of it as a server of a few tools needs: JSON-RPC 2.0, one message a line. Pure.

`Server.take` is given a line of the agent and says what to do: answer at once, do a call and answer it later
(`result`), or give one up. It keeps nothing, so that an agent may be served by another one in the middle of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

VERSIONS: Final = ("2025-11-25", "2025-06-18", "2024-11-05")
"""What is spoken, newest first. Not 2025-03-26: that one has several messages in a line."""
_PARSE, _INVALID, _UNKNOWN_METHOD, _PARAMS = -32700, -32600, -32601, -32602


@dataclass(frozen=True, slots=True)
class Reply:
    """Say `line` (without its end) to the agent; b"" is nothing."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """The agent calls the tool `name`; `id` is what the answer names."""

    id: Any
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The agent does not wait any more for the call `id`."""

    id: Any


NOTHING: Final = Reply(b"")


class Server:
    """`tools` are their descriptions, `instructions` what the model is told of all of them."""

    def __init__(self, name: str, version: str, instructions: str, tools: list[dict[str, Any]]) -> None:
        self._info = {"name": name, "version": version}
        self._instructions = instructions
        self._tools = tools
        self._names = frozenset(str(tool["name"]) for tool in tools)

    def take(self, line: bytes) -> Reply | Call | GivenUp:
        """What to do about a line of the agent."""
        try:
            message = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _failure(None, _PARSE, "This is no JSON")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _failure(None, _INVALID, "This is no message of JSON-RPC 2.0, alone in its line")
        number, method, params = message.get("id"), message.get("method"), message.get("params")
        params = params if isinstance(params, dict) else {}
        if not isinstance(method, str):
            return NOTHING  # an answer, and nothing was asked
        if number is None:
            which = params.get("requestId")
            given_up = method == "notifications/cancelled" and isinstance(which, int | str)
            return GivenUp(which) if given_up else NOTHING
        if isinstance(number, bool) or not isinstance(number, int | str):
            return _failure(None, _INVALID, "An id is a number or a text")
        return self._request(number, method, params)

    def _request(self, number: int | str, method: str, params: dict[str, Any]) -> Reply | Call:
        match method:
            case "initialize":
                return _success(number, self._greeting(params.get("protocolVersion")))
            case "ping":
                return _success(number, {})
            case "tools/list":
                return _success(number, {"tools": self._tools})
            case "tools/call":
                name, given = params.get("name"), params.get("arguments")
                if not isinstance(name, str) or name not in self._names:
                    return _failure(number, _PARAMS, f"There is no tool {str(name)[:60]!r}")
                return Call(number, name, given if isinstance(given, dict) else {})
        return _failure(number, _UNKNOWN_METHOD, f"There is no method {method[:60]!r}")

    def _greeting(self, wanted: Any) -> dict[str, Any]:
        return {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": self._info,
            "instructions": self._instructions,
        }


def result(number: Any, text: str, *, failed: bool = False) -> bytes:
    """The line that answers a call with `text`; `failed` is for the model to see."""
    return _success(number, {"content": [{"type": "text", "text": text}], "isError": failed}).line


def _success(number: Any, found: dict[str, Any]) -> Reply:
    return Reply(msgspec.json.encode({"jsonrpc": "2.0", "id": number, "result": found}))


def _failure(number: Any, code: int, message: str) -> Reply:
    error = {"code": code, "message": message}
    return Reply(msgspec.json.encode({"jsonrpc": "2.0", "id": number, "error": error}))
