"""Calls of the `git` binary: an argument list, a fixed environment, and an end in time and size.

What runs here runs as the gateway's owner, outside of every session, in a directory that an agent writes. So git is
given a repository description of ours (`lens`), never the directory's own configuration: that may name programs, for
filters, file watching, comparing, hooks.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tether.clock import monotonic
from tether.errors import TetherError, printable

TIME_S: Final = 15.0
OUTPUT_BYTES_MAX: Final = 24 << 20
_READ_BYTES: Final = 1 << 18
_ERROR_BYTES: Final = 4096

# No terminal, no pager, no other host, no user's or system's configuration, and no lock taken for our convenience.
ENVIRONMENT: Final[Mapping[str, str]] = {
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": ":",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}
# Said once more, should a version of git read a configuration that it was not given.
SETTINGS: Final = (
    "-c", "core.fsmonitor=", "-c", "diff.external=", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat",
    "-c", "core.untrackedCache=false",
)  # fmt: skip


class GitError(TetherError):
    """git is not there, or did not do it."""

    def __init__(self, message: str, hint: str = "", *, code: str = "git") -> None:
        super().__init__(message, hint=hint, code=code)


class Said(NamedTuple):
    """What git said; `whole` is False when there was more than is kept."""

    data: bytes
    whole: bool
    status: int


def git(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    cwd: str,
    *,
    stdin: bytes = b"",
    bytes_max: int = OUTPUT_BYTES_MAX,
    time_s: float = TIME_S,
    good: Sequence[int] = (0,),
) -> Said:
    """Run git with `arguments`. GitError when it is missing, takes too long, or ends with none of `good`."""
    binary = shutil.which("git")
    if binary is None:
        raise GitError("git is not installed", "Install git to see what changed", code="no-git")
    env = {"PATH": os.environ.get("PATH", os.defpath), **ENVIRONMENT, **environment}
    try:
        child = subprocess.Popen(
            [binary, "--no-pager", *SETTINGS, *arguments], cwd=cwd, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=True, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise GitError(f"git can't be run in {printable(cwd, 120)}: {error.strerror}") from None
    try:
        return _converse(child, arguments[0], stdin, bytes_max, monotonic() + time_s, good)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()


def _converse(
    child: subprocess.Popen[bytes], verb: str, stdin: bytes, bytes_max: int, deadline: float, good: Sequence[int]
) -> Said:
    assert child.stdin and child.stdout and child.stderr  # noqa: S101, PT018 - made with pipes
    said, wrong, left = bytearray(), bytearray(), memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for pipe in (child.stdin, child.stdout, child.stderr):
            os.set_blocking(pipe.fileno(), False)
        selector.register(child.stdout, selectors.EVENT_READ, said)
        selector.register(child.stderr, selectors.EVENT_READ, wrong)
        if stdin:
            selector.register(child.stdin, selectors.EVENT_WRITE)
        else:
            child.stdin.close()
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - monotonic()))
            if not ready:
                raise GitError(f"git {verb} took too long", "Try again; look at the directory yourself", code="slow")
            for key, _ in ready:
                if key.fileobj is child.stdin:
                    left = _give(child, selector, left)
                else:
                    _take(key, selector)
            if len(said) > bytes_max:
                return Said(bytes(said[:bytes_max]), whole=False, status=0)
            del wrong[_ERROR_BYTES:]
    status = child.wait(max(0.1, deadline - monotonic()))
    if status not in good:
        reason = bytes(wrong).decode("utf-8", "replace").strip().splitlines()
        raise GitError(f"git {verb} failed: {printable(reason[-1], 200) if reason else f'status {status}'}")
    return Said(bytes(said), whole=True, status=status)


def _give(child: subprocess.Popen[bytes], selector: selectors.BaseSelector, left: memoryview) -> memoryview:
    assert child.stdin  # noqa: S101 - made with pipes
    try:
        left = left[os.write(child.stdin.fileno(), left[:_READ_BYTES]) :]
    except BrokenPipeError:
        left = left[:0]
    if not left:
        selector.unregister(child.stdin)
        child.stdin.close()
    return left


def _take(key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
    data = os.read(key.fd, _READ_BYTES)
    if data:
        key.data.extend(data)
    else:
        selector.unregister(key.fileobj)
