"""Settings: one frozen struct, read once when a process starts; its comments are the reference.

`config.toml` in the configuration directory, then environment variables; later wins. A file that
does not fit is an error that names the file, the key and the fix; it is never half used.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from tether.errors import USAGE, TetherError
from tether.wire.limits import HISTORY_LINES_MAX

PORT_DEFAULT = 4789
_GIB = 1 << 30
QUOTA_DEFAULT_MAX = 10 * _GIB
QUOTA_MIN = 1 << 20


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[web]"""

    # The port on 127.0.0.1. TETHER_PORT overrides it.
    port: int = PORT_DEFAULT
    # Whether programs in sessions may write the clipboard of who looks on in a browser (OSC 52), at most 8 KiB.
    clipboard: bool = False


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[log] What is kept of every session's events."""

    # "quota" removes the oldest output when the log is over its quota; "all" keeps everything.
    keep: Literal["quota", "all"] = "quota"
    # The quota in bytes; 0 is the smaller of 10 GiB and a tenth of the disk.
    quota_bytes: int = 0


class SessionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[session]"""

    # Seconds from asking a session to end (HUP, TERM) until what is left of it is killed.
    stop_grace_s: float = 5.0
    # Output that is not on disk yet, in bytes, before the agent is made to wait.
    ring_bytes: int = 4 * 1024 * 1024
    # "inline" keeps a model of each session's screen in its worker: it is what attaching shows, and it answers what
    # programs ask of their terminal. "off" for sessions started from then on: attaching shows the screen made from the
    # log, and the terminals of those who are attached answer.
    emulator: Literal["inline", "off"] = "inline"
    # Lines that have scrolled off and are kept by the model, nine bytes a cell until the session rests and they are
    # compressed. Older ones are in the log.
    scrollback_lines: int = 4_000


class AttachSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[attach]"""

    # Keys that detach: a prefix and a letter, as in "ctrl-\\ d"; "none" turns them off. TETHER_DETACH_KEYS
    # overrides it.
    detach_keys: str = "ctrl-\\ d"
    # Lines of what scrolled off that `tether attach` shows above the session's screen: they go into your terminal's own
    # scrollback.
    history_lines: int = 100


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[agents]"""

    # Tether's own tools (MCP), which agents are given for their session: to ask you, to report, and to read. "own":
    # they read their own session and what is one conversation with it; "all": every session of this gateway; "off":
    # agents that are started from then on get no tools.
    tools: Literal["own", "all", "off"] = "own"


Egress = Literal["masked", "raw"]


class MaskingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[masking] Where credentials in output are hidden ("masked") and where they are not ("raw")."""

    # Browsers, and programs over HTTP: live output, screens, events.
    web: Egress = "masked"
    # `tether search`.
    search: Egress = "masked"
    # `tether snapshot`.
    snapshot: Egress = "masked"
    # `tether export`.
    export: Egress = "masked"
    # The owner's own terminal on this machine: `tether attach`, and `tether run` without -d.
    attach: Egress = "raw"
    # `tether logs`, `tether events` and `tether replay` of a session.
    logs: Egress = "raw"
    # What is recorded of sessions started from then on. "masked": secrets are in no file, no terminal shows them, and
    # nobody can bring them back; a worker that is killed loses the few bytes that it holds back.
    log: Egress = "raw"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a user may set."""

    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    session: SessionSettings = SessionSettings()
    attach: AttachSettings = AttachSettings()
    agents: AgentSettings = AgentSettings()
    masking: MaskingSettings = MaskingSettings()


def load(path: Path, environ: dict[str, str] | None = None) -> Settings:
    """Read `path` (it may be absent) and the environment. TetherError when anything in them does not fit."""
    env = dict(os.environ) if environ is None else environ
    document = _read(path)
    _override(document, env)
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        key = where.strip("`").removeprefix("$.") or "the top level"
        raise _invalid(path, f"{key}: {reason}", f"Correct {key} in {path}, or remove it to use the default") from None
    _check(settings, path)
    return settings


def quota_bytes(settings: LogSettings, directory: Path) -> int | None:
    """The log's quota in bytes, or None when everything is kept."""
    if settings.keep == "all":
        return None
    if settings.quota_bytes:
        return settings.quota_bytes
    return min(QUOTA_DEFAULT_MAX, shutil.disk_usage(directory).total // 10)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _invalid(path, f"it can't be read: {error.strerror}", f"Make {path} a file that you can read") from None
    try:
        return tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(
            path, f"it is not TOML: {error}", f"Correct that line of {path}, or move the file away"
        ) from None


def _override(document: dict[str, Any], env: dict[str, str]) -> None:
    port = env.get("TETHER_PORT", "")
    if port:
        if not (port.isascii() and port.isdigit()):
            raise TetherError(
                f"TETHER_PORT is not a port: {port!r}",
                hint="Set it to a number from 1024 to 65535",
                code="settings",
                status=USAGE,
            )
        _section(document, "web")["port"] = int(port)
    keys = env.get("TETHER_DETACH_KEYS", "")
    if keys:
        _section(document, "attach")["detach_keys"] = keys


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.setdefault(name, {})
    return section if isinstance(section, dict) else {}


def _check(settings: Settings, path: Path) -> None:
    bounds: tuple[tuple[str, float, float, float], ...] = (
        ("web.port", settings.web.port, 1, 65535),
        ("session.stop_grace_s", settings.session.stop_grace_s, 0, 3600),
        ("session.ring_bytes", settings.session.ring_bytes, 256 * 1024, 1 << 30),
        ("attach.history_lines", settings.attach.history_lines, 0, HISTORY_LINES_MAX),
        ("session.scrollback_lines", settings.session.scrollback_lines, 0, 1_000_000),
    )
    for key, value, low, high in bounds:
        if not low <= value <= high:
            raise _invalid(path, f"{key}: {value} is not from {low:g} to {high:g}", f"Correct {key} in {path}")
    quota = settings.log.quota_bytes
    if quota and quota < QUOTA_MIN:
        raise _invalid(
            path, f"log.quota_bytes: {quota} is under {QUOTA_MIN}", 'Raise it, or set keep = "all" under [log]'
        )


def _invalid(path: Path, message: str, hint: str) -> TetherError:
    return TetherError(f"Settings file {path}: {message}", hint=hint, code="settings", status=USAGE)
