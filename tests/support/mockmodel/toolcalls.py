"""Which of an agent's tools does what a step says, and with which arguments. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.mockmodel.script import Request, Step

INTENT = "the mock model wants to run this"


@dataclass(frozen=True)
class Call:
    """A tool to call: `arguments` is JSON text, or free text for a `custom` tool."""

    name: str
    arguments: str
    custom: bool = False


def call_for(step: Step, request: Request) -> Call | None:
    """The call that `step` needs; None when the agent offers no tool for it."""
    match step.verb:
        case "call":
            custom = request.tools.get(step.args[0]) == "custom"
            return Call(step.args[0], step.args[1] if len(step.args) > 1 else "{}", custom)
        case "run":
            return _run(step.text, request.tools)
        case "write":
            return _write(step.args[0], step.args[1], request.tools)
        case "edit":
            return _edit(step.args[0], step.args[1], step.args[2], request.tools)
    return None


def _run(command: str, tools: dict[str, str]) -> Call | None:
    # Codex asks only for what its model wants outside of the sandbox, with a reason.
    outside = {"sandbox_permissions": "require_escalated", "justification": INTENT}
    shapes: dict[str, dict[str, Any]] = {
        "Bash": {"command": command, "description": INTENT},
        "bash": {"command": command, "description": INTENT},
        "exec_command": {"cmd": command, **outside},
        "shell_command": {"command": command, **outside},
        "shell": {"command": ["bash", "-c", command], **outside},
    }
    return _first(shapes, tools)


def _write(path: str, text: str, tools: dict[str, str]) -> Call | None:
    if patch := _patch(f"*** Add File: {path}\n{_lines('+', text)}", tools):
        return patch
    return _first({"Write": {"file_path": path, "content": text}, "write": {"filePath": path, "content": text}}, tools)


def _edit(path: str, old: str, new: str, tools: dict[str, str]) -> Call | None:
    if patch := _patch(f"*** Update File: {path}\n@@\n{_lines('-', old)}{_lines('+', new)}", tools):
        return patch
    shapes = {
        "Edit": {"file_path": path, "old_string": old, "new_string": new},
        "edit": {"filePath": path, "oldString": old, "newString": new},
    }
    return _first(shapes, tools)


def _patch(body: str, tools: dict[str, str]) -> Call | None:
    patch = f"*** Begin Patch\n{body}*** End Patch"
    if tools.get("apply_patch") == "custom":
        return Call("apply_patch", patch, custom=True)
    # Codex gives models that it does not know no tool of the name, and takes this command for one.
    command = f"apply_patch <<'EOF'\n{patch}\nEOF"
    return _first({"apply_patch": {"input": patch}, "exec_command": {"cmd": command}}, tools)


def _lines(mark: str, text: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


def _first(shapes: dict[str, dict[str, Any]], tools: dict[str, str]) -> Call | None:
    for name, arguments in shapes.items():
        if name in tools:
            return Call(name, json.dumps(arguments))
    return None
