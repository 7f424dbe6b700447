"""Rows 7, 8, 10, 29, 30 and 31 of docs/security.md: pairing and the channel of a paired device."""

from __future__ import annotations

import contextlib
import json
import os
import random
import string
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.security.strike import lying_proxy
from tests.support.device import Device, Knocking, Line, Offer, Posts, b64, close_code, pair, socket_to
from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient
from tether import noise
from tether.devices import scopes
from tether.noise import Initiator, NoiseError, key_pair
from tether.web import app, channel, parcels, permits
from tether.web.admission import Policy
from tether.wire.control import Attached, Input, InputAck, Refused, Resize, Take
from tether.wire.events import Output

BY = pytest.mark.parametrize("posts", [False, True], ids=["by a socket", "by posts"])
"""What carries the channel."""


@pytest.fixture(scope="module")
def phone(target: Gateway) -> Device:
    """A device with the scopes that a phone gets."""
    return pair(target, name="a phone")


@pytest.fixture(scope="module")
def agent(target: Gateway) -> Iterator[str]:
    """A session of an agent: shared with devices."""
    target.add_fake("echo")
    session = target.run("echo")
    target.wait_until("ready", lambda: b"ready" in target.raw(session))
    yield session
    target.tether("stop", session, "--yes")


# -- the whole way


@BY
def test_a_paired_phone_lists_attaches_and_types_through_its_channel(
    target: Gateway, phone: Device, agent: str, posts: bool
) -> None:
    with phone.dial(posts=posts) as line:
        status, document = line.ask("GET", "/api/v1/sessions")
        assert status == 200
        assert agent in [one["id"] for one in document["sessions"]]
        assert line.ask("GET", "/api/v1/me")[1]["scopes"] == sorted(scopes.PHONE)
        number = line.attach(agent)
        attached = line.expect(number, Attached)
        assert attached.mode == "control"
        line.tell(number, Input(line.me, attached.epoch, 1, f"by posts: {posts}\r".encode()))
        line.expect(number, InputAck)
        seen = b""
        while f"echo: by posts: {posts}".encode() not in seen:
            seen += line.expect(number, Output).data
        clients = json.loads(target.tether("clients", agent, "--json").stdout)
        assert {(one["name"], one["device"]) for one in clients} == {("a phone", "a phone")}, "its row names it"


@BY
def test_two_attachments_and_a_large_answer_go_through_one_channel(
    target: Gateway, phone: Device, agent: str, posts: bool
) -> None:
    with phone.dial(posts=posts) as line:
        first, second = line.attach(agent, "observe"), line.attach(agent, "observe")
        for number in (first, second):
            line.expect(number, Attached)
        status, document = line.ask("GET", f"/api/v1/sessions/{agent}/events?limit=1000")
        assert (status, document["id"]) == (200, agent)
        line.send(parcels.CLOSE, first, b"\x03\xe8bye")
        wait_until("one is closed", lambda: (line.closed or line.read(), first in line.closed)[1])


def test_who_comes_back_without_a_websocket_goes_on_behind_what_it_has(
    target: Gateway, phone: Device, agent: str
) -> None:
    """One cursor, whatever carries it: the socket broke, and the rest comes by posts, once."""
    with phone.dial() as line:
        number = line.attach(agent)
        attached = line.expect(number, Attached)
        line.tell(number, Input(line.me, attached.epoch, 1, b"before it broke\r"))
        last = None
        while last is None or b"echo: before it broke" not in last.data:
            last = line.expect(number, Output)
        me = line.me
    line.socket.close()
    with phone.dial(posts=True) as line:
        number = line.attach(agent, client=me, after=last.seq)
        attached = line.expect(number, Attached)
        for n in (1, 2):  # the first was taken already
            line.tell(number, Input(me, attached.epoch, n, b"and after\r"))
        line.expect(number, InputAck, lambda ack: ack.n == 2)
        outputs: list[Output] = []
        while b"echo: and after" not in b"".join(one.data for one in outputs):
            outputs.append(line.expect(number, Output))
        assert outputs[0].seq > last.seq
        assert b"before it broke" not in b"".join(one.data for one in outputs)
        assert b"".join(one.data for one in outputs).count(b"echo: and after") == 1


