"""An agent that plays a scene: it draws what it would have drawn, and tells and asks what the scene says.

`agent.py SCENE --settings FILE`: it talks as Claude Code does, through the hooks of the settings file.
"""

import json
import os
import select
import shlex
import subprocess
import sys
from typing import Any

ESC = "\x1b["
DIM, BOLD, OFF = f"{ESC}2m", f"{ESC}1m", f"{ESC}0m"
GREEN, RED, CYAN, YELLOW, MAGENTA = (f"{ESC}3{number}m" for number in (2, 1, 6, 3, 5))


def prompt(words: str) -> str:
    """What was asked of it."""
    return f"{BOLD}{MAGENTA}❯ {words}{OFF}\n\n"


def said(words: str) -> str:
    """A sentence of the agent."""
    return f"{GREEN}●{OFF} {words}\n\n"


def tool(name: str, what: str, *out: str) -> str:
    """A tool, what it was used on, and what came of it."""
    lines = "".join(f"  {DIM}│{OFF} {line}\n" for line in out)
    return f"{CYAN}▸ {BOLD}{name}{OFF} {what}\n{lines}\n"


EDIT = (
    f"{DIM}18{OFF}   def charge(self, order: Order) -> Receipt:",
    f"{RED}19 -     return self.http.post(self.url, order.body()){OFF}",
    f"{GREEN}19 +     for attempt in retries(self.policy):{OFF}",
    f"{GREEN}20 +         with attempt:{OFF}",
    f"{GREEN}21 +             return self.http.post(self.url, order.body()){OFF}",
)
SCENES: dict[str, list[dict[str, Any]]] = {
    "payments": [
        {"prompt": "Make the payment client try again when the bank answers 503"},
        {"show": prompt("Make the payment client try again when the bank answers 503")},
        {"show": said("I looked at client.py and its tests. One place sends, so one place has to try again.")},
        {"show": tool("Read", "shop/payments/client.py", "64 lines")},
        {"show": tool("Edit", "shop/payments/client.py", *EDIT)},
        {"show": said("Now the tests, to see that nothing else waits for the old error.")},
        {"show": f"{YELLOW}▸ {BOLD}Bash{OFF} pytest -q tests/payments\n  {DIM}waits for your decision{OFF}\n"},
        {"ask": "Bash", "input": {"command": "pytest -q tests/payments", "description": "Run the payment tests"}},
    ],
    "docs": [
        {"prompt": "Describe the webhook format"},
        {"show": prompt("Describe the webhook format") + said("The format is in three places. I bring them together.")},
        {"show": tool("Search", "webhook", "docs/api.md:12", "docs/events.md:40", "shop/hooks.py:9")},
        {"ask": "Edit", "input": {
            "file_path": os.path.abspath("docs/webhooks.md"), "old_string": "Webhooks are sent as JSON.",
            "new_string": "Webhooks are sent as JSON, signed with HMAC-SHA256.\nThe signature is in `X-Shop-Signature`.",
        }},
    ],
    "search": [
        {"prompt": "Make the search forgive typing mistakes"},
        {"show": prompt("Make the search forgive typing mistakes")},
        {"show": said("The index has no trigrams yet. I add them, then measure.")},
        {"show": tool("Bash", "python -m bench search", "before   p50 41 ms   p99 180 ms")},
        {"show": tool("Edit", "shop/search/index.py", f"{GREEN}+ 38 lines{OFF}, {RED}- 6 lines{OFF}")},
        {"busy": "Measuring again"},
    ],
    "schema": [
        {"prompt": "Split the address table"},
        {"show": prompt("Split the address table") + said("Two ways are possible. They differ in what a failed migration leaves behind.")},
        {"ask": "AskUserQuestion", "input": {"questions": [{
            "question": "Which way should the addresses move?", "header": "Migration", "multiSelect": False,
            "options": [
                {"label": "In one transaction", "description": "Short lock, all or nothing"},
                {"label": "In batches", "description": "No lock, can be resumed"},
            ],
        }]}},
    ],
    "lint": [
        {"prompt": "Fix what the linter says"},
        {"show": prompt("Fix what the linter says") + tool("Bash", "ruff check --fix .", "Found 23 errors (23 fixed, 0 remaining).")},
        {"show": said("All 23 are fixed; nothing but imports and quotes changed.")},
        {"stop": True},
    ],
    "images": [
        {"prompt": "Serve smaller product images"},
        {"show": prompt("Serve smaller product images") + said("AVIF first, WebP for the rest. I convert what is there and keep the originals.")},
        {"busy": "Converting 1,204 images"},
    ],
}  # fmt: skip


def hooks() -> dict[str, Any]:
    """The hooks of the settings file that it was started with."""
    with open(sys.argv[sys.argv.index("--settings") + 1], encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)["hooks"]
    return found


def tell(event: str, **fields: Any) -> None:
    """Run the hook of `event`."""
    payload = {
        "session_id": "11111111-2222-4333-8444-555555555555", "transcript_path": "", "cwd": os.getcwd(),
        "prompt_id": "turn-1", "permission_mode": "default", "hook_event_name": event, **fields,
    }  # fmt: skip
    for group in hooks().get(event, []):
        for hook in group["hooks"]:
            if hook["type"] == "command":
                subprocess.run(
                    shlex.split(hook["command"]), input=json.dumps(payload), capture_output=True, text=True, check=False
                )


def show(words: str) -> None:
    """Print; lines of a terminal end with a carriage return as well."""
    sys.stdout.write(words.replace("\n", "\r\n") if sys.stdout.isatty() else words)
    sys.stdout.flush()


def rest(seconds: float | None) -> bool:
    """Wait for somebody to type; False when the terminal is gone."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return not ready or bool(sys.stdin.readline())


def busy(words: str) -> None:
    """A spinner and a count, as working agents draw them."""
    turn = 0
    while rest(0.2):
        turn += 1
        show(f"\r{CYAN}{'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[turn % 10]}{OFF} {words} {DIM}({turn // 5} s){OFF}{ESC}K")


def play(scene: str) -> None:
    """Do what the scene says, in its order."""
    tell("SessionStart", source="startup", model="none")
    for step in SCENES[scene]:
        if "prompt" in step:
            tell("UserPromptSubmit", prompt=step["prompt"])
        elif "show" in step:
            show(step["show"])
            rest(0.4)
        elif "ask" in step:
            told = {"tool_name": step["ask"], "tool_input": step["input"]}
            tell("PreToolUse", **told, tool_use_id="use-1")
            tell("PermissionRequest", **told)
        elif "stop" in step:
            tell("Stop", stop_hook_active=False)
        else:
            busy(step["busy"])


if __name__ == "__main__":
    play(next(word for word in sys.argv[1:] if word in SCENES))
    while rest(None):
        pass
