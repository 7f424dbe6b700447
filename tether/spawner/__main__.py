"""`python -m tether.spawner`: the service, put together with the worker that it forks."""

from __future__ import annotations

import gc

from tether import service


def main() -> None:
    """Import what workers need, once, then serve."""
    paths = service.start("spawner")
    service.become_subreaper()
    # The zygote's root: the one place that knows both rooms. Imported after the lock, before the first fork.
    from tether.ptyworker.process import preload, run_worker
    from tether.spawner.serving import Spawner

    preload()
    gc.collect()
    gc.freeze()
    Spawner(paths, run_worker).run()


if __name__ == "__main__":
    main()
