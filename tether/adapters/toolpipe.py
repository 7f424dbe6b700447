"""Tether's own tools for an agent, as the MCP server that the agent starts: `python -I -S -E toolpipe.py SOCKET TOKEN`.

It understands nothing of what it carries. Every line of the agent gets a number and goes to the adapters, whose answer
names it; until then the line is kept, and said again to whoever is there next. So a question to a person outlives the
part of the gateway that asks it, and this program, of which each agent has one, loads nothing that has to be found and
read: it takes half of the memory that it takes with `json` and `asyncio`.
"""

import _socket
import posix
import select
import sys

_AGAIN_S = (0.05, 0.1, 0.2, 0.5, 1.0)
# With its number in front it has to fit into what the adapters read as one line.
_LINE_BYTES_MAX = (8 << 20) - 64
_READ_BYTES = 1 << 16


def main() -> int:
    """Until the agent closes its end."""
    path, token_file = sys.argv[1:3]
    return Pipe(path, token_file).run()


class Pipe:
    """`kept` are the agent's lines that have no answer yet, by number."""

    def __init__(self, path: str, token_file: str) -> None:
        self.path = path
        self.token_file = token_file
        self.name = posix.urandom(12).hex().encode()
        self.sock: _socket.socket | None = None
        self.count = 0
        self.kept: dict[int, bytes] = {}
        self.typed = b""  # of the agent, without a line's end yet
        self.heard = b""  # of the adapters
        self.tries = 0

    def run(self) -> int:
        """Exit status 0: the agent has gone."""
        while True:
            if self.sock is None:
                self.connect()
            ends: list[int] = [0] if self.sock is None else [0, self.sock.fileno()]
            wait = _AGAIN_S[min(self.tries, len(_AGAIN_S) - 1)] if self.sock is None else None
            ready = select.select(ends, [], [], wait)[0]
            if 0 in ready and not self.from_agent(posix.read(0, _READ_BYTES)):
                return 0
            sock = self.sock
            if sock is not None and sock.fileno() in ready and not self.from_adapters(sock):
                return 0

    def connect(self) -> None:
        """Say who we are, and again what has no answer."""
        self.tries += 1
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            fd = posix.open(self.token_file, posix.O_RDONLY)
            token = posix.read(fd, 200).strip()
            posix.close(fd)
            sock.connect(self.path)
            _send(sock, b'{"token":"%b","tools":"%b"}\n' % (token, self.name))
            for number, line in self.kept.items():
                _send(sock, b"%d %b\n" % (number, line))
        except OSError:
            sock.close()
            return
        self.sock, self.heard = sock, b""

    def from_agent(self, data: bytes) -> bool:
        """Pass on what is a whole line. False when the agent has closed its end, or says what can't be meant."""
        *lines, self.typed = (self.typed + data).split(b"\n")
        for line in lines:
            if len(line) > _LINE_BYTES_MAX:
                return False  # the adapters would hang up on it, again and again
            if line.strip():
                self.count += 1
                self.kept[self.count] = line
                if self.sock is not None:
                    try:
                        _send(self.sock, b"%d %b\n" % (self.count, line))
                    except OSError:
                        self.lost()
        return bool(data) and len(self.typed) <= _LINE_BYTES_MAX

    def from_adapters(self, sock: "_socket.socket") -> bool:
        """Pass on answers. False when the agent does not take them any more."""
        try:
            data = sock.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self.lost()
            return True
        *lines, self.heard = (self.heard + data).split(b"\n")
        self.tries = 0
        for line in lines:
            number, _, answer = line.partition(b" ")
            self.kept.pop(int(number), None)
            if answer:
                try:
                    _write(answer + b"\n")
                except OSError:
                    return False
        return True

    def lost(self) -> None:
        """The adapters are away."""
        if self.sock is not None:
            self.sock.close()
        self.sock = None


def _send(sock: "_socket.socket", data: bytes) -> None:
    while data:
        data = data[sock.send(data) :]


def _write(data: bytes) -> None:
    while data:
        data = data[posix.write(1, data) :]


if __name__ == "__main__":
    sys.exit(main())
