"""Being a client for a moment: attach, type exactly once, and leave. What `send` and `keys` do, without a terminal."""

from __future__ import annotations

import contextlib
import os
import select

from tether.bus import BrokerClient, Bus, Poller
from tether.bus.client import refusal
from tether.cli.typed import Typed
from tether.cli.uplink import default_name
from tether.clock import monotonic
from tether.errors import CONFLICT, TIMED_OUT, TetherError
from tether.paths import Paths
from tether.wire import encode
from tether.wire.control import Attach, Attached, Control, Detach, InputAck, Ping, Refused
from tether.wire.ids import NO_SESSION, public_id


def type_into(paths: Paths, sid: bytes, data: bytes, *, take: bool, limit_s: float) -> None:
    """Have `data` typed into the session, once and in order, and wait until it is taken. TetherError (conflict) when
    another client has control and `take` is not set."""
    with contextlib.closing(Bus()) as bus:
        broker = BrokerClient(bus, paths)
        client = os.urandom(16)
        order = Attach(0, client, f"{default_name()} send", "api", "control", 80, 24, take=take)
        deadline = monotonic() + limit_s
        attached = _attach(broker, sid, order, deadline)
        if attached.mode != "control":
            raise TetherError(
                f"Session {public_id(sid)} is {attached.reason or 'controlled by another client'}",
                hint="Say --take to take control, or try again when it is free",
                code="observe-only",
                status=CONFLICT,
            )
        try:
            _deliver(broker, sid, client, attached.epoch, data, deadline)
        finally:
            broker.send(sid, Detach(client))
            with contextlib.suppress(TetherError):
                broker.ask(NO_SESSION, Ping(0), 0.5)  # a socket that closes drops what it has not sent


def _attach(broker: BrokerClient, sid: bytes, order: Attach, deadline: float) -> Attached:
    while True:
        try:
            attached: Attached = broker.ask(sid, order, max(0.1, deadline - monotonic()))
            return attached
        except TetherError as error:
            if error.code != "not-ready" or monotonic() > deadline:
                raise
        select.select([], [], [], 0.05)


def _deliver(broker: BrokerClient, sid: bytes, client: bytes, epoch: int, data: bytes, deadline: float) -> None:
    typed = Typed(client)
    typed.push(data)
    poller = Poller()
    poller.add(broker.dealer)
    poller.add_monitor(broker.dealer)
    while not typed.settled:
        now = monotonic()
        if now > deadline:
            raise TetherError(
                f"Session {public_id(sid)} did not take the input in time; {typed.uncertain} parts are uncertain",
                hint="Its agent may not read. Look at it: tether snapshot " + public_id(sid),
                code="timeout",
                status=TIMED_OUT,
            )
        for item in typed.due(epoch, now):
            if not broker.dealer.send(encode(sid, item)):
                typed.unsent(item.n, now)
                break
        again = typed.deadline()
        poller.wait(max(0.0, min(deadline, again if again is not None else deadline) - monotonic()))
        if broker.hello():
            # Another broker: it must hear of the attachment before it takes input.
            broker.send(sid, Attach(broker.next_number(), client, "send", "api", "control", 80, 24, epoch=epoch))
            typed.again()
        epoch = _listen(broker, client, typed, epoch)


def _listen(broker: BrokerClient, client: bytes, typed: Typed, epoch: int) -> int:
    while (got := broker.receive()) is not None:
        match got[1]:
            case InputAck(client=who) if who == client:
                typed.acked(got[1].n, resend=got[1].resend)
            case Attached() | Control():
                if got[1].mode != "control" and not typed.settled:
                    raise TetherError(
                        f"Control was lost before everything was taken: {got[1].reason}",
                        hint="See what arrived: tether ls -a, tether logs",
                        code="stale-epoch",
                        status=CONFLICT,
                    )
                epoch = got[1].epoch
            case Refused(code="not-ready" | "not-attached" | "hello-first" | "notice"):
                pass  # it is sent again
            case Refused():
                raise refusal(got[1])
            case _:
                pass
    return epoch
