"""What is hidden in output on its way out of here: by the shipped rules, the user's, and values known on this machine.

Each way out asks `load` once, and masks a session once for all who get the same.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from tether.errors import TetherError
from tether.knownvalues import KnownValues
from tether.paths import Paths
from tether.redact.finding import Finder
from tether.redact.hostile import Policy
from tether.redact.rules import Rules, parse, shipped
from tether.redact.stream import Masker
from tether.settings import Egress
from tether.wire.agents import Active, Approval, Asked, Part, Settled, Told
from tether.wire.control import History, Snapshot
from tether.wire.events import Created, Event, Note, Output, Resized, Titled
from tether.wire.views import ENDED, SessionView

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
def known(paths: Paths) -> KnownValues:
    """What this process knows to be secret, and what finds it. TetherError when the user's rules do not fit."""
    return KnownValues(rules(paths), paths)


def load(paths: Paths, egress: Egress, policy: Policy | None = None, agents: Iterable[SessionView] = ()) -> Mask | None:
    """What masks this way out, or None when its setting is "raw". What `agents` were given is hidden everywhere."""
    if egress == "raw":
        return None
    values = known(paths)
    for view in agents:
        meet(values, view)
    return Mask(values.finder, policy)


def hide_logs(paths: Paths) -> None:
    """What this process writes to its log is masked from now on, whatever a stranger had it write."""
    mask = Mask(known(paths).finder)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_MaskedLines(mask, handler.formatter or logging.Formatter()))


class _MaskedLines(logging.Formatter):
    def __init__(self, mask: Mask, inner: logging.Formatter) -> None:
        super().__init__()
        self._mask = mask
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return self._mask.text(self._inner.format(record))


def meet(values: KnownValues, view: SessionView) -> bool:
    """Learn what a session's agent was given. False when it runs and its environment can't be read now."""
    return view.state in ENDED or (view.agent_pid > 0 and values.meet(view.agent_pid, view.id))


def snapshot_masked(snapshot: Snapshot, mask: Mask) -> Snapshot:
    """A screen as it may be shown."""
    return msgspec.structs.replace(snapshot, data=mask.whole(snapshot.data, snapshot.cols))


def view_masked(view: SessionView, mask: Mask) -> SessionView:
    """A session as lists may show it: its title and what it is about are words of people and programs."""
    shown = {
        name: text for name in ("title", "detail") if (text := mask.text(getattr(view, name))) != getattr(view, name)
    }
    args = [mask.text(argument) for argument in view.args]
    activity = view.activity
    if activity is not None and (why := mask.text(activity.why)) != activity.why:
        activity = msgspec.structs.replace(activity, why=why)
    if not shown and args == view.args and activity is view.activity:
        return view
    return msgspec.structs.replace(view, **shown, args=args, activity=activity)


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
        case Asked():
            return msgspec.structs.replace(message, approval=approval_masked(message.approval, mask))
        case Part():
            return msgspec.structs.replace(message, data=mask.whole(message.data, _WIDE))
        case Told() if message.text or message.facts:
            facts = {name: mask.text(value) for name, value in message.facts.items()}
            return msgspec.structs.replace(message, text=mask.text(message.text), facts=facts)
        case Settled() if message.reason or message.answers:
            answers = {question: mask.text(given) for question, given in message.answers.items()}
            return msgspec.structs.replace(message, reason=mask.text(message.reason), answers=answers)
        case Active() if message.activity.why:
            activity = msgspec.structs.replace(message.activity, why=mask.text(message.activity.why))
            return msgspec.structs.replace(message, activity=activity)
        case _:
            return message


def approval_masked(record: Approval, mask: Mask) -> Approval:
    """What an agent asks, as it may be shown."""
    exact = mask.whole(record.exact, _WIDE)
    shown = {name: mask.text(getattr(record, name)) for name in ("title", "intent", "diff", "detail", "reason")}
    return msgspec.structs.replace(record, exact=exact, **shown)


def events_masked(found: Iterable[Event], mask: Mask) -> Iterator[Event]:
    """All events of a session as they may be shown: in order, each with as much output as it had."""
    reading = EventMask(mask)
    for event in found:
        yield from reading.take(event)
    yield from reading.rest()


class EventMask:
    """Events of one session, given one by one; each leaves when the whole of its output may be shown."""

    def __init__(self, mask: Mask | None) -> None:
        self._mask = mask
        self._masker = mask.stream(0) if mask is not None else None
        self._queue: deque[Event] = deque()
        self._shown = b""
        self._cols = 0

    def take(self, event: Event) -> list[Event]:
        """What may be shown once `event` is there."""
        if self._mask is None or self._masker is None:
            return [event]
        if isinstance(event, Output):
            self._shown += self._masker.feed(event.data, cols=self._cols)
        elif isinstance(event, Resized | Created):
            self._cols = event.cols
        self._queue.append(event_masked(event, self._mask))
        return list(self._ready())

    def rest(self) -> list[Event]:
        """What is left at the end."""
        if self._masker is not None:
            self._shown += self._masker.flush()
        return list(self._ready())

    def _ready(self) -> Iterator[Event]:
        while self._queue:
            event = self._queue[0]
            if isinstance(event, Output):
                size = len(event.data)
                if size > len(self._shown):
                    break
                event, self._shown = msgspec.structs.replace(event, data=self._shown[:size]), self._shown[size:]
            self._queue.popleft()
            yield event