def test_what_is_masked_for_a_page_is_masked_for_a_device(target: Gateway, phone: Device) -> None:
    secret = "ghp_" + "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=36))
    target.add_provider("leaking", [sys.executable, "-I", "-c", f"print('token {secret} end'); input()"])
    session = target.run("leaking")
    target.wait_until("the token", lambda: secret.encode() in target.raw(session))
    with phone.dial() as line:
        number = line.attach(session, "observe")
        shown = b""
        while b" end" not in shown:
            line.read()
            shown += b"".join(getattr(one, "data", b"") for one in line.frames[number])
            line.frames[number].clear()
        assert secret.encode() not in shown
        assert b"token " + b"*" * len(secret) in shown
        for path in ("events", "output", "screen"):
            assert secret not in str(line.ask("GET", f"/api/v1/sessions/{session}/{path}")[1])
    target.tether("stop", session, "--yes")


# -- row 10: the closed menu


SEE, TYPE, DECIDE = "see what it may attach", "send input to an agent", "decide an approval"
MENU = {
    "GET /api/v1/me": SEE, "GET /api/v1/store": SEE, "GET /api/v1/feed": SEE, "GET /api/v1/sessions": SEE,
    "GET /api/v1/sessions/{id}": SEE, "GET /api/v1/sessions/{id}/events": SEE,
    "GET /api/v1/sessions/{id}/output": SEE, "GET /api/v1/sessions/{id}/clients": SEE,
    "GET /api/v1/sessions/{id}/screen": SEE, "GET /api/v1/sessions/{id}/changes": SEE,
    "GET /api/v1/sessions/{id}/files": SEE, "GET /api/v1/sessions/{id}/files/content": SEE,
    "GET /api/v1/sessions/{id}/timeline": SEE, "GET /api/v1/sessions/{id}/timeline/screen": SEE,
    "GET /api/v1/sessions/{id}/search": SEE, "POST /api/v1/sessions/{id}/seen": SEE,
    "GET /api/v1/sessions/{id}/turns": SEE,
    "GET /api/v1/sessions/{id}/stream": "attach", "POST /api/v1/sessions/{id}/frames": "attach",
    "GET /api/v1/sessions/{id}/attach": "attach",
    "POST /api/v1/sessions/{id}/enclosures": TYPE,  # a picture for the agent
    "POST /api/v1/sessions/{id}/prompt": TYPE, "POST /api/v1/sessions/{id}/interrupt": TYPE,
    "GET /api/v1/approvals": DECIDE, "GET /api/v1/approvals/{id}": DECIDE,
    "POST /api/v1/approvals/{id}/decision": DECIDE, "GET /api/v1/grants": DECIDE,
}  # fmt: skip
"""A phone's whole menu, as product.md has it: which route belongs to which line of it. Whoever adds a route that the
scopes of a phone open says here where on the menu it stands; there is no line for anything else."""
BODIES = {"prompt": {"text": "from a phone"}, "decision": {"decision": "deny"}}
_CARRIERS = ("/stream", "/frames", "/attach")  # of frames, which have scopes of their own


def _routes() -> Iterator[tuple[str, str, str]]:
    """(method, path, scope) of every route that asks for a credential."""
    table = app.route_table()
    for route in table.routes:
        if table.policy_of(route) in (Policy.OWNER, Policy.ACT):
            for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
                yield method, str(getattr(route, "path", "")), table.scope_of(route)


def test_every_route_that_a_phones_scopes_open_has_its_place_on_the_menu() -> None:
    opened = {f"{method} {path}" for method, path, scope in _routes() if scope in scopes.PHONE}
    assert opened == MENU.keys()
    assert set(permits.FRAMES.values()) <= scopes.PHONE
    assert not scopes.PHONE & {scopes.ADMIN, scopes.LOCAL, scopes.PAIR}


def test_a_phone_can_do_the_closed_menu_and_nothing_else(target: Gateway, phone: Device, agent: str) -> None:
    """Every route and every frame there is, through a phone's channel."""
    before = len(target.ls("-a"))
    with phone.dial() as line:
        for method, path, _scope in _routes():
            if path.endswith(_CARRIERS):
                continue
            body = BODIES.get(path.rpartition("/")[2], {}) if method == "POST" else None
            status, answer = line.ask(method, path.replace("{id}", agent), body)
            if f"{method} {path}" in MENU:
                # What is missing in the request is told; that is no refusal.
                assert status != 401, (method, path)
                assert status < 400 or answer["error"]["code"] not in ("scope", "route"), (method, path, answer)
            else:
                assert status == 403, (method, path, status)
        for method, path in (("POST", "/api/v1/sessions"), ("GET", "/"), ("POST", "/api/v1/login"),
                             ("GET", "/api/v1/health"), ("GET", "/api/v1/channel")):  # fmt: skip
            assert line.ask(method, path, {} if method == "POST" else None)[0] in (403, 404, 405)
    assert len(target.ls("-a")) == before, "nothing was started"
    assert target.session(agent)["state"] == "running"


