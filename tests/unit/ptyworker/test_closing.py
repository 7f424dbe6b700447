"""The order in which a worker leaves: whoever could clean up after it hears of it last."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from tether.paths import Paths
from tether.ptyworker.loop import Worker

SID = bytes(range(16))


def test_the_spawner_hears_of_the_end_when_every_file_is_gone(tmp_path: Path) -> None:
    paths = Paths(tmp_path, tmp_path, tmp_path, tmp_path)
    paths.workers.mkdir()
    for path in paths.worker_files(SID):
        path.touch()
    said: list[tuple[str, list[Path]]] = []
    worker = Worker.__new__(Worker)
    worker.paths, worker.sid = paths.for_workers, SID
    worker._holder = SimpleNamespace(tell=lambda op: said.append((op, list(paths.workers.iterdir()))))  # type: ignore[assignment]
    worker.terminal = SimpleNamespace(close_all=lambda: None)  # type: ignore[assignment]
    worker.lane = worker.bus = SimpleNamespace(close=lambda: None)  # type: ignore[assignment]
    worker.kept = SimpleNamespace(view=SimpleNamespace(state="exited"))  # type: ignore[assignment]
    worker._close()
    assert said == [("end", [])]
