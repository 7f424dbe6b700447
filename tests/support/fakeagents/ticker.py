"""Numbers lines without end, about 200 a second, and answers every line it reads with `got: <line>`; `quit` ends it."""

import select
import sys

number = 0
print("ready", flush=True)
while True:
    if select.select([0], [], [], 0.005)[0]:
        word = sys.stdin.readline().rstrip("\n")
        if word == "quit":
            break
        print(f"got: {word}", flush=True)
    number += 1
    print(f"tick {number}", flush=True)
