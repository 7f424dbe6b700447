"""The broker among real processes: store, spawner, keeper, workers and shells, killed or stopped in turn."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokerpeers import BrokerHouse, Client
from tests.support.waiting import wait_until
from tether import locks
from tether.errors import TetherError
from tether.wire.control import (
    Attach,
    Control,
    Done,
    Input,
    InputAck,
    Launch,
    Launched,
    ListSessions,
    Refused,
    Seen,
    Stop,
)
from tether.wire.ids import NO_SESSION
from tether.wire.views import SessionView

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the keeper through /proc/locks")


class Household(BrokerHouse):
    """A broker with a store and a spawner beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[SessionView] = []
        self.store = self._service("store")
        self.spawner = self._service("spawner")

    def _service(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", f"tether.{name}"], env=self.env, stderr=self._log)

    def close(self) -> None:
        for pid in self.holders():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for service in (self.spawner, self.store):
            if service.poll() is None:
                service.kill()
            service.wait()
        super().close()

    def holders(self) -> set[int]:
        """Living processes that no service manager knows: the keeper, and workers and agents of `known` sessions."""
        pids = {pid for view in self.known for pid in (view.worker_pid, view.agent_pid) if pid > 1}
        with contextlib.suppress(FileNotFoundError):
            inode = self.paths.service_lock("keeper").stat().st_ino
            for line in Path("/proc/locks").read_text().splitlines():
                fields = line.split()
                if "FLOCK" in fields and int(fields[-3].rsplit(":", 1)[1]) == inode:
                    pids.add(int(fields[-4]))
        return pids


@pytest.fixture
def house() -> Iterator[Household]:
    house = Household()
    try:
        yield house
    finally:
        house.close()


def run_shell(house: Household, client: Client, number: int = 1) -> SessionView:
    """A running shell, the `number`-th of this home."""
    order = Launch(
        0, "shell", [], "a shell", "/", 80, 24, {"HOME": "/", "PATH": os.environ["PATH"], "SHELL": "/bin/sh"}
    )
    launched = client.ask(NO_SESSION, order, 20.0)
    assert isinstance(launched, Launched)

    def running() -> list[SessionView]:
        found = [view for view in listed(client) if view.agent_pid and view.state == "running"]
        return found if len(found) == number else []

    view = wait_until("a running shell", running)[-1]
    house.known.append(view)
    return view


def listed(client: Client) -> list[SessionView]:
    views: list[SessionView] = client.ask(NO_SESSION, ListSessions(0)).views
    return views


def test_a_shell_is_launched_typed_into_and_stopped(house: Household) -> None:
    client = house.client().connected()
    view = run_shell(house, client)
    client.attach(view.sid, name="pat")
    client.tell(view.sid, Input(client.id, 1, 1, b"echo $((6*7))\n"))
    assert client.expect(InputAck).n == 1
    assert isinstance(client.ask(view.sid, Stop(0, "pat", 1.0)), Done)
    assert client.expect(Control, lambda told: told.reason == "the session has ended").mode == "observe"
    wait_until("nothing live", lambda: listed(client) == [])
    with pytest.raises(TetherError) as again:
        client.ask(view.sid, Stop(0, "pat"))
    assert again.value.code == "ended"


class Typist:
    """Types numbered inputs as the protocol wants it: what is not acknowledged is sent again."""

    def __init__(self, client: Client, sid: bytes) -> None:
        self.client, self.sid = client, sid
        self.acked = 0
        self._boot = ""

    def turn(self, inputs: list[bytes], window: int) -> None:
        """One round: hear, attach to a broker that is new, send the next `window` inputs again."""
        client = self.client
        client.pump()
        if client.broker.boot != self._boot:
            self._boot = client.broker.boot
            client.broker.send(self.sid, Attach(1, client.id, "typist", "native", "control", 80, 24, epoch=1))
        for _sid, message in client.inbox:
            if isinstance(message, InputAck):
                self.acked = max(self.acked, message.n)
            elif isinstance(message, Refused):
                self._boot = ""
        client.inbox.clear()
        for n in range(self.acked + 1, min(self.acked + window, len(inputs)) + 1):
            client.broker.send(self.sid, Input(client.id, 1, n, inputs[n - 1]))


def test_typing_through_a_broker_that_is_killed_arrives_once_and_in_order(house: Household) -> None:
    client = house.client().connected()
    view = run_shell(house, client)
    client.attach(view.sid, name="typist")
    typist = Typist(client, view.sid)
    out = house.home / "typed"
    inputs = [f"echo {n} >> {out}\n".encode() for n in range(1, 201)]
    for kills in range(1, 6):
        goal = kills * len(inputs) // 5

        def reached(goal: int = goal) -> bool:
            typist.turn(inputs, 16)
            return typist.acked >= goal

        wait_until(f"{goal} acknowledged", reached, 30.0, context=house.log)
        house.restart()
    wait_until("the shell to have run all", lambda: out.read_text().count("\n") >= len(inputs), 30.0)
    assert out.read_text().split() == [str(n) for n in range(1, 201)]
    adopted = "the worker to be adopted again"
    (known,) = wait_until(adopted, lambda: [view for view in listed(client) if view.controller_id])
    assert (known.epoch, known.controller_id) == (1, client.id)


def test_what_is_killed_with_all_its_holders_is_lost_and_what_is_stopped_is_not(house: Household) -> None:
    client = house.client().connected()
    killed = run_shell(house, client)
    stopped = run_shell(house, client, 2)
    for view in (killed, stopped):
        client.attach(view.sid, name="pat")
    os.kill(stopped.worker_pid, signal.SIGSTOP)
    client.tell(stopped.sid, Input(client.id, 1, 1, b"true\n"))
    house.spawner.kill()
    house.spawner.wait()
    for pid in house.holders() - {stopped.worker_pid, stopped.agent_pid}:
        os.kill(pid, signal.SIGKILL)
    wait_until("a free lock", lambda: not locks.is_held(house.paths.worker_lock(killed.sid)))
    house.spawner = house._service("spawner")

    def lost() -> list[Control]:
        for view in (killed, stopped):
            client.tell(view.sid, Seen(client.id, 1, 0))
        client.pump()
        return [told for sid, told in client.inbox if sid == killed.sid and isinstance(told, Control)]

    told = wait_until("lost", lost, 40.0, context=house.log)
    assert [(one.mode, one.reason) for one in told] == [
        ("observe", "its worker and every holder of its terminal ended")
    ]
    with pytest.raises(TetherError) as refused:
        client.ask(killed.sid, Stop(0, "pat"))
    assert refused.value.code == "ended"
    # The same looks saw the stopped one, whose terminal the new spawner does not hold either.
    assert [(view.sid, view.state) for view in listed(client)] == [(stopped.sid, "unresponsive")]
    os.kill(stopped.worker_pid, signal.SIGCONT)
    assert client.expect(InputAck).n == 1
    wait_until("a word of the worker", lambda: [view.state for view in listed(client)] == ["running"])
