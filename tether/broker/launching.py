"""From a Launch to what the spawner is asked: checked, bounded, and with a command line that only a provider names.

Pure but for looking whether the directory and the program are there. It also keeps the launches that
are under way, from the order to the worker's first word.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tether import providers
from tether.errors import USAGE, TetherError, printable
from tether.providers import Provider
from tether.wire.agents import Prepared
from tether.wire.control import Launch
from tether.wire.ids import public_id
from tether.wire.limits import COLS_MAX, ENV_BYTES_MAX, ROWS_MAX, TITLE_CHARS_MAX

# From the order to the worker's Hello; a launch takes some 20 ms.
LAUNCH_S = 10.0
_COLS, _ROWS = 80, 24  # for a caller that has no terminal
_PATH_CHARS_MAX = 4096


@dataclass(frozen=True)
class Site:
    """What every launch on this gateway has in common: `owner` is the user's name, `machine` its public id."""

    owner: str
    machine: str
    grace_s: float
    ring_bytes: int
    emulator: str = "inline"
    scrollback_lines: int = 4_000
    record: str = "raw"


def clean_title(text: str, default: str) -> str:
    """A title on one line, bounded; `default` when there is none."""
    return printable(text.strip(), TITLE_CHARS_MAX - 1) or default


def build_spec(launch: Launch, provider: Provider, sid: bytes, site: Site) -> dict[str, Any]:
    """The worker's specification. TetherError (codes args, cwd, env, size, agent) when the order can't stand."""
    providers.validate_args(provider, launch.args)
    cwd = _check_cwd(launch.cwd)
    cols, rows = _check_size(launch.cols, launch.rows)
    _check_env(launch.env)
    env = providers.child_environment(provider, launch.env, public_id(sid))
    program, argv = providers.resolve_argv(
        provider, [*providers.resume_args(provider, launch.resume), *launch.args], env
    )
    return {
        "provider": provider.name,
        "program": program,
        "argv": argv,
        "fixed": 1 + len(provider.argv[1:]),  # of argv; what a side channel needs comes behind them
        "beside": provider.side,
        "env": env,
        "cwd": cwd,
        "title": clean_title(launch.title, provider.name),
        "cols": cols,
        "rows": rows,
        "owner": site.owner,
        "machine": site.machine,
        "args": launch.args,
        "grace_s": site.grace_s,
        "ring_bytes": site.ring_bytes,
        "emulator": site.emulator,
        "scrollback_lines": site.scrollback_lines,
        "record": site.record,
        "share": launch.share,
        "titles": [[rule.match, rule.state] for rule in provider.titles],
        "parent": launch.parent if launch.resume else "",
    }


def with_channel(spec: dict[str, Any], needed: Prepared, socket: str = "") -> dict[str, Any]:
    """The specification with what the agent's side channel needs: arguments in front of the agent's own, environment,
    and the provider's side program listening on `socket` ("" runs none)."""
    fixed = spec["fixed"]
    argv = [*spec["argv"][:fixed], *needed.args, *spec["argv"][fixed:]]
    changed = {**spec, "argv": argv, "env": {**spec["env"], **needed.env}}
    if socket and (side := providers.resolve_side(spec["beside"], socket, changed["env"])):
        changed["side"] = [[*side, *needed.side_args], socket, spec["argv"]]
    return changed


def _check_cwd(cwd: str) -> str:
    def refuse(reason: str) -> TetherError:
        return TetherError(
            f"The working directory {printable(cwd, 120)!r} {reason}",
            hint="Name a directory that exists, by its absolute path",
            code="cwd",
            status=USAGE,
        )

    if not cwd.startswith("/") or "\0" in cwd or len(cwd) > _PATH_CHARS_MAX:
        raise refuse("is not an absolute path")
    if not os.path.isdir(cwd):
        raise refuse("does not exist, or is no directory")
    if not os.access(cwd, os.X_OK):
        raise refuse("can't be entered by you")
    return cwd


def _check_size(cols: int, rows: int) -> tuple[int, int]:
    cols, rows = cols or _COLS, rows or _ROWS
    if not valid_size(cols, rows):
        raise TetherError(
            f"A terminal of {cols}x{rows} cells can't be made",
            hint=f"Columns are 1 to {COLS_MAX}, rows 1 to {ROWS_MAX}",
            code="size",
            status=USAGE,
        )
    return cols, rows


def valid_size(cols: int, rows: int) -> bool:
    """True when a terminal can have this size, in cells."""
    return 1 <= cols <= COLS_MAX and 1 <= rows <= ROWS_MAX


def _check_env(env: dict[str, str]) -> None:
    size = sum(len(name.encode()) + len(value.encode()) + 2 for name, value in env.items())
    if size > ENV_BYTES_MAX:
        raise TetherError(f"The environment has {size} bytes; at most {ENV_BYTES_MAX} can be passed", code="env")
    for name, value in env.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise TetherError(f"The variable {printable(name, 60)!r} can't be passed on", code="env", status=USAGE)


@dataclass(slots=True)
class Pending:
    """One launch under way: who asked, what to tell the spawner, and through which of its connections (0: not yet)
    it was told."""

    sid: bytes
    peer: bytes
    req: int
    spec: dict[str, Any]
    deadline: float
    told: int = 0
    spawned: bool = False
    worker: int = 0  # the process that the spawner gave the session to
    prepared_by: float = 0.0  # monotonic second until which the adapter has time; 0: it was not asked, or has answered


class Launches:
    """The launches under way, by session and by the spawner's number for them."""

    def __init__(self) -> None:
        self.by_sid: dict[bytes, Pending] = {}
        self._by_number: dict[int, bytes] = {}
        self._number = 0

    def add(self, pending: Pending) -> None:
        self.by_sid[pending.sid] = pending

    def order(self, pending: Pending, connection: int) -> dict[str, Any]:
        """The order to the spawner, about to be told through `connection`."""
        self._number += 1
        self._by_number[self._number] = pending.sid
        pending.told = connection
        return {"op": "spawn", "req": self._number, "sid": pending.sid.hex(), "spec": pending.spec}

    def waiting(self, connection: int) -> list[Pending]:
        """Those that the spawner at the other end of `connection` has not been told of."""
        return [
            one for one in self.by_sid.values() if one.told != connection and not one.spawned and not one.prepared_by
        ]

    def unprepared(self, now: float) -> list[Pending]:
        """Those whose adapter has not answered in its time."""
        return [one for one in self.by_sid.values() if one.prepared_by and now >= one.prepared_by]

    def spawned(self, number: int, worker: int = 0) -> None:
        """The spawner has given the session to the process `worker`, which will introduce itself."""
        pending = self.by_sid.get(self._by_number.get(number, b""))
        if pending is not None:
            pending.spawned, pending.worker = True, worker

    def worker_of(self, sid: bytes) -> int:
        """The process that is to be the worker of a session that is being started; 0 when that is not known."""
        pending = self.by_sid.get(sid)
        return pending.worker if pending is not None else 0

    def failed(self, number: int) -> Pending | None:
        """The spawner could not; the launch is over."""
        return self.finish(self._by_number.get(number, b""))

    def finish(self, sid: bytes) -> Pending | None:
        """The launch of `sid` is over, well or not. None when none was under way."""
        pending = self.by_sid.pop(sid, None)
        if pending is not None:
            for number in [n for n, known in self._by_number.items() if known == sid]:
                del self._by_number[number]
        return pending

    def overdue(self, now: float) -> list[Pending]:
        """Those that have taken too long; they are over."""
        late = [one for one in self.by_sid.values() if now >= one.deadline]
        for one in late:
            self.finish(one.sid)
        return late
