"""A viewer that stops reading costs nobody else anything, and the gateway next to nothing."""

from __future__ import annotations

import pytest

from tests.chaos.faults import anonymous_bytes, quick, service_pid, sids, worker_pid
from tests.chaos.sessions import add_numbered, check_log
from tests.chaos.viewer import FROM_THE_START, Viewer, connect
from tests.support.gateway import Gateway
from tether.wire import decode

STALL_S = 10 if quick() else 60
LINES_PER_S = 300_000  # 4.5 MB/s: 270 MB in the minute, more than any buffer may take
GROWTH_MAX = 64 << 20


@pytest.mark.timeout(120 if quick() else 240)
def test_a_viewer_that_stops_reading_under_a_flood() -> None:
    with Gateway(settings='[log]\nkeep = "all"\n') as gateway:
        provider, stop_file = add_numbered(gateway, "flooding", LINES_PER_S, LINES_PER_S * STALL_S)
        session = gateway.run(provider)
        sid = sids(gateway)[session]
        reader = Viewer(gateway, session, "reader")
        sleeper = Viewer(gateway, session, "sleeper")
        with connect(gateway, session, FROM_THE_START) as asleep:
            reader.start()
            try:
                processes = [service_pid(gateway, name) for name in ("web", "broker")] + [worker_pid(gateway, sid)]
                gateway.wait_until("the flood has begun", lambda: reader.check.offset > 1 << 20 or reader.failure, 30)
                before = [anonymous_bytes(pid) for pid in processes]
                peak = before
                while reader.is_alive() and not reader.check.complete:
                    reader.join(0.5)
                    if all(map(anonymous_or_zero, processes)):
                        peak = [max(old, anonymous_or_zero(pid)) for old, pid in zip(peak, processes, strict=True)]
                    assert reader.failure is None, reader.failure
                reader.finish(60)  # it saw every line while the other one read none
                growth = sum(peak) - sum(before)
                assert growth < GROWTH_MAX, f"grew by {growth >> 20} MiB: from {before} to {peak}"
                # Awake again, the sleeper finds everything there, from the start and in order.
                while not sleeper.ended:
                    frame = asleep.receive(30)
                    assert frame is not None, f"the sleeper was left at seq {sleeper.seq}"
                    sleeper.take(decode(frame)[1])
                assert sleeper.check.total == reader.check.total == check_log(gateway, session, "flooding")
            finally:
                stop_file.touch()
                reader.stop()
                reader.join(5)


def anonymous_or_zero(pid: int) -> int:
    """As `anonymous_bytes`; 0 for a process that is gone."""
    try:
        return anonymous_bytes(pid)
    except OSError:
        return 0
