"""An agent that asks as Claude Code does, through the hooks in the settings file that it was started with.

Each line that is typed is a JSON object {"tool": name, "input": {...}}: it asks whether it may use that tool, and
prints what it was answered as `ANSWER <json>`. {"tell": event, "fields": {...}} tells of something else that happened.
"""

import json
import os
import shlex
import subprocess
import sys

settings = sys.argv[sys.argv.index("--settings") + 1]
with open(settings, encoding="utf-8") as file:
    hooks = json.load(file)["hooks"]


def tell(event: str, **fields: object) -> str:
    """Run the hook of `event`; what it prints."""
    payload = {
        "session_id": "11111111-2222-4333-8444-555555555555", "transcript_path": "", "cwd": os.getcwd(),
        "prompt_id": "turn-1", "permission_mode": "default", "hook_event_name": event, **fields,
    }  # fmt: skip
    printed = ""
    for group in hooks.get(event, []):
        for hook in group["hooks"]:
            if hook["type"] == "command":
                words = shlex.split(hook["command"])
                done = subprocess.run(words, input=json.dumps(payload), stdout=subprocess.PIPE, text=True, check=False)
                printed = done.stdout.strip() or printed
    return printed


tell("SessionStart", source="startup", model="none")
tell("UserPromptSubmit", prompt="go")
print("READY", flush=True)
for line in sys.stdin:
    try:
        asked = json.loads(line)
    except ValueError:
        continue
    if "tell" in asked:
        tell(asked["tell"], **asked.get("fields", {}))
        print("TOLD " + asked["tell"], flush=True)
        continue
    tool = {"tool_name": asked["tool"], "tool_input": asked["input"]}
    tell("PreToolUse", **tool, tool_use_id="use-1")
    answer = tell("PermissionRequest", **tool)
    print("ANSWER " + answer, flush=True)
    if '"allow"' in answer:
        tell("PostToolUse", **tool, tool_use_id="use-1", tool_response={}, duration_ms=1)