def test_who_may_only_observe_types_nothing_whatever_it_says(target: Gateway, agent: str) -> None:
    watcher = pair(target, "--scopes", "observe", name="a watcher")
    with watcher.dial() as line:
        number = line.attach(agent, "control")
        attached = line.expect(number, Attached)
        assert attached.mode == "observe"
        for message in (
            Input(line.me, attached.epoch, 1, b"y\r"), Resize(line.me, attached.epoch, 20, 20), Take(9, line.me),
        ):  # fmt: skip
            line.tell(number, message)
            assert line.expect(number, Refused).code == "scope"
        for path in ("stop", "approve"):
            assert line.ask("POST", f"/api/v1/sessions/{agent}/{path}", {})[0] in (403, 404)
        assert line.ask("POST", "/api/v1/devices/revoke", {"all": True})[0] == 403
        assert line.ask("GET", "/api/v1/me?scopes=admin")[1].get("scopes", ["observe"]) == ["observe"]


def test_a_session_that_was_not_shared_is_not_there_for_a_device(
    target: Gateway, phone: Device, shell: str, agent: str
) -> None:
    """A shell is shared only when that was meant at its making; an agent unless it was not."""
    hidden = target.tether("run", "-d", "--no-share", "echo").stdout.strip()
    shared = target.tether("run", "-d", "--share", "shell").stdout.strip()
    with phone.dial() as line:
        listed = {one["id"] for one in line.ask("GET", "/api/v1/sessions")[1]["sessions"]}
        assert {agent, shared} <= listed
        assert not {shell, hidden} & listed
        for session in (shell, hidden):
            for path in ("", "/events", "/output", "/clients"):
                assert line.ask("GET", f"/api/v1/sessions/{session}{path}")[0] == 404
            number = line.attach(session)
            wait_until("its end", lambda n=number: (n in line.closed or line.read(), n in line.closed)[1])
            assert line.closed[number] == 4404
        assert line.expect(line.attach(shared), Attached).mode == "control"
    for session in (hidden, shared):
        target.tether("stop", session, "--yes")


# -- rows 7 and 31: the offer


def test_five_wrong_secrets_kill_the_offer_wherever_they_come_from(target: Gateway) -> None:
    """The sixth is refused although it is right; names, keys, fields and addresses do not matter."""
    with Offer(target) as offer, lying_proxy(target.port, b"X-Forwarded-For: 10.1.1.1\r\n") as proxy:
        for number in range(5):
            about = {"name": f"x{number}", "deviceToken": os.urandom(8).hex(), "scopes": ["admin"]}
            wrong = Knocking(target, offer, secret=os.urandom(16), about=about, port=proxy if number % 2 else 0)
            assert close_code(wrong.line) == 4403
        assert close_code(Knocking(target, offer).line) == 4410
        offer.screen.expect("tried five times with a wrong secret")
        assert offer.screen.wait_exit() == 4


def test_wrong_codes_and_wrong_ids_count_together(target: Gateway) -> None:
    with Offer(target) as offer:
        for number in range(5):
            if number % 2:
                assert close_code(Knocking(target, offer, code="00000000").line) == 4403
            else:
                assert close_code(Knocking(target, offer, id=os.urandom(8)).line) == 4410
        assert close_code(Knocking(target, offer, code=offer.code).line) == 4410


def test_the_short_code_works_on_the_direct_way(target: Gateway) -> None:
    with Offer(target) as offer:
        knocking = Knocking(target, offer, code=offer.code, name="typed a code")
        assert offer.digits() == noise.digits(knocking.heard().hash)
        offer.answer("y")
        assert knocking.verdict()["paired"]
        knocking.close()
        offer.screen.expect("Paired: typed a code")


