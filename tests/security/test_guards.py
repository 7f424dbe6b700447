"""Each guard of devices and pairing taken out of a web part of the same gateway: what it stops must then succeed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.security.strike import web_part
from tests.support.device import Device, Posts, close_code, pair, socket_to
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether import ancestry, noise
from tether.devices import registry, rows, scopes
from tether.noise import Initiator, key_pair
from tether.paths import resolve
from tether.web import channel, inner, pairing, parcels, permits
from tether.web.admission import Peer
from tether.web.credentials import Credentials
from tether.web.pairing import Offers
from tether.wire.control import Attached, Input, InputAck
from tether.wire.events import Output


@pytest.fixture(scope="module")
def watcher(target: Gateway) -> Device:
    """A device that may only observe."""
    return pair(target, "--scopes", "observe", name="a watcher")


@pytest.fixture(scope="module")
def agent(target: Gateway) -> Iterator[str]:
    target.add_fake("echo")
    session = target.run("echo")
    target.wait_until("ready", lambda: b"ready" in target.raw(session))
    yield session
    target.tether("stop", session, "--yes")


def test_without_the_scopes_of_frames_a_watcher_types(
    target: Gateway, watcher: Device, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "check", lambda *_about: None)
    monkeypatch.setattr(permits, "attaching", lambda _credential, _sid, wanted: wanted)
    with web_part(target) as port, watcher.dial(at=port) as line:
        number = line.attach(agent)
        attached = line.expect(number, Attached)
        line.tell(number, Input(line.me, attached.epoch, 1, b"from a watcher\r"))
        line.expect(number, InputAck)
        seen = b""
        while b"echo: from a watcher" not in seen:
            seen += line.expect(number, Output).data


def test_without_the_rule_of_sharing_a_device_sees_every_session(
    target: Gateway, watcher: Device, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watcher.dial() as line:
        assert line.ask("GET", f"/api/v1/sessions/{shell}")[0] == 404
    monkeypatch.setattr(permits, "visible", lambda _credential, _view: True)
    with web_part(target) as port, watcher.dial(at=port) as line:
        assert line.ask("GET", f"/api/v1/sessions/{shell}")[0] == 200


def test_without_the_look_at_rows_a_revoked_device_stays(
    target: Gateway, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = pair(target, name="lost")
    monkeypatch.setattr(Credentials, "stands", lambda _self, _credential: True)
    with web_part(target) as port, lost.dial(at=port) as line:
        number = line.attach(agent, "observe")
        line.expect(number, Attached)
        target.tether("revoke", lost.id)
        assert line.ask("GET", "/api/v1/me")[0] == 200, "it goes on"


def test_without_counting_the_sixth_guess_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def tries() -> bool:
        offers = Offers()
        offers.make(b"i" * 8, b"s" * 16, "ABCDEFGH", scopes.PHONE, "", 0.0)
        for _ in range(5):
            offers.failed(1.0)
        return offers.standing(1.0) is not None

    assert not tries()
    monkeypatch.setattr(pairing, "FAILURES_MAX", 1000)
    assert tries()


@pytest.mark.parametrize("posts", [False, True], ids=["by a socket", "by posts"])
def test_without_the_counter_a_repeated_message_acts_twice(
    target: Gateway, watcher: Device, monkeypatch: pytest.MonkeyPatch, posts: bool
) -> None:
    """The channel's implicit nonce is what refuses a repetition: with a fixed one the same bytes are read again."""
    monkeypatch.setattr(noise.Cipher, "_take", lambda _self: bytes(12))
    with web_part(target) as port, watcher.dial(at=port, posts=posts) as line:
        twice = line.secured.seal(parcels.pack(parcels.PING, 7))
        for _ in range(2):
            line.socket.send(twice)
        got = [line.secured.open(line.socket.recv(timeout=20)) for _ in range(2)]
        assert got == [parcels.pack(parcels.PING, 7)] * 2


@pytest.mark.parametrize("posts", [False, True], ids=["by a socket", "by posts"])
def test_who_repeats_a_first_message_holds_a_channel_for_seconds_only(
    target: Gateway, watcher: Device, monkeypatch: pytest.MonkeyPatch, posts: bool
) -> None:
    """The device itself says something at once, and then may be silent for as long as it likes."""
    with watcher.dial() as line:
        yesterday = line.first
    monkeypatch.setattr(inner, "PROVED_WITHIN_S", 0.3)
    with web_part(target) as port, watcher.dial(at=port, posts=posts) as device:
        assert device.ask("GET", "/api/v1/me")[0] == 200
        repeated: Any = Posts(port) if posts else socket_to(target, "channel", at=port)
        repeated.send(yesterday)
        repeated.recv(timeout=20)
        if posts:
            with contextlib.suppress(EOFError):
                while repeated.recv():
                    pass
        else:
            assert close_code(repeated) == 4408
        assert device.ask("GET", "/api/v1/me")[0] == 200


def test_without_the_kernels_word_a_program_in_a_session_is_the_owner(
    target: Gateway, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = resolve(target.env)
    credentials = Credentials(
        paths.owner_token, registry.Registry(paths.devices), lambda pid: ancestry.sessions_around(pid, paths)
    )
    peer = Peer(target.agent_pid(agent), os.geteuid())
    inside = credentials._command(peer, 1)
    assert inside is not None
    assert not inside.permits(scopes.PAIR)
    monkeypatch.setattr(ancestry, "sessions_around", lambda _pid, _paths: frozenset())
    outside = credentials._command(peer, 1)
    assert outside is not None
    assert outside.permits(scopes.PAIR)


def test_without_disbelief_a_forged_row_opens_the_door(target: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = resolve(target.env)
    forged = key_pair()

    def forge(book: rows.Book) -> rows.Book:
        return rows.add(
            book, key=forged.public, name="forged", platform="", scopes=scopes.DEVICE_SCOPES, path="", now_s=1
        )[0]  # fmt: skip

    gateway_key = key_pair(bytes.fromhex(paths.gateway_key.read_text())).public
    device = Device(target, forged, gateway_key, rows.device_id(forged.public))
    with web_part(target) as port:
        registry.change(paths.devices, forge)
        line = socket_to(target, "channel", at=port)
        line.send(Initiator(forged, gateway_key, channel.PROLOGUE).write())
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=20)
        monkeypatch.setattr(registry.Registry, "_believed", lambda _self, book: book)
        os.utime(paths.devices)
        with device.dial(at=port) as opened:
            assert opened.ask("GET", "/api/v1/me")[0] == 200
    target.tether("revoke", "--all", "--yes")
    wait_until("the row is gone", lambda: device.id not in paths.devices.read_text())
