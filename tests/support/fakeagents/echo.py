"""Says ready, then answers every line it reads with `echo: <line>`; `quit` ends it with 0."""

import sys

print("ready", flush=True)
for line in sys.stdin:
    word = line.rstrip("\n")
    if word == "quit":
        break
    print(f"echo: {word}", flush=True)