def test_a_no_a_second_device_and_a_used_offer_register_nobody(target: Gateway) -> None:
    with Offer(target) as offer:
        before = target.tether("devices", "--json").stdout
        first = Knocking(target, offer)
        first.heard()
        second = Knocking(target, offer)
        assert close_code(second.line) == 4410, "it is answered already"
        offer.answer("n")
        assert first.verdict()["paired"] is False
        assert close_code(first.line) == 4410
        assert close_code(Knocking(target, offer).line) == 4410
        assert json.loads(target.tether("devices", "--json").stdout) == json.loads(before)


def test_other_digits_are_no_yes_and_a_device_that_goes_ends_it(target: Gateway) -> None:
    offer = target.ask("POST", "/api/v1/pairing", {})

    class Known:
        gateway_key, secret, id = b64(offer["gateway"]), b64(offer["secret"]), b64(offer["id"])

    def decided(digits: str) -> str:
        answer = target.ask("POST", "/api/v1/pairing/decide", {"id": offer["id"], "digits": digits, "accept": True})
        return str(answer.get("error", {}).get("code", "paired"))

    knocking = Knocking(target, Known())  # type: ignore[arg-type]
    right = noise.digits(knocking.heard().hash)
    assert decided(f"{(int(right) + 1) % 1_000_000:06d}") != "paired"
    assert target.ask("GET", "/api/v1/pairing")["state"] == "knocking"
    knocking.close()
    wait_until("the end", lambda: target.ask("GET", "/api/v1/pairing")["state"] == "over")
    assert decided(right) != "paired"


def test_a_man_in_the_middle_has_other_digits_on_each_side(target: Gateway) -> None:
    """He knows the secret and has the victim's device talk to a gateway of his own: the digits tell."""
    with Offer(target) as offer:
        evil = key_pair()
        prologue = b"tether/1 pair" + offer.id
        psk = noise.psk_of(offer.secret, b"link")
        victim = Initiator(key_pair(), evil.public, prologue, psk)
        his = noise.Responder(evil, prologue, psk)
        his.read(victim.write(b"{}"))
        _, with_victim = his.write()
        knocking = Knocking(target, offer)
        with_gateway = knocking.heard()
        assert noise.digits(with_victim.hash) != offer.digits() == noise.digits(with_gateway.hash)
        offer.answer("n")
        knocking.close()


def test_without_a_terminal_nobody_pairs(target: Gateway) -> None:
    done = target.tether("pair", "--yes", check=False)
    assert done.returncode == 2
    assert "terminal" in done.stderr


def test_everybody_who_is_attached_is_told_of_a_new_device(target: Gateway, agent: str, phone: Device) -> None:
    native = target.attach(agent)
    native.expect("ready")
    with WebClient(target, agent, mode="observe") as page, phone.dial() as line:
        page.expect(Attached)
        number = line.attach(agent, "observe")
        line.expect(number, Attached)
        newcomer = pair(target, name="the newcomer")
        told = page.expect(Refused, lambda m: m.code == "notice")
        assert "the newcomer" in told.message
        assert newcomer.id[:6] in told.hint
        line.expect(number, Refused, lambda m: m.code == "notice")
    target.tether("revoke", newcomer.id)
    entries = [json.loads(text) for text in target.tether("audit", "--export", "jsonl").stdout.splitlines()]
    kinds = {(one["kind"], one["facts"].get("name")) for one in entries}
    assert {("pair", "the newcomer"), ("revoke", "the newcomer")} <= kinds
    native.close()


# -- row 8


def test_no_secret_of_pairing_is_in_a_log_a_list_or_a_process(target: Gateway, phone: Device, agent: str) -> None:
    with Offer(target) as offer:
        knocking = Knocking(target, offer)
        knocking.heard()
        logs = "".join(path.read_text(errors="replace") for path in (target.root / "log").glob("*.log"))
        lines = b"".join(
            Path(f"/proc/{pid}/cmdline").read_bytes() for pid in os.listdir("/proc") if pid.isdigit() and _alive(pid)
        )
        offer.answer("n")
        audit = target.tether("audit", "--export", "jsonl").stdout
        for secret in (offer.link.partition("&k=")[2].partition("&")[0], offer.code):
            assert secret not in logs
            assert secret.encode() not in lines
            assert secret not in audit
    private = (target.root / "data" / "gateway.key").read_text()
    assert private not in logs
    assert phone.keys.public.hex() not in target.tether("devices", "--json").stdout


