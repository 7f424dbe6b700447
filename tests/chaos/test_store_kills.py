"""The store is killed sixty times while it writes: what it acknowledged stays, and the pages of the log stay sound."""

from __future__ import annotations

import random

from tests.support.storeworld import StoreWorld

KILLS = 60
SEED = 20_260


def test_sixty_kills_in_mid_write():
    rng = random.Random(SEED)
    with StoreWorld(settings=f"[log]\nquota_bytes = {64 << 20}\n") as world:
        world.start()
        workers = [world.worker() for _ in range(3)]
        for kill in range(KILLS):
            for worker in workers:
                while len(worker.bodies) - worker.acked < 300:
                    worker.output(rng.randbytes(rng.choice((1, 80, 2000, 4096, 32_000))))
            # Sometimes in the midst of the start, mostly in the midst of writing, at any point of a batch.
            target = sum(worker.acked for worker in workers) + rng.choice((0, 1, 20, 150, 400))
            world.until("some to be durable", lambda t=target: sum(w.acked for w in workers) >= t, 60)
            world.kill()
            if kill % 10 == 9:
                verdict = world.verify()
                assert verdict.startswith("0 "), f"kill {kill}: {verdict}"
            world.start()
        for worker in workers:
            worker.exit()
        world.until("everything to be durable", lambda: all(worker.is_durable() for worker in workers), 60)
        report = world.fsck()
        assert report.ok, report.problems
        for worker in workers:
            view = world.reader.session(worker.sid)
            assert view is not None
            assert (view.seq, view.offset, view.state) == (len(worker.bodies), worker.offset, "exited")
            kept = world.reader.events(worker.sid, view.first_seq - 1, 1 << 30, 1 << 40)
            assert [body for _, body in kept] == worker.bodies[view.first_seq - 1 :]
        assert world.stop() == 0
        assert world.verify().startswith("0 ")
