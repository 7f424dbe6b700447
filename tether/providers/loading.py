"""Read provider files, and build what they allow: argv and the agent's environment.

Pure but for reading the files. A provider file that does not fit is an error naming file and key.
"""

from __future__ import annotations

import fnmatch
import os
import pwd
import re
import stat
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from tether.errors import USAGE, TetherError, printable
from tether.wire.limits import ARG_BYTES_MAX, ARGS_BYTES_MAX, ARGS_MAX, ENV_BYTES_MAX

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SHIPPED = Path(__file__).parent

# What every agent may inherit; a provider's `environment` adds to it. Never Tether's own variables.
_BASE_ENVIRONMENT = (
    "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "EDITOR", "VISUAL", "PAGER",
    "XDG_*", "SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
# Never inherited, whatever a provider file says: multiplexers' and agents' marks, and what changes a program's loading.
_SCRUBBED = ("TETHER*", "TMUX*", "STY", "WINDOW", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "LD_*", "DYLD_*")


class TitleRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a title says of the agent: the first rule whose `match` (a regular expression) is found in it counts."""

    match: str
    state: Literal["working", "waiting", "idle", "approval"]


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of agent is started."""

    name: str
    # The program and its fixed arguments. Not set for login_shell.
    argv: list[str] = []
    # "any" passes the caller's arguments on behind argv; "none" refuses them.
    args: Literal["any", "none"] = "any"
    # The user's login shell with -l stands for argv.
    login_shell: bool = False
    # Names (with * patterns) of variables that the agent may inherit, beyond those every agent may.
    environment: list[str] = []
    # Variables with fixed values.
    set: dict[str, str] = {}
    # What to do when the program is missing, for people.
    install: str = ""
    # A program to run beside the agent, with "{socket}" where it is told the Unix socket to listen on. It serves the
    # agent's own interface and Tether; it is started only when the channel to the agent can use it.
    side: list[str] = []
    description: str = ""
    # The side channel that Tether opens beside the terminal: claude, codex or opencode; "" is none.
    channel: str = ""
    # Its version (by --version) with which the side channel was tried, and the oldest that it is offered to.
    tested: str = ""
    oldest: str = ""
    # Arguments with which a conversation is gone on with; {id} is its name. Empty: the program can't.
    resume: list[str] = []
    # Where a first prompt goes: an argument of its own, behind a flag, or "" for nowhere.
    prompt: str = ""
    # What its title says.
    titles: list[TitleRule] = []
    # Further variables that it never inherits.
    scrub: list[str] = []


def load_all(user_directory: Path) -> dict[str, Provider]:
    """Every provider by name, the user's own files over the shipped ones. TetherError when a file does not fit."""
    found: dict[str, Provider] = {}
    for directory in (_SHIPPED, user_directory):
        for path in sorted(directory.glob("*.toml")):
            provider = _load(path)
            found[provider.name] = provider
    return found


def names(user_directory: Path) -> list[str]:
    """The names of all providers, in order."""
    return sorted(load_all(user_directory))


def find(name: str, user_directory: Path) -> Provider:
    """The provider `name`. TetherError when it is not whitelisted."""
    every = load_all(user_directory)
    if name not in every:
        raise TetherError(
            f"There is no provider named {printable(name, 60)!r}",
            hint=f"Known: {', '.join(sorted(every))}. A new one is a TOML file in {user_directory}",
            code="provider",
            status=USAGE,
        )
    return every[name]


def validate_args(provider: Provider, args: list[str]) -> None:
    """Check the caller's arguments for `provider`. TetherError (code args) when they can't be passed on."""
    if args and provider.args == "none":
        raise TetherError(
            f"{provider.name} takes no arguments, and got {printable(args[0], 60)!r}",
            hint=f"Run: tether run {provider.name}",
            code="args",
            status=USAGE,
        )
    if len(args) > ARGS_MAX:
        raise TetherError(f"{len(args)} arguments are too many (at most {ARGS_MAX})", code="args", status=USAGE)
    total = 0
    for number, arg in enumerate(args, 1):
        size = len(os.fsencode(arg)) if _encodable(arg) else -1
        total += size
        if size < 0 or "\0" in arg:
            raise TetherError(f"Argument {number} holds a NUL or is not text", code="args", status=USAGE)
        if size > ARG_BYTES_MAX:
            raise TetherError(
                f"Argument {number} has {size} bytes; at most {ARG_BYTES_MAX} can be passed to a program",
                hint="Put long text in a file and name the file",
                code="args",
                status=USAGE,
            )
    if total > ARGS_BYTES_MAX:
        raise TetherError(
            f"The arguments have {total} bytes together (at most {ARGS_BYTES_MAX})", code="args", status=USAGE
        )


def resolve_argv(provider: Provider, args: list[str], env: dict[str, str]) -> tuple[str, list[str]]:
    """The file to execute and its argv. TetherError (code agent) when the program is not installed.

    A login shell is told so by argv[0] ("-zsh"), as login(1) does.
    """
    if provider.login_shell:
        shell = login_shell()
        return shell, ["-" + os.path.basename(shell)]
    program = _which(provider.argv[0], env.get("PATH", os.defpath))
    if program is None:
        raise TetherError(
            f"{provider.argv[0]} is not installed, or not on the PATH that this command sees",
            hint=provider.install or f"Install {provider.argv[0]} and try again",
            code="agent",
            status=127,
        )
    return program, [program, *provider.argv[1:], *args]


def resolve_side(words: list[str], socket: str, env: dict[str, str]) -> list[str]:
    """The argv of what runs beside the agent and listens on `socket`; empty when there is no such program."""
    program = _which(words[0], env.get("PATH", os.defpath)) if words else None
    return [program, *(word.replace("{socket}", socket) for word in words[1:])] if program else []


_CONVERSATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def resume_args(provider: Provider, conversation: str) -> list[str]:
    """The arguments with which `conversation` is gone on with; none for "". TetherError (code args) if it can't."""
    if not conversation:
        return []
    if not provider.resume or not _CONVERSATION.fullmatch(conversation):
        raise TetherError(
            f"{provider.name} can't go on with the conversation {printable(conversation, 60)!r}",
            hint=f"Start a new session: tether run {provider.name}",
            code="args",
            status=USAGE,
        )
    return [word.replace("{id}", conversation) for word in provider.resume]


def login_shell() -> str:
    """The user's login shell: from the user database, else $SHELL, else /bin/sh; always an executable file."""
    try:
        recorded = pwd.getpwuid(os.geteuid()).pw_shell
    except KeyError:
        recorded = ""
    for candidate in (os.environ.get("SHELL", ""), recorded, "/bin/sh"):
        if candidate.startswith("/") and _executable(candidate):
            return candidate
    return "/bin/sh"


def child_environment(provider: Provider, offered: dict[str, str], session: str) -> dict[str, str]:
    """The agent's whole environment: what is allowed of `offered`, what the provider sets, and Tether's marks."""
    allowed, scrubbed = (*_BASE_ENVIRONMENT, *provider.environment), (*_SCRUBBED, *provider.scrub)
    env = {
        name: value
        for name, value in offered.items()
        if _matches(name, allowed) and not _matches(name, scrubbed) and "\0" not in value and "=" not in name
    }
    env.update(provider.set)
    env.setdefault("PATH", os.defpath)
    env.update(
        TERM="xterm-256color", COLORTERM="truecolor", TERM_PROGRAM="tether", TETHER="1", TETHER_SESSION_ID=session
    )
    return env


def offered_environment(provider: Provider, environ: dict[str, str]) -> dict[str, str]:
    """What of the caller's environment is worth sending for `provider`: the allowed part, bounded in size."""
    allowed = (*_BASE_ENVIRONMENT, *provider.environment)
    offered: dict[str, str] = {}
    size = 0
    for name, value in environ.items():
        if _matches(name, allowed) and not _matches(name, _SCRUBBED) and _encodable(value) and _encodable(name):
            size += len(os.fsencode(name)) + len(os.fsencode(value)) + 2
            if size > ENV_BYTES_MAX:
                raise TetherError(
                    f"The environment passed to {provider.name} is over {ENV_BYTES_MAX} bytes", code="env"
                )
            offered[name] = value
    return offered


def _load(path: Path) -> Provider:
    """The provider in `path`, parsed again only when the file has changed: a launch looks at all of them."""
    try:
        found = path.stat()
    except OSError:
        return _parse(path)  # which says what is wrong
    signature = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    known = _parsed.get(path)
    if known is None or known[0] != signature:
        known = _parsed[path] = (signature, _parse(path))
    return known[1]


_parsed: dict[Path, tuple[tuple[int, ...], Provider]] = {}


def _parse(path: Path) -> Provider:
    def invalid(reason: str, hint: str) -> TetherError:
        return TetherError(f"Provider file {path}: {reason}", hint=hint, code="provider", status=USAGE)

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        provider = msgspec.convert(document, Provider)
    except msgspec.ValidationError as error:
        raise invalid(str(error).replace(" - at `$.", " (key ").replace("`", ")"), f"Correct it in {path}") from None
    except (OSError, ValueError) as error:
        raise invalid(f"it can't be read: {error}", f"Correct or remove {path}") from None
    if not _NAME.fullmatch(provider.name):
        raise invalid(f"name: {provider.name!r} is not lower-case letters, digits and hyphens", "Give it another name")
    if provider.login_shell == bool(provider.argv):
        raise invalid(
            "argv: exactly one of argv and login_shell must be set", "Set argv to the program and its arguments"
        )
    for rule in provider.titles:
        try:
            re.compile(rule.match)
        except re.error as error:
            raise invalid(f"titles: {rule.match!r} is no regular expression: {error}", "Correct it") from None
    if any("\0" in word or not word for word in provider.argv):
        raise invalid("argv: an empty word or a NUL", "Correct argv")
    return provider


def _which(program: str, path: str) -> str | None:
    if "/" in program:
        return program if program.startswith("/") and _executable(program) else None
    for directory in path.split(os.pathsep):
        candidate = os.path.join(directory, program)
        if directory.startswith("/") and _executable(candidate):
            return candidate
    return None


def _executable(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
