"""What an agent runs at its events: says the event to Tether and prints the answer. Standard library, started with
`python -I -S hook.py SOCKET TOKEN-FILE`, because it is started for every event.

An event that asks is told again, under the same name, until it is answered: whatever of the gateway dies meanwhile,
it is the same question. Any other event is told once, if anybody is there. Whatever goes wrong, nothing is printed: the
agent's own dialog decides.
"""

import json
import os
import select
import signal
import socket
import sys

_ASKS = "PermissionRequest"
_TELL_S = 1.0
_AGAIN_S = (0.05, 0.1, 0.2, 0.5, 1.0)


def main() -> int:
    """Exit status 0 always: another one would be an error on the agent's screen."""
    path, token_file = sys.argv[1:3]
    try:
        with open(token_file, encoding="ascii") as file:
            token = file.read().strip()
        event = json.loads(sys.stdin.buffer.read())
    except (OSError, ValueError):
        return 0
    asks = isinstance(event, dict) and event.get("hook_event_name") == _ASKS
    name = os.urandom(12).hex()
    line = json.dumps({"token": token, "id": name, "event": event}).encode() + b"\n"
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tries = 0
    while True:
        answered, answer = _ask(path, line, None if asks else _TELL_S)
        if answered or not asks:
            break
        select.select([], [], [], _AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
        tries += 1
    if answer is not None:
        sys.stdout.write(json.dumps(answer))
        sys.stdout.flush()
    return 0


def _ask(path: str, line: bytes, limit_s: "float | None") -> "tuple[bool, object]":
    """(answered, the answer). Not answered: nobody is there, or whoever was has gone."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(_TELL_S)
        sock.connect(path)
        sock.sendall(line)
        sock.settimeout(limit_s)
        data = b""
        while not data.endswith(b"\n"):
            piece = sock.recv(65536)
            if not piece:
                return False, None
            data += piece
        return True, json.loads(data).get("out")
    except (OSError, ValueError):
        return False, None
    finally:
        sock.close()


if __name__ == "__main__":
    sys.exit(main())
