"""Every line once, in order, everywhere, whatever dies: the promise the whole shape of Tether is for."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.faults import (
    SERVICES,
    Storm,
    expect_clean_log,
    open_files,
    quick,
    seed,
    service_pid,
    sids,
    start_again,
    start_time,
)
from tests.chaos.sessions import add_numbered, check_log
from tests.chaos.typist import Typist
from tests.chaos.viewer import Viewer
from tests.support.gateway import Gateway
from tests.support.waiting import pause, wait_until

FAULTS = 16 if quick() else 66
FLAT_OUT_LINES = 2_000_000 if quick() else 8_000_000
DESCRIPTORS_MORE = 8  # a connection or two may still be open somewhere


def storm(gateway: Gateway, sessions: dict[str, bytes], chance: random.Random, alive: Callable[[], None]) -> Storm:
    """At least FAULTS faults, with the agents looked at after each."""
    weather = Storm(gateway, sessions, chance)
    deadline = time.monotonic() + FAULTS * 4
    while len(weather.done) < FAULTS:
        assert time.monotonic() < deadline, f"only {len(weather.done)} of {FAULTS} faults: {weather.done}"
        weather.fault()
        until = time.monotonic() + chance.uniform(0.1, 1.2)
        while time.monotonic() < until:
            weather.resume()
            pause(0.05)
        alive()
    weather.resume(all_of_them=True)
    return weather


@pytest.mark.timeout(200 if quick() else 480)
def test_nothing_is_lost_doubled_or_reordered_under_a_storm_of_kills() -> None:
    number = seed()
    print(f"TETHER_CHAOS_SEED={number}", file=sys.stderr)
    with Gateway(settings='[log]\nkeep = "all"\n') as gateway:
        before = {name: open_files(service_pid(gateway, name)) for name in SERVICES}
        providers = {
            "fast": add_numbered(gateway, "fast", 20_000, 1 << 40),
            "slow": add_numbered(gateway, "slow", 3_000, 1 << 40),
            "flat-out": add_numbered(gateway, "flat-out", 0, FLAT_OUT_LINES),
        }
        ids = {name: gateway.run(provider) for name, (provider, _) in providers.items()}
        ids["typed"] = gateway.run(gateway.add_fake("raw_echo"))
        agents = {name: gateway.agent_pid(session) for name, session in ids.items()}
        born = {name: start_time(pid) for name, pid in agents.items()}
        names = {session: name for name, session in ids.items()}
        known = {f"{names[session]} ({session})": sid for session, sid in sids(gateway).items()}
        assert len(known) == len(ids)
        viewers = [Viewer(gateway, ids[name], name) for name in providers]
        typist = Typist(gateway, sids(gateway)[ids["typed"]], 25)
        for thread in (*viewers, typist):
            thread.start()

        def alive() -> None:
            for name, pid in agents.items():
                assert name == "flat-out" or start_time(pid) == born[name], f"the agent of {name} died"
            for viewer in viewers:
                assert viewer.failure is None, f"{viewer.name}: {viewer.failure}"

        try:
            weather = storm(gateway, known, random.Random(number), alive)
            print(f"faults: {', '.join(weather.done)}; failed starts: {weather.failed_starts}", file=sys.stderr)
            start_again(gateway)
            finish(gateway, ids, typist, viewers, [file for _, file in providers.values()])
            for name, session in ids.items():
                row = gateway.session(session)
                assert row["state"] == "exited", row
                assert row["agent_pid"] == agents[name], "the agent was replaced"
                assert row["exit_signal"] is None, row
                assert row["exit_code"] in (0, None), row
            lines = {name: check_log(gateway, ids[name], name) for name in providers}
            print(f"lines {lines}, typed {typist.typed} (sent again {typist.resent})", file=sys.stderr)
            for viewer in viewers:
                assert viewer.check.total == lines[viewer.name]
            expect_clean_log(gateway)
            nothing_leaked(gateway, before)
        finally:
            for viewer in viewers:
                viewer.stop()
            for thread in (*viewers, typist):
                thread.join(5)


def finish(
    gateway: Gateway, ids: dict[str, str], typist: Typist, viewers: list[Viewer], stop_files: list[Path]
) -> None:
    """Let everyone come to an end of their own, and see that they do."""
    typist.finish(60)
    expected = typist.expected()
    wait_until(
        "every typed line is in the log, once and in order",
        lambda: len(gateway.raw(ids["typed"])) >= len(expected),
        60,
        context=lambda: f"{gateway.raw(ids['typed'])[-200:]!r}, expected {expected[-60:]!r}",
    )
    assert gateway.raw(ids["typed"]) == expected
    gateway.tether("keys", ids["typed"], "c-d", "--take")
    for file in stop_files:
        file.touch()
    for viewer in viewers:
        viewer.finish(150)
    for session in ids.values():
        gateway.wait_state(session, "exited", timeout=60)


def nothing_leaked(gateway: Gateway, before: dict[str, int]) -> None:
    """No worker's files, no process of an ended session, no descriptor that nobody needs."""

    def files() -> bool:
        left = sorted(os.listdir(gateway.run_dir / "w"))
        assert not left, f"workers' files of sessions that have ended: {left}"
        return True

    wait_until("no worker's files are left", files, 30)

    def descriptors() -> bool:
        now = {name: open_files(service_pid(gateway, name)) for name in SERVICES}
        more = {name: count for name, count in now.items() if count > before[name] + DESCRIPTORS_MORE}
        assert not more, f"descriptors now {now}, before {before}"
        return True

    wait_until("the services hold no more descriptors than before", descriptors, 30)
