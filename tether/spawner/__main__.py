"""`python -m tether.spawner`: the service, put together with the worker that its nursery forks."""

from __future__ import annotations

import gc

from tether import service
from tether.paths import Paths
from tether.spawner.nursery import RunSpare


def main() -> None:
    """Hold terminals; let the nursery fork."""
    paths = service.start("spawner")
    service.become_subreaper()
    from tether.spawner.serving import Spawner

    Spawner(paths, lambda: load(paths)).run()


def load(paths: Paths) -> RunSpare:
    """In the nursery, which is the one process that knows both rooms: import what workers need, once."""
    from tether.ptyworker.process import make_ready, preload, run_spare
    from tether.ptyworker.rehearsal import rehearse

    names = paths.for_workers
    emulated = preload(names)
    rehearse(emulated=emulated, then=make_ready if emulated else None)
    gc.collect()
    gc.freeze()
    return lambda connection: run_spare(names, connection)


if __name__ == "__main__":
    main()
