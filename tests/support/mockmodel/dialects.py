"""The three languages that agents speak with models: what is in a request, and how a reply is streamed. Pure.

A reply is a list of server-sent events, each (name, data). Text comes as an iterable of words, so that a reply may
take its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Protocol

from tests.support.mockmodel.script import Request, has_steps
from tests.support.mockmodel.toolcalls import Call

Event = tuple[str, Any]


class Dialect(Protocol):
    """One way to ask a model and be answered."""

    def read(self, body: dict[str, Any]) -> Request: ...
    def whole(self, number: int, model: str, text: str) -> dict[str, Any]: ...
    def events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]: ...


def flat(content: Any) -> str:
    """The text of a message's content, whatever its shape."""
    if isinstance(content, str):
        return content
    texts = []
    for block in content or []:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict):
            texts.append(flat(block.get("text") or block.get("content") or ""))
    return "\n".join(texts)


class _Reading:
    """Follows a conversation: the newest prompt of the user, and what tools returned since."""

    def __init__(self) -> None:
        self.prompt = ""
        self.results: list[str] = []

    def says(self, text: str) -> None:
        # Agents put notes of their own, in angle or square brackets, among what the user says.
        if has_steps(text) or not text.lstrip().startswith(("<", "[Request interrupted", "# AGENTS.md")):
            self.prompt, self.results = text, []

    def returns(self, content: Any) -> None:
        self.results.append(content if isinstance(content, str) else flat(content))

    def request(self, tools: dict[str, str], body: dict[str, Any]) -> Request:
        return Request(self.prompt, tuple(self.results), tools, bool(body.get("stream")))


class Responses:
    """OpenAI's Responses API, as codex speaks it."""

    def read(self, body: dict[str, Any]) -> Request:
        seen = _Reading()
        for item in body.get("input") or []:
            kind = item.get("type", "message")
            if kind == "message" and item.get("role") == "user":
                seen.says(flat(item.get("content")))
            elif kind.endswith("_call_output"):
                seen.returns(item.get("output"))
        tools: dict[str, str] = {}
        for tool in body.get("tools") or []:
            for one in tool.get("tools", [tool]) if tool.get("type") == "namespace" else [tool]:
                tools[one.get("name") or one.get("type")] = one.get("type", "function")
        self._namespaces = {
            one.get("name"): tool["name"]
            for tool in body.get("tools") or []
            if tool.get("type") == "namespace"
            for one in tool.get("tools", [])
        }
        return seen.request(tools, body)

    def whole(self, number: int, model: str, text: str) -> dict[str, Any]:
        return self._response(number, model, "completed", [_message(number, text, "completed")])

    def events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]:
        for count, (kind, fields) in enumerate(self._events(number, model, reply)):
            yield kind, {"type": kind, "sequence_number": count, **fields}

    def _events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]:
        yield "response.created", {"response": self._response(number, model, "in_progress", [])}
        items: list[Any] = []
        if isinstance(reply, list):
            for place, call in enumerate(reply):
                items.append(self._call(f"{number}_{place}" if place else f"{number}", call))
                yield "response.output_item.added", {"output_index": place, "item": items[-1]}
                yield "response.output_item.done", {"output_index": place, "item": items[-1]}
        else:
            at = {"item_id": f"msg_{number}", "output_index": 0, "content_index": 0}
            yield "response.output_item.added", {"output_index": 0, "item": _message(number, None, "in_progress")}
            yield "response.content_part.added", {**at, "part": _part("")}
            text = ""
            for word in reply:
                text += word
                yield "response.output_text.delta", {**at, "delta": word}
            yield "response.output_text.done", {**at, "text": text}
            items.append(_message(number, text, "completed"))
            yield "response.output_item.done", {"output_index": 0, "item": items[0]}
        yield "response.completed", {"response": self._response(number, model, "completed", items)}

    def _call(self, number: str, call: Call) -> dict[str, Any]:
        base = {"call_id": f"call_{number}", "name": call.name, "status": "completed"}
        if call.custom:
            return {"type": "custom_tool_call", "id": f"ctc_{number}", "input": call.arguments, **base}
        item = {"type": "function_call", "id": f"fc_{number}", "arguments": call.arguments, **base}
        if space := self._namespaces.get(call.name):
            item["namespace"] = space
        return item

    def _response(self, number: int, model: str, status: str, output: list[Any]) -> dict[str, Any]:
        usage = {
            "input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 110,
        }  # fmt: skip
        return {
            "id": f"resp_{number}", "object": "response", "created_at": 1, "status": status, "model": model,
            "output": output, "usage": usage,
        }  # fmt: skip


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _message(number: int, text: str | None, status: str) -> dict[str, Any]:
    content = [] if text is None else [_part(text)]
    return {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": status, "content": content}


class Chat:
    """Chat completions, as opencode speaks them to any provider that is compatible."""

    _usage: ClassVar = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}

    def read(self, body: dict[str, Any]) -> Request:
        seen = _Reading()
        for message in body.get("messages") or []:
            if message.get("role") == "user":
                seen.says(flat(message.get("content")))
            elif message.get("role") == "tool":
                seen.returns(message.get("content"))
        return seen.request({tool["function"]["name"]: "function" for tool in body.get("tools") or []}, body)

    def whole(self, number: int, model: str, text: str) -> dict[str, Any]:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return {
            "id": f"chat{number}", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
            "usage": self._usage,
        }  # fmt: skip

    def events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]:
        def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> Event:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return "", {
                "id": f"chat{number}", "object": "chat.completion.chunk", "created": 1, "model": model,
                "choices": [choice], **more,
            }  # fmt: skip

        yield chunk({"role": "assistant", "content": ""})
        if isinstance(reply, list):
            for place, call in enumerate(reply):
                function = {"name": call.name, "arguments": call.arguments}
                name = f"call_{number}_{place}" if place else f"call_{number}"
                yield chunk({"tool_calls": [{"index": place, "id": name, "type": "function", "function": function}]})
        else:
            for word in reply:
                yield chunk({"content": word})
        yield chunk({}, "tool_calls" if isinstance(reply, list) else "stop", usage=self._usage)
        yield "", "[DONE]"


