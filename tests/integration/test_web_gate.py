"""The web API's door on the wire: who is let in, what garbage does, and what every answer carries."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient, api, dial
from tether.web.gate import SECURITY_HEADERS
from tether.wire import encode
from tether.wire.control import Attach, Attached, Launch, Ping, Stop
from tether.wire.ids import NO_SESSION


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def shell(gateway: Gateway) -> str:
    return gateway.run("shell")


_open: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _browsers_are_closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def browser(gateway: Gateway, **headers: str) -> httpx.Client:
    """A page of ours, without a credential yet. Closed when the test ends."""
    base = f"http://127.0.0.1:{gateway.port}"
    ours = {"Origin": base, "X-Tether": "1", **headers}
    _open.append(httpx.Client(base_url=base, headers=ours, timeout=20, trust_env=False))
    return _open[-1]


def ticket(gateway: Gateway) -> str:
    return gateway.ticket_url("").partition("#ticket=")[2]


def logged_in(gateway: Gateway) -> httpx.Client:
    client = browser(gateway)
    assert client.post("/api/v1/login", json={"ticket": ticket(gateway)}).status_code == 204
    return client


def cookie_of(client: httpx.Client) -> str:
    (cookie,) = client.cookies.jar
    return f"{cookie.name}={cookie.value}"


def raw(gateway: Gateway, request: bytes, timeout: float = 10.0) -> bytes:
    """What the gateway answers to these very bytes."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout) as line:
        line.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = line.recv(65536)
            if not part:
                break
            answer += part
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def test_a_ticket_lets_a_browser_in_once_with_a_cookie_that_scripts_and_other_sites_do_not_get(gateway: Gateway):
    client = browser(gateway)
    assert client.get("/api/v1/me").status_code == 401
    given = ticket(gateway)
    answer = client.post("/api/v1/login", json={"ticket": given})
    assert answer.status_code == 204
    header = answer.headers["set-cookie"]
    assert header.startswith(f"tether-{gateway.port}=")
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"):
        assert attribute.lower() in header.lower()
    assert client.get("/api/v1/me").json()["via"] == "cookie"
    again = browser(gateway).post("/api/v1/login", json={"ticket": given})
    assert (again.status_code, again.json()["error"]["code"]) == (403, "ticket")
    for wrong in ("", "x", given[:-1], gateway.owner_token):
        assert browser(gateway).post("/api/v1/login", json={"ticket": wrong}).status_code == 403
    for body in ({"ticket": given, "admin": True}, {"ticket": 5}, {}):
        assert browser(gateway).post("/api/v1/login", json=body).status_code == 422


EVIL = ["https://evil.example", "null", "http://127.0.0.1:{port}.evil.example", "http://localhost:9999",
        "http://127.0.0.1:1", "https://127.0.0.1:{port}", ""]  # fmt: skip


