"""Record what Claude Code's hooks say, for tests/data/adapters: python -m tests.agents.record_claude

The agent gets hooks of this program's own, so its session is a plain terminal of Tether's, which is how it is answered.
Paths are made the same on every machine.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

from tests.support.agents import AgentGateway
from tether.adapters.claude import EVENTS

TARGET = Path(__file__).parents[1] / "data/adapters"


def main() -> None:
    """A command, an edit, a question and a plan, each answered at the terminal; then its end."""
    with AgentGateway() as world:
        version = subprocess.run(
            ["claude", "--version"], env=world.env, capture_output=True, text=True, check=True
        ).stdout.split()[0]
        record = world.home / "hooks.jsonl"
        command = f"{shlex.join(['tr', '-d', chr(92) + 'n'])} >> {record}; echo >> {record}"
        hooks = {event: [{"hooks": [{"type": "command", "command": command}]}] for event in EVENTS}
        settings = world.home / "settings.json"
        settings.write_text(json.dumps({"hooks": hooks}))
        labels = [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}]
        asks = {"questions": [{"question": "Which one?", "header": "It", "multiSelect": False, "options": labels}]}
        steps = [
            "run echo recorded > out.txt",
            f"run cat {world.project}/calc.py",
            f"edit {world.project}/calc.py|a - b|a + b",
            f"call AskUserQuestion|{json.dumps(asks)}",
            "run exit 3",
            "say that is all",
        ]
        prompt = " ".join(f"[[{step}]]" for step in steps)
        session = world.start_agent("claude", prompt, "--settings", str(settings))

        def over() -> bool:
            if any(mark in world.shown(session) for mark in ("Do you want", "Which one?")):
                world.tether("send", session, "\r")
            return '"Stop"' in (record.read_text() if record.exists() else "")

        world.wait_until("the turn is over", over, 60)
        world.tether("stop", session)
        lines = [line for line in record.read_text().splitlines() if line.strip()]
        TARGET.mkdir(parents=True, exist_ok=True)
        text = "\n".join(lines).replace(str(world.home), "/home/user") + "\n"
        text = text.replace(str(world.home).replace("/", "-"), "-home-user")
        (TARGET / f"claude-{version}.jsonl").write_text(text)


if __name__ == "__main__":
    main()
