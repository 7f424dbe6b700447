"""Which session a person means: by id, by a unique beginning of it, or by title. Live ones come before ended ones."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from tether.bus import BrokerClient
from tether.cli import gateway
from tether.cli.call import interactive, line
from tether.errors import NOT_FOUND, USAGE, TetherError, printable
from tether.paths import Paths
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.ids import normalise_public
from tether.wire.views import ENDED, SessionView

_SHOWN = 10


def pick(text: str, views: Sequence[SessionView]) -> SessionView | None:
    """The session that `text` names: a whole id, else an exact title, else the unique beginning of an id. None when
    there is none; TetherError (status 2, code ambiguous) naming the candidates when there are several."""
    prefix = normalise_public(text)
    whole = [view for view in views if view.id == text.strip().lower()]
    titled = [view for view in views if view.title == text]
    begun = [view for view in views if prefix is not None and view.id.startswith(prefix)]
    found = whole or titled or begun
    if len(found) > 1:
        raise TetherError(
            f"{line(text, 60)!r} fits {len(found)} sessions",
            hint="Say which:\n" + candidates(found),
            code="ambiguous",
            status=USAGE,
        )
    return found[0] if found else None


def candidates(views: Sequence[SessionView]) -> str:
    """A few sessions, one a line."""
    shown = [f"{view.id}  {view.state:<8} {line(view.title, 50)}" for view in views[-_SHOWN:]]
    if len(views) > _SHOWN:
        shown.append(f"… and {len(views) - _SHOWN} more: tether ls -a")
    return "\n".join(shown)


def live(paths: Paths, broker: BrokerClient | None = None) -> list[SessionView]:
    """The sessions that live now, oldest first. TetherError when the gateway does not answer."""
    return [view for view in gateway.ask_sessions(paths, broker=broker).views if view.state not in ENDED]


def recorded(paths: Paths) -> list[SessionView]:
    """Every session in the log, oldest first; [] when there is no log yet."""
    with contextlib.closing(LogReader(paths)) as log, contextlib.suppress(LogUnavailable):
        return log.sessions()
    return []


def every(paths: Paths) -> list[SessionView]:
    """All sessions, oldest first: what the broker says of the live ones, what the log says of the others."""
    by_sid = {view.sid: view for view in recorded(paths)}
    with contextlib.suppress(TetherError):
        for view in gateway.ask_sessions(paths).views:
            known = by_sid.get(view.sid)
            if known is None or known.state not in ENDED:
                by_sid[view.sid] = view
    return [by_sid[sid] for sid in sorted(by_sid)]


def unended(paths: Paths) -> list[SessionView]:
    """Every session that is not known to have ended, oldest first: `live`, and those that are in the log alone because
    their worker is being replaced and the broker has just started."""
    return [view for view in every(paths) if view.state not in ENDED]


def find_live(paths: Paths, text: str | None, broker: BrokerClient | None = None) -> SessionView:
    """The live session that `text` names, or the only one there is. TetherError otherwise."""
    gateway.require_up(paths)
    views = live(paths, broker)
    if text is None:
        return _only(views)
    found = pick(text, views)
    if found is None:
        ended = find_ended(paths, text)
        if ended is not None:
            raise TetherError(
                f"Session {ended.id} has ended ({ended.state})",
                hint=f"Its last screen: tether snapshot {ended.id}; all of it: tether logs {ended.id}",
                code="ended",
                status=NOT_FOUND,
            )
        raise unknown(text, views)
    return found


def find_ended(paths: Paths, text: str) -> SessionView | None:
    """The session that `text` names among those that have ended; None when it names none. TetherError for several."""
    return pick(text, [view for view in recorded(paths) if view.state in ENDED])


def find_any(paths: Paths, text: str | None) -> SessionView:
    """The session that `text` names, live or ended. TetherError otherwise."""
    views = every(paths)
    now = [view for view in views if view.state not in ENDED]
    if text is None:
        return _only(now)
    found = pick(text, now) or pick(text, views)
    if found is None:
        raise unknown(text, views)
    return found


def unknown(text: str, views: Sequence[SessionView]) -> TetherError:
    """No session has that name."""
    hint = "Sessions:\n" + candidates(views) if views else "There are no sessions. Start one: tether run shell"
    return TetherError(f"There is no session {printable(text, 60)!r}", hint=hint, code="not-found", status=NOT_FOUND)


def _ask(views: Sequence[SessionView]) -> SessionView:
    """Let the person choose."""
    for number, view in enumerate(views, 1):
        print(f"{number:>3}  {view.id}  {view.state:<8} {line(view.title, 50)}", file=sys.stderr)
    print("Which one? (number, id or title) ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(views):
        return views[int(answer) - 1]
    found = pick(answer, views) if answer else None
    if found is None:
        raise unknown(answer, views)
    return found


def _only(views: Sequence[SessionView]) -> SessionView:
    if len(views) == 1:
        return views[0]
    if views and interactive():
        return _ask(views)
    if not views:
        raise TetherError(
            "There are no live sessions", hint="Start one: tether run shell", code="not-found", status=NOT_FOUND
        )
    raise TetherError(
        f"There are {len(views)} live sessions", hint="Say which:\n" + candidates(views), code="ambiguous", status=USAGE
    )