@pytest.mark.parametrize("origin", EVIL)
def test_a_page_elsewhere_with_a_stolen_ride_on_the_cookie_gets_nothing(gateway: Gateway, shell: str, origin: str):
    client = logged_in(gateway)
    origin = origin.format(port=gateway.port)
    headers = {"Origin": origin, "Cookie": cookie_of(client)}
    with pytest.raises(InvalidStatus) as refused, dial(gateway, shell, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 403
    answer = client.post(f"/api/v1/sessions/{shell}/stop", json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert gateway.session(shell)["state"] == "running"


def test_our_own_page_opens_a_socket_with_its_cookie_and_no_compression(gateway: Gateway, shell: str):
    client = logged_in(gateway)
    headers = {"Origin": f"http://127.0.0.1:{gateway.port}", "Cookie": cookie_of(client)}
    with dial(gateway, shell, additional_headers=headers) as line:
        assert line.response is not None
        assert "sec-websocket-extensions" not in line.response.headers
        line.send(encode(NO_SESSION, Attach(1, os.urandom(16), "page", "web", "observe", 80, 24)))
        assert line.recv(timeout=20)
    del headers["Cookie"]
    with pytest.raises(InvalidStatus) as refused, dial(gateway, shell, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "host",
    ["attacker.test:{port}", "127.0.0.1.nip.io:{port}", "", "127.0.0.1.:{port}", "u@127.0.0.1:{port}", "127.0.0.1",
     "127.0.0.1:1", "x/api/v1/health?", "0.0.0.0:{port}"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/sessions/x/attach", "/", "/api/v1/health"])
def test_a_foreign_host_gets_no_answer_on_http_and_socket(gateway: Gateway, host: str, path: str):
    name = host.format(port=gateway.port)
    upgrade = UPGRADE if path.endswith("attach") else b""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {name}\r\nAuthorization: Bearer {gateway.owner_token}\r\n".encode()
        + upgrade
        + b"Connection: close\r\n\r\n"
    )
    assert status(raw(gateway, request)) in (400, 421)


@pytest.mark.parametrize("upgrade", [b"", UPGRADE])
def test_two_hosts_a_whole_url_and_a_broken_request_are_refused(gateway: Gateway, upgrade: bytes):
    good = f"Host: 127.0.0.1:{gateway.port}\r\n".encode()
    bearer = f"Authorization: Bearer {gateway.owner_token}\r\n".encode()
    url = f"http://127.0.0.1:{gateway.port}/api/v1/sessions".encode()
    for request in (
        b"GET /api/v1/sessions HTTP/1.1\r\n" + good + b"Host: evil\r\n" + bearer + upgrade + b"\r\n",
        b"GET /api/v1/sessions HTTP/1.1\r\n" + bearer + upgrade + b"\r\n",
        b"GET " + url + b" HTTP/1.1\r\n" + good + bearer + upgrade + b"\r\n",
        b"GET http://evil/api/v1/sessions HTTP/1.1\r\n" + good + bearer + upgrade + b"\r\n",
        b"GET /api/v1/sessions HTTP/1.1\r\n"
        + good
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/v1/sessions HTTP/1.1\r\n" + good + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + good + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    ):
        answer = raw(gateway, request)
        assert status(answer) in (400, 401, 421, 431), (request[:60], answer[:80])
        for name, value in SECURITY_HEADERS:
            assert name + b": " + value in answer.lower() or value in answer


def test_a_proxys_word_about_the_peer_changes_nothing(gateway: Gateway, shell: str):
    claims = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "Tailscale-User-Login": "owner@x",
              "Cf-Access-Authenticated-User-Email": "owner@x", "X-Real-IP": "127.0.0.1"}  # fmt: skip
    assert browser(gateway, **claims).get("/api/v1/sessions").status_code == 401
    with pytest.raises(InvalidStatus) as refused, dial(gateway, shell, additional_headers=claims):
        pass
    assert refused.value.response.status_code == 403
    hosts = browser(gateway, **{"X-Forwarded-Host": "127.0.0.1", "Host": "evil.example"})
    assert hosts.get("/api/v1/health").status_code == 421


def test_what_a_form_or_an_image_could_send_changes_nothing(gateway: Gateway, shell: str):
    client = logged_in(gateway)
    stop = f"/api/v1/sessions/{shell}/stop"
    for content in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert client.post(stop, content=b"{}", headers={"Content-Type": content}).status_code == 415
    assert client.post(stop).status_code == 415
    del client.headers["X-Tether"]
    assert client.post(stop, json={}).status_code == 403
    assert client.get(stop).status_code == 405
    stream = f"/api/v1/sessions/{shell}/stream?client={'ab' * 16}&mode=control&take=1"
    assert client.get(stream).status_code == 403, "an image of another page must not take the keyboard"
    assert gateway.session(shell)["state"] == "running"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST", "TRACE", "CONNECT", "BREW"])
def test_other_verbs_are_refused_everywhere(gateway: Gateway, shell: str, method: str):
    with api(gateway, **{"Content-Type": "application/json"}) as client:
        paths = ["/", f"/s/{shell}", "/api/v1/health", "/api/v1/sessions", f"/api/v1/sessions/{shell}"]
        paths.append(f"/api/v1/sessions/{shell}/attach")
        for path in paths:
            answer = client.request(method, path)
            assert 400 <= answer.status_code < 500, path
        upgrade = client.request(method, paths[-1], headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert 400 <= upgrade.status_code < 500


@pytest.mark.parametrize(
    "path", ["/", "/s/k3v9x0pq", "/remote/session/k3v9x0pq", "/api/v1/health", "/api/v1/me", "/nothing.png",
             "/api/v1/no", "/assets/../../__main__.py", "/assets/%2e%2e/app.py", "/..%2fapp.py", "/.gitignore",
             "/app.py"]
)  # fmt: skip
def test_every_answer_carries_the_security_headers_and_nothing_is_served_from_outside(gateway: Gateway, path: str):
    client = browser(gateway)
    answer = client.get(path)
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    assert "cache-control" in answer.headers
    assert "server" not in answer.headers
    if not path.startswith(("/s/", "/remote/", "/api/v1/health")) and path != "/":
        assert answer.status_code in (401, 404)
        assert "import" not in answer.text
    else:
        assert answer.status_code == 200
        assert client.head(path).status_code == 200


def test_health_tells_strangers_only_what_it_must(gateway: Gateway):
    assert set(browser(gateway).get("/api/v1/health").json()) == {"schema", "ok", "version", "protocol"}


def test_no_route_starts_a_session_or_takes_a_command(gateway: Gateway, shell: str):
    with api(gateway) as client:
        before = len(gateway.ls("-a"))
        for path in ("/api/v1/sessions", "/api/v1/sessions/run", f"/api/v1/sessions/{shell}/launch", "/api/v1/launch"):
            answer = client.post(path, json={"provider": "shell", "args": ["-c", "id"], "argv": ["id"], "env": {}})
            assert 400 <= answer.status_code < 500
        for body in ({"argv": ["id"]}, {"command": "id"}, {"env": {}}, {"pid": 1}, {"grace_s": -1}, {"grace_s": "x"}):
            answer = client.post(f"/api/v1/sessions/{shell}/stop", json=body)
            assert answer.status_code == 422
            assert answer.json()["error"]["field"] == next(iter(body))
        assert client.post(f"/api/v1/sessions/{shell}/stop", content=b"{", headers={
            "Content-Type": "application/json"}).status_code == 400  # fmt: skip
        assert client.post(f"/api/v1/sessions/{shell}/stop", json={"x": "y" * 70_000}).status_code == 413
        for unknown in ("zzzzzzzz", "%2e%2e", "x" * 500, f"{os.getpid():020d}"):
            assert client.post(f"/api/v1/sessions/{unknown}/stop", json={}).status_code == 404
        assert len(gateway.ls("-a")) == before
    with WebClient(gateway, shell, mode="observe") as page:
        page.expect(Attached)
        for message in (Launch(1, "shell", [], "", "/", 80, 24), Stop(2, "page", 0.0)):
            page.send(message)
            assert page.expect(object, lambda m: getattr(m, "code", "") == "bad-message")
        assert gateway.session(shell)["state"] == "running"


def test_questions_that_do_not_fit_name_the_field(gateway: Gateway, shell: str):
    with api(gateway) as client:
        for path, field in (
            (f"/api/v1/sessions/{shell}/events?after=x", "after"),
            (f"/api/v1/sessions/{shell}/events?limit=0", "limit"),
            (f"/api/v1/sessions/{shell}/events?limit=5&limit=6", "limit"),
            ("/api/v1/sessions?everything=1", "everything"),
            (f"/api/v1/sessions/{shell}/output?from=-1", "from"),
        ):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
        missing = client.get("/api/v1/sessions/zzzzzzzz")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not-found")


def test_unknown_and_ambiguous_sessions_are_told_before_a_socket_is_accepted(gateway: Gateway):
    with pytest.raises(InvalidStatus) as refused, dial(gateway, "zzzzzzzz"):
        pass
    assert refused.value.response.status_code == 404
    sessions = [gateway.run("shell") for _ in range(2)]
    first = {row["id"][0] for row in gateway.ls("-a")}
    while len(first) == len(gateway.ls("-a")):  # until two ids begin alike; 33 at the latest
        sessions.append(gateway.run("shell"))
        first = {row["id"][0] for row in gateway.ls("-a")}
    ids = [row["id"] for row in gateway.ls("-a")]
    shared = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    with api(gateway) as client:
        answer = client.get(f"/api/v1/sessions/{shared}")
        assert answer.status_code == 409
        found = {candidate["id"] for candidate in answer.json()["error"]["candidates"]}
        assert found == {one for one in ids if one[0] == shared}
        assert client.get(f"/api/v1/sessions/{sessions[0]}").json()["session"]["id"] == sessions[0]
        assert client.get(f"/api/v1/sessions/{sessions[0][:7].upper()}").json()["session"]["id"] == sessions[0]
    for session in sessions:
        gateway.tether("stop", session, "--yes")


def closes_with(gateway: Gateway, session: str, *messages: bytes | str) -> int:
    """The close code after a well-formed Attach and these messages."""
    with dial(gateway, session) as line:
        try:
            for message in messages:
                line.send(message)
            while True:
                line.recv(timeout=20)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006


def test_garbage_on_a_socket_costs_its_sender_the_connection_and_nobody_else(gateway: Gateway, shell: str):
    attach = encode(NO_SESSION, Attach(1, os.urandom(16), "page", "web", "observe", 80, 24))
    with WebClient(gateway, shell, mode="observe") as bystander:
        bystander.expect(Attached)
        assert closes_with(gateway, shell, "text") == 1003
        assert closes_with(gateway, shell, attach, "text") == 1003
        assert closes_with(gateway, shell, attach, b"") == 1002
        assert closes_with(gateway, shell, attach, os.urandom(40)) == 1002
        assert closes_with(gateway, shell, encode(NO_SESSION, Ping(1))) == 1002
        assert closes_with(gateway, shell, attach, attach[:-3]) == 1002
        assert closes_with(gateway, shell, attach, bytes(17 << 20)) == 1009
        assert closes_with(gateway, shell, attach, bytes((256 << 10) + 1)) == 1009
        bystander.send(Ping(5))
        assert bystander.expect(object, lambda m: getattr(m, "req", 0) == 5)


def test_a_new_owner_token_closes_what_is_open(gateway: Gateway, shell: str):
    path = gateway.root / "data" / "owner.token"
    old = path.read_text()
    client = logged_in(gateway)
    with WebClient(gateway, shell, mode="observe") as page:
        page.expect(Attached)
        replacement = path.with_name("new")
        replacement.touch(mode=0o600)
        replacement.write_text("ab" * 32)
        replacement.replace(path)
        assert page.closed() == 1008
    assert client.get("/api/v1/me").status_code == 401
    assert browser(gateway, Authorization=f"Bearer {old}").get("/api/v1/me").status_code == 401
    assert browser(gateway, Authorization=f"Bearer {'ab' * 32}").get("/api/v1/me").status_code == 200


def test_slow_and_silent_peers_are_dropped_while_others_are_served(gateway: Gateway, shell: str):
    """Half a header for ever, and a socket that never says Attach: both have seconds, and nobody waits for them."""
    slow = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(200)]
    try:
        for line in slow:
            line.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: 127")
        silent = dial(gateway, shell)
        with silent as accepted:
            assert browser(gateway).get("/api/v1/health").status_code == 200
            with WebClient(gateway, shell, mode="observe") as page:
                page.expect(Attached)
            with pytest.raises(ConnectionClosed) as closed:
                accepted.recv(timeout=30)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
        waiting = set(slow)
        deadline = time.monotonic() + 30
        while waiting and time.monotonic() < deadline:
            ready, _, _ = select.select(list(waiting), [], [], 0.5)
            waiting -= {line for line in ready if _ended(line)}
        assert not waiting
    finally:
        for line in slow:
            line.close()


def _ended(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_nothing_secret_is_in_the_log(gateway: Gateway, shell: str):
    given = ticket(gateway)
    client = browser(gateway)
    client.post("/api/v1/login", json={"ticket": given})
    secrets = [given, gateway.owner_token, cookie_of(client).partition("=")[2]]
    client.get("/api/v1/sessions?all=1&token=sesame-in-a-query")
    client.get(f"/api/v1/sessions/{shell}/events?after=sesame-in-a-query")
    with WebClient(gateway, shell) as page:
        page.type(b"echo sesame-typed\r")
        page.until(b"sesame-typed")
    log = gateway.root / "log" / "web.log"
    wait_until("the log has something", lambda: "event=" in log.read_text())
    text = log.read_text()
    for secret in (*secrets, "sesame"):
        assert secret not in text
