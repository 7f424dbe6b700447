"""The mock model does what a prompt says, in each of the three languages that agents speak with models."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.support.mockmodel import MockModel
from tests.support.mockmodel.dialects import Chat, Dialect, Messages, Responses
from tests.support.mockmodel.script import Request, next_step, steps
from tests.support.mockmodel.toolcalls import call_for

SCRIPT = "first [[run ls]] then [[edit a.py|x|y\\nz]] [[hold gate]][[say well done]]"


def asked(prompt: str, *results: str, tools: dict[str, str] | None = None) -> Request:
    return Request(prompt, results, tools or {}, stream=True)


def test_each_call_of_the_model_is_the_next_step_of_the_prompt() -> None:
    told = [next_step(asked(SCRIPT, *["ok"] * count)) for count in range(4)]
    assert [(step.verb, step.args, step.hold) for step in told] == [
        ("run", ("ls",), ""),
        ("edit", ("a.py", "x", "y\nz"), ""),
        ("say", ("well done",), "gate"),
        ("say", ("all done",), ""),
    ]
    assert next_step(asked("no script")).args == ("heard: no script",)


@pytest.mark.parametrize(
    ("tools", "name", "part"),
    [
        ({"Edit": "function"}, "Edit", "old_string"),
        ({"edit": "function"}, "edit", "oldString"),
        ({"apply_patch": "custom"}, "apply_patch", "*** Update File: a.py\n@@\n-x\n+y\n+z\n"),
    ],
)
def test_an_edit_is_made_with_the_agents_own_tool(tools: dict[str, str], name: str, part: str) -> None:
    call = call_for(steps(SCRIPT)[1], asked(SCRIPT, tools=tools))
    assert call is not None
    assert (call.name, part in call.arguments) == (name, True)


def prompt(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


CONVERSATIONS: list[tuple[Dialect, dict[str, Any]]] = [
    (
        Responses(),
        {"input": [prompt("old"), prompt(SCRIPT), {"type": "function_call_output", "output": "files"}]},
    ),
    (Chat(), {"messages": [prompt("old"), prompt(SCRIPT), {"role": "tool", "content": "files"}]}),
    (
        Messages(),
        {
            "messages": [
                prompt("old"),
                prompt(SCRIPT),
                {"role": "user", "content": [{"type": "tool_result", "content": "files"}]},
            ]
        },
    ),
]


@pytest.mark.parametrize(("dialect", "body"), CONVERSATIONS, ids=lambda value: type(value).__name__)
def test_the_newest_prompt_and_what_tools_returned_since_are_found(dialect: Dialect, body: dict[str, Any]) -> None:
    request = dialect.read(body)
    assert (request.prompt, request.results) == (SCRIPT, ("files",))


def test_a_refused_tool_and_the_next_prompt_in_one_message_are_told_apart() -> None:
    content = [{"type": "tool_result", "content": "refused: too risky"}, {"type": "text", "text": "go on"}]
    request = Messages().read({"messages": [prompt(SCRIPT), {"role": "user", "content": content}]})
    assert (request.prompt, request.results) == ("go on", ())


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/v1/messages"])
def test_the_server_streams_a_reply_and_remembers_what_it_heard(path: str) -> None:
    tool = {"type": "function", "name": "bash", "function": {"name": "bash"}}
    body = {
        "stream": True,
        "tools": [tool],
        "input": [prompt("[[say one two]]")],
        "messages": [prompt("[[say one two]]")],
    }
    with MockModel() as model:
        request = urllib.request.Request(model.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read().decode()
        assert '"one"' in text
        assert '" two"' in text
        assert [heard.step.verb for heard in model.heard] == ["say"]
        assert model.was_told("one two")


def test_what_is_held_waits_to_be_released() -> None:
    with MockModel() as model:
        model.release("gate")
        assert model.event("gate").is_set()
        assert not model.event("other").is_set()
