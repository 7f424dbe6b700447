"""How the gateway is: what `tether status` and `tether debug` show. Never raises for one that is down or ill."""

from __future__ import annotations

from dataclasses import dataclass, field

from tether import secret_files
from tether.cli import gateway, supervising
from tether.cli.supervising import Service
from tether.errors import TetherError, printable
from tether.paths import Paths
from tether.settings import Settings
from tether.wire.views import SessionView


@dataclass
class Health:
    """What `tether status` shows."""

    state: str  # up, starting, degraded, down
    services: list[Service] = field(default_factory=list)
    store: str = ""  # the broker's word on it: ok, down, "stalled: why"
    web: bool = False
    broker: bool = False
    sessions: list[SessionView] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def look(paths: Paths, settings: Settings) -> Health:
    """Look at everything."""
    if not gateway.is_up(paths):
        return Health("down", [Service(name, 0, "stopped") for name in ("supervisord", *supervising.SERVICES)])
    found = Health("up")
    try:
        found.services = supervising.services(paths)
    except TetherError as error:
        found.problems.append(error.message)
        found.services = [Service("supervisord", gateway.supervisor_pid(paths), "unresponsive")]
    found.web = gateway.web_answers(paths, settings)
    try:
        sessions = gateway.ask_sessions(paths, 2.0)
        found.broker, found.store, found.sessions = True, sessions.store, sessions.views
    except TetherError as error:
        found.problems.append(f"broker: {error.message}")
    for service in found.services:
        if service.state in ("fatal", "backoff", "unknown", "stopped", "exited"):
            found.problems += _trouble(paths, service)
    found.state = _state(found)
    return found


def _trouble(paths: Paths, service: Service) -> list[str]:
    lines = [f"{service.name} is {service.state}: {service.detail or 'it ended'}"]
    reason = secret_files.read(paths.run / "web.error") if service.name == "web" else None
    if reason:
        lines.append(f"  {printable(reason, 400)}")
    return lines + [f"  {line}" for line in gateway.last_lines(paths.service_log(service.name), 3)]


def _state(found: Health) -> str:
    states = {service.state for service in found.services}
    if "fatal" in states or "unresponsive" in states:
        return "degraded"
    return "up" if states <= {"running"} and found.broker and found.web else "starting"
