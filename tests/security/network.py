"""A network of one machine: `python -m tests.security.network FILE` runs that file's tests there.

Namespaces of its own, in which the loopback interface also has a private address and the names of `NAMES` lead to this
machine: what listens there can be reached by nobody else.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile

import pytest

ADDRESS = "10.99.7.1"
NAMES = (
    "box.tail1.ts.net", "quick-brown-fox.trycloudflare.com", "tether.example.com",
    "a-made-up-team.cloudflareaccess.com",
)  # fmt: skip
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8916, 0x891C, 0x8913, 0x8914
_IFF_UP = 1


def inside(tests: str) -> subprocess.CompletedProcess[str] | None:
    """Run the tests of a file in such a network; None where the system does not let us make one."""
    own = [] if os.geteuid() == 0 else ["-r"]
    unshare = ["unshare", *own, "-n", "-m"]
    try:
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
            return None
    except FileNotFoundError:
        return None
    argv = [*unshare, sys.executable, "-m", "tests.security.network", tests]
    return subprocess.run(argv, capture_output=True, text=True, timeout=220, check=False)


def _up(name: str, address: str, mask: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:

        def ask(request: int, payload: bytes) -> bytes:
            return fcntl.ioctl(control, request, struct.pack("16s24s", name.encode(), payload))

        def sockaddr(text: str) -> bytes:
            return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))

        ask(_SIOCSIFADDR, sockaddr(address))
        ask(_SIOCSIFNETMASK, sockaddr(mask))
        flags = struct.unpack_from("16sh", ask(_SIOCGIFFLAGS, b""))[1]
        ask(_SIOCSIFFLAGS, struct.pack("h", flags | _IFF_UP))


def _name_us(names: tuple[str, ...]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write("".join(f"127.0.0.1 {name}\n" for name in ("localhost", socket.gethostname(), *names)))
        hosts.flush()
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)


if __name__ == "__main__":
    _name_us(NAMES)
    _up("lo", "127.0.0.1", "255.0.0.0")
    _up("lo:1", ADDRESS, "255.255.255.255")
    raise SystemExit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", sys.argv[1]]))
