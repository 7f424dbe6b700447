"""The command line proper: which verb lives where, global options, and what errors become."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, Any, Final

import typer

from tether import __version__
from tether.cli import argv as argv_rules
from tether.cli.call import CALL, report, warn
from tether.errors import FAILED, INTERRUPTED, USAGE, TetherError, printable

# Verb -> module. A verb's module is imported only when the verb is asked for; help imports all of them.
VERBS: Final = {
    "run": "running",
    "attach": "attaching",
    "detach": "attaching",
    "ls": "listing",
    "ps": "listing",
    "clients": "listing",
    "providers": "listing",
    "why": "explaining",
    "resume": "running",
    "logs": "reading",
    "events": "reading",
    "export": "exporting",
    "snapshot": "screening",
    "replay": "screening",
    "search": "searching",
    "diff": "reviewing",
    "turns": "reviewing",
    "files": "reviewing",
    "approvals": "deciding",
    "show": "deciding",
    "approve": "deciding",
    "deny": "deciding",
    "answer": "deciding",
    "grants": "granting",
    "policy": "ruling",
    "transcript": "transcribing",
    "mask": "masking",
    "mcp": "tooling",
    "send": "typing",
    "keys": "typing",
    "wait": "waiting",
    "rename": "typing",
    "start": "lifecycle",
    "stop": "stopping",
    "restart": "lifecycle",
    "status": "lifecycle",
    "debug": "debugging",
    "open": "linking",
    "app": "linking",
    "url": "linking",
    "pair": "pairing",
    "devices": "devices",
    "revoke": "devices",
    "config": "configuring",
    "audit": "auditing",
    "lan": "exposing",
    "tunnel": "exposing",
    "completion": "configuring",
}

_EPILOG: Final = (
    "Global options (see: tether --help) may stand anywhere: --json -q --no-color --yes --no-input --timeout"
)


def run(argv: list[str]) -> int:
    """Run one command line; the exit status."""
    arranged = argv_rules.arrange(argv)
    verb = next((word for word in arranged if not word.startswith("-") and word in VERBS), "")
    CALL.json = "--json" in arranged
    app = build(verb)
    try:
        result = app(args=arranged, prog_name="tether", standalone_mode=False)
        status = result if isinstance(result, int) else 0
        sys.stdout.flush()
        return status
    except TetherError as error:
        return report(error)
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would complain once more while it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:
        return report(TetherError(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), status=FAILED))
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return report(_usage(error, verb))


def build(verb: str = "") -> typer.Typer:
    """The command with the one verb, or with all of them."""
    app = typer.Typer(
        name="tether",
        help="Run AI agents in sessions that outlive everything, and attach to them from any screen.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Examples: tether run shell | tether ls | tether attach k3v9 | tether logs k3v9 -f | tether stop k3v9",
    )
    app.callback()(_globals)
    modules = [VERBS[verb]] if verb else list(dict.fromkeys(VERBS.values()))
    for name in modules:
        importlib.import_module(f"tether.cli.verbs.{name}").register(app)
    for command in app.registered_commands:
        command.epilog = f"{command.epilog}\n\n{_EPILOG}" if command.epilog else _EPILOG
    return app


def _globals(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout; errors as JSON on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only data; for lists, only ids.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours (NO_COLOR does the same).")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Answer yes to what would be asked.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds to wait for an answer.")] = None,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    CALL.json, CALL.quiet, CALL.color = json, quiet, not no_color
    CALL.yes, CALL.input, CALL.timeout_s = yes, not no_input, timeout
    if timeout is not None and not 0 <= timeout <= 1e9:
        raise TetherError(f"--timeout {timeout:g} is not a number of seconds", code="usage", status=USAGE)
    if version:
        print(f"tether {__version__}")
        raise typer.Exit(0)


def _usage(error: Any, verb: str) -> TetherError:
    """A mistake on the command line, in our own form."""
    message = str(error.format_message()).strip() or "The command line is incomplete"
    hint = f"See: tether {verb} --help" if verb else "See: tether --help"
    return TetherError(printable(message, 400), hint=hint, code="usage", status=USAGE)


__all__ = ["VERBS", "build", "run", "warn"]