def _alive(pid: str) -> bool:
    return os.access(f"/proc/{pid}/cmdline", os.R_OK) and os.path.exists(f"/proc/{pid}")


# -- row 29


def test_a_revoked_device_is_out_within_a_second_and_stays_out(target: Gateway, agent: str) -> None:
    lost = pair(target, name="a lost phone")
    with lost.dial() as line, lost.dial() as idle, lost.dial(posts=True) as posts, lost.dial(posts=True) as idle_too:
        for one in (line, posts):
            one.expect(one.attach(agent), Attached)
        target.tether("revoke", lost.id)
        answered = time.monotonic()
        assert [one.end() for one in (line, idle, posts, idle_too)] == [1008] * 4
        assert time.monotonic() - answered < 1.0
        with pytest.raises(ConnectionError, match="404"):
            posts.send(parcels.PING, 1)
    # A new handshake is all there is to resume with.
    initiator = Initiator(lost.keys, lost.gateway_key, channel.PROLOGUE)
    again = socket_to(target, "channel")
    again.send(initiator.write(b""))
    assert close_code(again) == 4401
    with pytest.raises(ConnectionError, match="401"):
        lost.dial(posts=True)
    attached = json.loads(target.tether("clients", agent, "--json").stdout)
    assert "a lost phone" not in [one["name"] for one in attached]


def test_a_key_that_is_paired_again_gets_a_new_epoch_and_its_old_channel_closes(target: Gateway) -> None:
    device = pair(target, name="twice")
    with device.dial() as line:
        assert line.ask("GET", "/api/v1/me")[0] == 200
        with Offer(target) as offer:
            knocking = Knocking(target, offer, device.keys, name="twice")
            knocking.heard()
            offer.answer("y")
            assert knocking.verdict()["device"] == device.id
            knocking.close()
        assert close_code(line.socket) == 1008
    with device.dial() as line:
        assert line.ask("GET", "/api/v1/me")[0] == 200


# -- row 30: whoever carries the channel


@contextlib.contextmanager
def opened(phone: Device, *, posts: bool = False) -> Iterator[Line]:
    with phone.dial(posts=posts) as line:
        assert line.ask("GET", "/api/v1/me")[0] == 200
        yield line


@BY
@pytest.mark.parametrize("how", ["flipped", "twice", "swapped", "left out", "cut", "from another channel", "plain"])
def test_whoever_carries_it_can_only_break_it(
    target: Gateway, phone: Device, agent: str, how: str, posts: bool
) -> None:
    stop = json.dumps({"method": "GET", "path": "/api/v1/sessions"}).encode()
    with opened(phone, posts=posts) as line, opened(phone, posts=posts) as other:
        first, second = (line.secured.seal(parcels.pack(parcels.REQUEST, n, stop)) for n in (101, 102))
        sent = {
            "flipped": [bytes((first[0] ^ 1,)) + first[1:]],
            "twice": [first, first],
            "swapped": [second, first],
            "left out": [second],
            "cut": [first[:-1]],
            "from another channel": [other.secured.seal(parcels.pack(parcels.REQUEST, 1, stop))],
            "plain": [parcels.pack(parcels.REQUEST, 101, stop)],
        }[how]
        with contextlib.suppress(ConnectionClosed, ConnectionError):  # the first of two may have ended it
            for message in sent:
                line.socket.send(message)
        assert line.end() == 1002
    with opened(phone):
        pass


def test_a_first_message_of_yesterday_and_one_for_another_gateway_open_nothing(target: Gateway, phone: Device) -> None:
    with opened(phone) as line:
        yesterday = line.first
    replayed = socket_to(target, "channel")
    replayed.send(yesterday)
    answer = replayed.recv(timeout=20)
    assert isinstance(answer, bytes)
    with pytest.raises(NoiseError):
        Initiator(phone.keys, phone.gateway_key, channel.PROLOGUE).read(answer)
    replayed.send(os.urandom(64))
    assert close_code(replayed) == 1002
    for keys, gateway_key, prologue in (
        (phone.keys, key_pair().public, channel.PROLOGUE),
        (phone.keys, phone.gateway_key, b"tether/1 relay"),
        (key_pair(), phone.gateway_key, channel.PROLOGUE),
    ):
        line2 = socket_to(target, "channel")
        line2.send(Initiator(keys, gateway_key, prologue).write(b""))
        assert close_code(line2) == 4401


