"""The wall time of listing three sessions, and of the interpreters' own start."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import machine, npm_setup
from tests.bench.run import Run, Sampler


def ls(run: Run) -> None:
    """See the module."""
    rounds = 6 if run.quick else 20
    commands: dict[str, tuple[list[str | Path], dict[str, str] | None]] = {
        "python -I -S -c pass": ([sys.executable, "-I", "-S", "-c", "pass"], None),
    }
    if (node := npm_setup.node()) is not None:
        commands["node -e 0"] = ([node, "-e", "0"], None)
    for peer in run.peers("tmux", "tether"):
        peer.hold(3)
        commands[f"{peer.name} ls"] = (peer.list_command(), peer.env)  # type: ignore[attr-defined]

    def sampler(argv: list[str | Path], env: dict[str, str] | None) -> Sampler:
        return lambda: (machine.wall(argv, env) * 1000, {})

    run.rounds("ls", "ms", rounds, {name: sampler(*command) for name, command in commands.items()})
