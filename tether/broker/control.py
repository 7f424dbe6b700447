"""Who may write to a session: one lease with an epoch. Pure.

The epoch grows by one at every change of holder, so that an order given under an older one can be
told apart wherever it arrives. A holder that disappears keeps its lease for a while: a client that
loses its line for a moment comes back to where it was. When one that took the lease from another leaves,
the other has it back, if it is still there: a glance from a phone leaves the desk as it was.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import NamedTuple

# How long the lease waits for a holder that fell silent, in seconds.
GRACE_S = 5.0
# The same after the broker itself was away: clients need a moment to notice and to attach again.
READOPT_GRACE_S = 10.0
# Of those from whom the lease was taken, newest last, so many are remembered.
_DISPLACED_MAX = 8

CONTROL = "control"
OBSERVE = "observe"


@dataclass(frozen=True, slots=True)
class Lease:
    """Under `epoch` only `holder` (a client id, b"" is nobody) may write.

    `away_until` is 0 while the holder is there, else the monotonic second at which its lease falls free. `displaced`
    are the clients from whom it was taken, with their names, the newest last.
    """

    epoch: int = 0
    holder: bytes = b""
    name: str = ""
    away_until: float = 0.0
    displaced: tuple[tuple[bytes, str], ...] = ()


class Change(NamedTuple):
    """The lease after an act, and what to tell people about it ("" when there is nothing to tell)."""

    lease: Lease
    reason: str = ""


def mode_of(lease: Lease, client: bytes) -> str:
    """What `client` has: control or observe."""
    return CONTROL if lease.holder == client and client else OBSERVE


def attach(lease: Lease, client: bytes, name: str, *, mode: str, take: bool, epoch: int) -> Change:
    """`client` attaches, wanting `mode`; `epoch` is the newest it knows (0: it comes for the first time).

    A holder that comes back resumes its lease. A client that was displaced while it was away does not take the
    lease back by repeating the order with which it once came.
    """
    if lease.holder == client:
        if mode == CONTROL or epoch == lease.epoch:
            return Change(replace(arrived(lease), name=name))
        return release(lease, client)
    if mode == CONTROL and not lease.holder:
        return Change(_pass_on(lease, client, name))
    if mode == CONTROL and take and epoch in (0, lease.epoch):
        return take_over(lease, client, name)
    return Change(lease, "" if mode == OBSERVE else _occupied(lease))


def take_over(lease: Lease, client: bytes, name: str) -> Change:
    """Hand `client` the keyboard. The new epoch voids every older grant, even one still in flight."""
    if lease.holder == client:
        return Change(arrived(lease))
    before = [one for one in lease.displaced if one[0] != client]
    if lease.holder:
        before.append((lease.holder, lease.name))
    taken = replace(_pass_on(lease, client, name), displaced=tuple(before[-_DISPLACED_MAX:]))
    return Change(taken, f"taken by {name}")


def leave(lease: Lease, client: bytes, here: Container[bytes]) -> Change:
    """`client` leaves for good; who is still `here` and had the lease before it has it back."""
    if lease.holder != client or not client:
        return Change(lease)
    return _back(lease, here, f"{lease.name} left")


def release(lease: Lease, client: bytes) -> Change:
    """`client` gives the lease up, to nobody in particular; nothing happens when it does not hold it."""
    if lease.holder != client or not client:
        return Change(lease)
    return Change(_pass_on(lease, b"", ""), f"released by {lease.name}")


def gone(lease: Lease, client: bytes, now: float) -> Lease:
    """`client` fell silent without a word: a lease it holds waits for it."""
    if lease.holder != client or not client or lease.away_until:
        return lease
    return replace(lease, away_until=now + GRACE_S)


def arrived(lease: Lease) -> Lease:
    """The holder is there (again)."""
    return replace(lease, away_until=0.0)


def expire(lease: Lease, now: float, here: Container[bytes]) -> Change:
    """Free a lease whose holder did not come back in time; see `leave`."""
    if not lease.away_until or now < lease.away_until:
        return Change(lease)
    return _back(lease, here, f"{lease.name} did not come back")


def adopt(lease: Lease, epoch: int, holder: bytes, name: str, now: float) -> Lease:
    """Bring together what we hold and what a worker that introduces itself was granted last; the newer epoch wins.

    When they differ under one epoch, nobody can know who is right: the next epoch begins, with our holder.
    """
    if epoch > lease.epoch:
        return Lease(epoch, holder, name, now + READOPT_GRACE_S if holder else 0.0)
    if epoch == lease.epoch and holder != lease.holder:
        return replace(lease, epoch=epoch + 1)
    return lease


def _back(lease: Lease, here: Container[bytes], reason: str) -> Change:
    before = [one for one in lease.displaced if one[0] in here and one[0] != lease.holder]
    client, name = before.pop() if before else (b"", "")
    return Change(replace(_pass_on(lease, client, name), displaced=tuple(before)), reason)


def _pass_on(lease: Lease, client: bytes, name: str) -> Lease:
    return Lease(lease.epoch + 1, client, name)


def _occupied(lease: Lease) -> str:
    return f"held for {lease.name}, who is away" if lease.away_until else f"controlled by {lease.name}"