class Messages:
    """Anthropic's Messages, as claude speaks them."""

    _usage: ClassVar = {
        "input_tokens": 100,
        "output_tokens": 10,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }

    def read(self, body: dict[str, Any]) -> Request:
        seen = _Reading()
        for message in body.get("messages") or []:
            if message.get("role") != "user":
                continue
            content = message.get("content")
            # A refused tool's result and the next prompt may come in one message: in order, block by block.
            for block in content if isinstance(content, list) else [{"type": "text", "text": content or ""}]:
                if block.get("type") == "tool_result":
                    seen.returns(block.get("content"))
                elif block.get("type") == "text":
                    seen.says(block.get("text", ""))
        return seen.request({tool["name"]: "function" for tool in body.get("tools") or [] if "name" in tool}, body)

    def whole(self, number: int, model: str, text: str) -> dict[str, Any]:
        return {**self._message(number, model), "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}

    def events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]:
        for kind, fields in self._events(number, model, reply):
            yield kind, {"type": kind, **fields}

    def _events(self, number: int, model: str, reply: Iterable[str] | list[Call]) -> Iterator[Event]:
        yield "message_start", {"message": self._message(number, model)}
        if isinstance(reply, list):
            # Said before the call, as models do; what Tether shows as the intent when the tool has none.
            yield from _block(0, {"type": "text", "text": ""}, [_said(f"I will use {reply[0].name}.")])
            for place, call in enumerate(reply, 1):
                name = f"toolu_{number}_{place}" if place > 1 else f"toolu_{number}"
                use = {"type": "tool_use", "id": name, "name": call.name, "input": {}}
                yield from _block(place, use, [{"type": "input_json_delta", "partial_json": call.arguments}])
        else:
            yield from _block(0, {"type": "text", "text": ""}, (_said(word) for word in reply))
        stop = "tool_use" if isinstance(reply, list) else "end_turn"
        yield "message_delta", {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": self._usage}
        yield "message_stop", {}

    def _message(self, number: int, model: str) -> dict[str, Any]:
        return {
            "id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": self._usage,
        }  # fmt: skip


def _said(word: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": word}


def _block(index: int, block: dict[str, Any], deltas: Iterable[dict[str, Any]]) -> Iterator[Event]:
    yield "content_block_start", {"index": index, "content_block": block}
    for delta in deltas:
        yield "content_block_delta", {"index": index, "delta": delta}
    yield "content_block_stop", {"index": index}


def dialect_of(path: str) -> Dialect | None:
    """The dialect that is spoken at a path of the server; None for any other."""
    for end, dialect in (("/responses", Responses), ("/chat/completions", Chat), ("/messages", Messages)):
        if path.endswith(end):
            return dialect()
    return None


def encode(event: Event) -> bytes:
    """One server-sent event."""
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()
