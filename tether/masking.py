"""What is hidden in output on its way out of here: by the shipped rules, the user's, and values known on this machine.

Each way out asks `load` once, and masks a session once for all who get the same.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from tether.errors import TetherError
from tether.paths import Paths
from tether.redact import known
from tether.redact.finding import Finder
from tether.redact.hostile import Policy
from tether.redact.rules import Rules, parse, shipped
from tether.redact.stream import Masker
from tether.settings import Egress
from tether.wire.control import History, Snapshot
from tether.wire.events import Created, Event, Note, Output, Resized, Titled

# Files in which programs keep logins, below the home directory. What is read of them is what the rules find in them.
LOGIN_FILES: Final = (
    ".netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".git-credentials", ".aws/credentials", ".docker/config.json",
    ".config/gh/hosts.yml", ".config/hub", ".cargo/credentials.toml", ".gem/credentials", ".kube/config",
    ".terraform.d/credentials.tfrc.json", ".vault-token", ".config/gcloud/application_default_credentials.json",
    ".claude/.credentials.json", ".codex/auth.json", ".local/share/opencode/auth.json", ".gemini/oauth_creds.json",
)  # fmt: skip
_FILE_BYTES_MAX: Final = 256 * 1024
# Wider than any line: nothing was cut at an edge.
_WIDE: Final = 1 << 20
# How long a terminal is silent until what waits is shown, hidden. A burst's reads are some hundred times closer.
SILENCE_S: Final = 0.04


class Mask:
    """Hides what `finder` finds; with a `policy` output is made harmless, too."""

    def __init__(self, finder: Finder, policy: Policy | None = None) -> None:
        self._finder = finder
        self._policy = policy

    def stream(self, cols: int) -> Masker:
        """For a session's output, piece by piece."""
        return Masker(self._finder, cols or 80, self._policy)

    def whole(self, data: bytes, cols: int) -> bytes:
        """All of `data`, which shows a screen or a piece of a stream; what may be the beginning of a secret at its end
        is hidden."""
        masker = self.stream(cols)
        return masker.feed(data) + masker.silent() + masker.flush()

    def lines(self, lines: list[bytes], cols: int) -> list[bytes]:
        """Lines that stand one below the other."""
        shown = self.whole(b"\r\n".join(lines), cols)
        masked: list[bytes] = []
        at = 0
        for line in lines:
            masked.append(shown[at : at + len(line)])
            at += len(line) + 2
        return masked

    def text(self, text: str) -> str:
        """A title, an argument, a line that was on a screen."""
        data = text.encode("utf-8", "surrogateescape")
        shown = self.whole(data, _WIDE)
        return text if shown == data else shown.decode("utf-8", "replace")


def rules_file(paths: Paths) -> Path:
    """The user's own rules."""
    return paths.config / "masking.toml"


def rules(paths: Paths) -> Rules:
    """The shipped rules and the user's. TetherError when those do not fit."""
    file = rules_file(paths)
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return shipped()
    except OSError as error:
        raise TetherError(f"{file} can't be read: {error.strerror}", hint="Make it a file that you can read") from None
    return shipped().joined(parse(text, str(file)))


@cache
def finder(paths: Paths) -> Finder:
    """What finds secrets on this machine: rules, and values of the environment and of login files."""
    every = rules(paths)
    plain = Finder(every)
    values = known.of_environment(dict(os.environ))
    for name in LOGIN_FILES:
        values += known.of_file(_start_of(Path.home() / name), plain)
    own = _start_of(paths.owner_token).strip()
    values += [own] if len(own) >= known.VALUE_MIN else []
    wanted = known.patterns(dict.fromkeys(values[: known.VALUES_MAX]))
    return Finder(every, wanted) if wanted else plain


def load(paths: Paths, egress: Egress, policy: Policy | None = None) -> Mask | None:
    """What masks this way out, or None when its setting is "raw"."""
    return Mask(finder(paths), policy) if egress == "masked" else None


def _start_of(file: Path) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(_FILE_BYTES_MAX)
    except OSError:
        return b""


def snapshot_masked(snapshot: Snapshot, mask: Mask) -> Snapshot:
    """A screen as it may be shown."""
    return msgspec.structs.replace(snapshot, data=mask.whole(snapshot.data, snapshot.cols))


def history_masked(history: History, mask: Mask, cols: int) -> History:
    """Lines that scrolled off, as they may be shown."""
    return msgspec.structs.replace(history, lines=mask.lines(history.lines, cols))


def event_masked(message: Any, mask: Mask) -> Any:
    """An event that is no output: titles, arguments and notes are text, too."""
    match message:
        case Created():
            args = [mask.text(argument) for argument in message.args]
            title = mask.text(message.title)
            if args == message.args and title == message.title:
                return message
            return msgspec.structs.replace(message, args=args, title=title)
        case Titled() if (text := mask.text(message.title)) != message.title:
            return msgspec.structs.replace(message, title=text)
        case Note() if (text := mask.text(message.text)) != message.text:
            return msgspec.structs.replace(message, text=text)
        case _:
            return message


def events_masked(found: Iterable[Event], mask: Mask) -> Iterator[Event]:
    """All events of a session as they may be shown: in order, each with as much output as it had."""
    masker = mask.stream(0)
    queue: deque[Event] = deque()
    shown = b""
    cols = 0
    for event in found:
        if isinstance(event, Output):
            shown += masker.feed(event.data, cols=cols)
        elif isinstance(event, Resized | Created):
            cols = event.cols
        queue.append(event_masked(event, mask))
        shown = yield from _ready(queue, shown)
    yield from _ready(queue, shown + masker.flush())


def _ready(queue: deque[Event], shown: bytes) -> Generator[Event, None, bytes]:
    while queue:
        event = queue[0]
        if isinstance(event, Output):
            size = len(event.data)
            if size > len(shown):
                break
            event, shown = msgspec.structs.replace(event, data=shown[:size]), shown[size:]
        queue.popleft()
        yield event
    return shown