@pytest.mark.parametrize("first", [b"", b"x" * 4000, bytes(range(96))], ids=["empty", "long", "noise"])
@pytest.mark.parametrize("door", ["channel", "pair"])
def test_garbage_at_a_door_costs_its_sender_the_connection(target: Gateway, door: str, first: bytes) -> None:
    line = socket_to(target, door)
    line.send(first)
    assert close_code(line) in (1002, 4401, 4403, 4410)


@pytest.mark.parametrize(
    "parcel",
    [b"", b"\x63\0\0\0\1", parcels.pack(parcels.REQUEST, 1, b"{"), parcels.pack(parcels.ANSWER, 1),
     parcels.pack(parcels.REQUEST, 1, b'{"method":"DELETE","path":"/"}'), parcels.pack(parcels.OPEN, 1, b"[]"),
     parcels.pack(parcels.REQUEST, 1, b'{"method":"GET","path":"http://evil/"}')],
    ids=range(7),
)  # fmt: skip
@BY
def test_a_device_that_breaks_the_rules_loses_its_channel(
    target: Gateway, phone: Device, parcel: bytes, posts: bool
) -> None:
    with opened(phone, posts=posts) as line:
        line.socket.send(line.secured.seal(parcel))
        assert line.end() == 1002


@BY
def test_nothing_readable_crosses_the_wire(target: Gateway, phone: Device, agent: str, posts: bool) -> None:
    """Everything that a carrier of the channel would see, recorded; none of it is anything that we said."""
    with phone.dial(posts=posts) as line:
        seen = [line.first]
        receive, send = line.socket.recv, line.socket.send
        line.socket.recv = lambda *a, **k: (seen.append(m := receive(*a, **k)), m)[1]
        line.socket.send = lambda m, *a, **k: (seen.append(m), send(m, *a, **k))[1]
        number = line.attach(agent)
        attached = line.expect(number, Attached)
        line.tell(number, Input(line.me, attached.epoch, 1, b"marker-of-plain-text\r"))
        line.expect(number, InputAck)
        line.ask("GET", "/api/v1/sessions")
    record = b"".join(seen)
    for text in (b"marker-of-plain-text", agent.encode(), b"sessions", phone.keys.public, b"echo"):
        assert text not in record


def test_without_a_websocket_strangers_repetitions_and_garbage_open_nothing(target: Gateway, phone: Device) -> None:
    with opened(phone, posts=True) as line:
        yesterday = line.first
        for name, body, status in (
            ("", os.urandom(96), 401), ("", b"", 401), ("", b"x" * 4000, 413), ("/" + "0" * 32, b"", 404),
            (f"/{line.socket.name}", b"\0\0\0\5abc", 400), (f"/{line.socket.name}", b"\xff" * 8, 400),
        ):  # fmt: skip
            answer = Posts(target.port).post(name, body)
            assert (answer.status, answer.read()[:1]) == (status, b"{"), (name, body)
        assert line.ask("GET", "/api/v1/me")[0] == 200, "none of it disturbed the channel"
    replayed = Posts(target.port)
    replayed.send(yesterday)
    with pytest.raises(NoiseError):
        Initiator(phone.keys, phone.gateway_key, channel.PROLOGUE).read(replayed.recv())


def test_a_page_elsewhere_can_not_post_to_a_channel(target: Gateway, phone: Device) -> None:
    ours = f"http://127.0.0.1:{target.port}"
    with opened(phone, posts=True) as line:
        for headers in (
            {"Origin": "https://evil.example", "X-Tether": "1"}, {"Origin": ours}, {"X-Tether": "1"},
            {"Origin": ours, "X-Tether": "1", "Host": f"rebound.example:{target.port}"},
        ):  # fmt: skip
            told = {"Content-Type": "application/octet-stream", **headers}
            for path in ("channel", f"channel/{line.socket.name}"):
                answer = httpx.post(target.url(path=f"/api/v1/{path}"), content=b"", headers=told, trust_env=False)
                assert answer.status_code in (403, 421), (headers, path)
        assert line.ask("GET", "/api/v1/me")[0] == 200


def test_a_silent_door_is_closed_again(target: Gateway) -> None:
    began = time.monotonic()
    for line in [socket_to(target, door) for door in ("channel", "pair")]:
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=20)
    assert time.monotonic() - began < 10
