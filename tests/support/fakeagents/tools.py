"""An agent with Tether's own tools: it starts the server of its --mcp-config as Claude Code does, passes on to it each
line that is typed, and prints what the server says as `GOT <line>`. `kill` ends the server.
"""

import json
import subprocess
import sys
import threading

with open(sys.argv[sys.argv.index("--mcp-config") + 1], encoding="utf-8") as file:
    server = json.load(file)["mcpServers"]["tether"]
process = subprocess.Popen(
    [server["command"], *server["args"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
)
typed, said = process.stdin, process.stdout
assert typed is not None
assert said is not None


def listen() -> None:
    for line in said:
        print("GOT " + line, end="", flush=True)


threading.Thread(target=listen, daemon=True).start()
print("READY", flush=True)
for line in sys.stdin:
    if line == "kill\n":
        process.kill()
        print("KILLED", flush=True)
    else:
        typed.write(line)
        typed.flush()
