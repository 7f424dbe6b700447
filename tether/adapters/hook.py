"""What an agent runs at its events: says the event to Tether and prints the answer. It is started for every event, as
`python -I -S -E hook.py SOCKET TOKEN-FILE ask|tell`, so it loads nothing that has to be found and read first: with
`json`, `socket` and `os` it took more than twice as long.

An event that asks is told again, under the same name, until it is answered: whatever of the gateway dies meanwhile,
it is the same question. Any other event is told once, if anybody is there. Whatever goes wrong, nothing is printed: the
agent's own dialog decides.
"""

import _socket
import posix
import select
import sys

_TELL_S = 1.0
_AGAIN_S = (0.05, 0.1, 0.2, 0.5, 1.0)


def main() -> int:
    """Exit status 0 always: another one would be an error on the agent's screen."""
    path, token_file, kind = sys.argv[1:4]
    asks = kind == "ask"
    try:
        event = _read_all(0)
        fd = posix.open(token_file, posix.O_RDONLY)
        token = posix.read(fd, 200).strip()
    except OSError:
        return 0
    # A line's end in JSON outside of a string is only space, and inside of one there is none.
    head = b'{"token":"%b","id":"%b","event":' % (token, posix.urandom(12).hex().encode())
    line = head + (event.replace(b"\n", b" ").strip() or b"null") + b"}\n"
    tries = 0
    while True:
        answer = _ask(path, line, -1.0 if asks else _TELL_S)
        if answer is not None or not asks:
            break
        select.select([], [], [], _AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
        tries += 1
    if answer:
        posix.write(1, answer)
    return 0


def _read_all(fd: int) -> bytes:
    parts = []
    while part := posix.read(fd, 65536):
        parts.append(part)
    return b"".join(parts)


def _ask(path: str, line: bytes, limit_s: float) -> "bytes | None":
    """The answer, b"" for none. None: nobody is there, or whoever was has gone."""
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.settimeout(_TELL_S)
        sock.connect(path)
        while line:
            line = line[sock.send(line) :]
        sock.settimeout(None if limit_s < 0 else limit_s)
        data = b""
        while not data.endswith(b"\n"):
            piece = sock.recv(65536)
            if not piece:
                return None
            data += piece
        return data[:-1]
    except OSError:
        return None
    finally:
        sock.close()


if __name__ == "__main__":
    sys.exit(main())
