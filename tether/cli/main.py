"""Entry of the `tether` command: a fast path for what shells and scripts call often, then everything else.

Nothing heavy may be imported before the fast path has declined: Python itself starts in 10 ms, typer takes 45 more,
the message bus 90.
"""

import sys


def main() -> int:
    """Run the command line in `sys.argv`; the exit status."""
    argv = sys.argv[1:]
    if argv in (["--version"], ["version"]):
        from tether import __version__

        print(f"tether {__version__}")
        return 0
    from tether.cli import fastlist

    if argv and argv[0] in fastlist.VERBS:
        status = fastlist.answer(argv)
        if status is not None:
            return status
    if argv[:1] == ["mask"]:
        status = _mask(argv)
        if status is not None:
            return status
    from tether.cli import app

    return app.run(argv)


def _mask(argv: list[str]) -> int | None:
    from tether.cli import masking
    from tether.errors import TetherError

    try:
        return masking.answer(argv)
    except TetherError as error:
        from tether.cli.call import report

        return report(error)
