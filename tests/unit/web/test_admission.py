"""Who is let in: every header a stranger can think of, as pure decisions."""

import pytest

from tether.web.admission import Asked, Credential, Policy, Refusal, admit, rules, without_forwarding

RULES = rules(4789, "tether-4789")
HOST = (b"host", b"127.0.0.1:4789")
ORIGIN = (b"origin", b"http://127.0.0.1:4789")
COOKIE = (b"cookie", b"theme=dark; tether-4789=good; tether-4790=other")
BEARER = (b"authorization", b"Bearer good")
JSON = (b"content-type", b"application/json")
MARK = (b"x-tether", b"1")


def identify(bearer: str | None, cookie: str | None) -> Credential | None:
    if bearer is not None:
        return Credential("bearer", 1) if bearer == "good" else None
    return Credential("cookie", 1) if cookie == "good" else None


def ask(*headers: tuple[bytes, bytes], kind: str = "http", method: str = "GET", path: str = "/api/v1/sessions",
        policy: Policy | None = Policy.OWNER) -> Credential | Refusal | None:  # fmt: skip
    return admit(Asked(kind, method, path, headers), policy, RULES, identify)


def status(verdict: Credential | Refusal | None) -> int:
    return verdict.status if isinstance(verdict, Refusal) else 200


def test_a_cookie_or_a_bearer_token_opens():
    assert ask(HOST, COOKIE) == Credential("cookie", 1)
    assert ask(HOST, BEARER) == Credential("bearer", 1)
    assert ask(HOST, (b"authorization", b"bearer good")) == Credential("bearer", 1)


@pytest.mark.parametrize("name", [b"127.0.0.1:4789", b"localhost:4789", b"LOCALHOST:4789", b"[::1]:4789"])
def test_the_gateways_own_names_are_answered(name: bytes):
    assert status(ask((b"host", name), BEARER)) == 200


@pytest.mark.parametrize(
    "name",
    [
        b"attacker.test:4789", b"127.0.0.1.nip.io:4789", b"127.0.0.1:4788", b"127.0.0.1", b"localhost", b"0.0.0.0:4789",
        b"127.0.0.1.:4789", b"localhost.:4789", b"user@127.0.0.1:4789", b"127.0.0.1:4789@evil", b"127.0.0.1:4789/x?",
        b"x/healthz?", b"[::1]", b"[::ffff:127.0.0.1]:4789", b"2130706433:4789", b"",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_foreign_names_are_not_answered_whatever_they_show(name: bytes, kind: str):
    assert status(ask((b"host", name), ORIGIN, BEARER, kind=kind)) in (400, 421)


def test_a_request_has_exactly_one_host():
    assert status(ask(BEARER)) == 400
    assert status(ask(HOST, HOST, BEARER)) == 400
    assert status(ask(HOST, (b"host", b"evil:4789"), BEARER)) == 400


def test_headers_have_a_bound():
    assert status(ask(HOST, BEARER, (b"x-long", b"y" * 20_000))) == 431


def test_a_target_that_is_a_url_is_refused():
    assert status(ask(HOST, BEARER, path="http://127.0.0.1:4789/api/v1/health")) == 400
    assert status(ask(HOST, BEARER, path="*")) == 400


STRANGE_ORIGINS = [
    b"https://evil.example", b"null", b"http://127.0.0.1:4789.evil.example", b"http://localhost:9999",
    b"http://127.0.0.1:4788", b"https://127.0.0.1:4789", b"http://127.0.0.1:4789/", b"HTTP://127.0.0.1:4789", b"",
    b"http://evil@127.0.0.1:4789", b"http://127.0.0.1", b"http://127.0.0.1:4789, https://evil.example",
]  # fmt: skip


@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
def test_a_page_of_another_origin_opens_no_socket_and_does_nothing(origin: bytes):
    header = (b"origin", origin)
    assert status(ask(HOST, header, COOKIE, kind="websocket")) == 403
    assert status(ask(HOST, header, COOKIE, JSON, MARK, method="POST")) == 403
    assert status(ask(HOST, header, BEARER, kind="websocket")) == 403, "a stolen token does not help a web page"
    assert status(ask(HOST, header, COOKIE)) == 403


def test_two_origins_are_none_of_ours():
    assert status(ask(HOST, ORIGIN, (b"origin", b"https://evil.example"), COOKIE, kind="websocket")) == 403


def test_without_an_origin_only_a_bearer_token_acts():
    assert status(ask(HOST, COOKIE, kind="websocket")) == 403
    assert status(ask(HOST, BEARER, kind="websocket")) == 200
    assert status(ask(HOST, COOKIE, JSON, MARK, method="POST")) == 403
    assert status(ask(HOST, BEARER, JSON, MARK, method="POST")) == 200
    assert status(ask(HOST, (b"authorization", b"Basic Z29vZA=="), COOKIE, kind="websocket")) == 401


def test_our_own_page_opens_sockets_and_acts():
    assert status(ask(HOST, ORIGIN, COOKIE, kind="websocket")) == 200
    assert status(ask(HOST, ORIGIN, COOKIE, JSON, MARK, method="POST")) == 200


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_a_fetch_that_the_browser_calls_foreign_is_refused_except_for_the_shell(site: bytes):
    header = (b"sec-fetch-site", site)
    assert status(ask(HOST, header, COOKIE)) == 403
    assert status(ask(HOST, header, policy=Policy.PUBLIC, path="/s/k3v9x0pq")) == 200
    assert status(ask(HOST, (b"sec-fetch-site", b"same-origin"), COOKIE)) == 200
    assert status(ask(HOST, (b"sec-fetch-site", b"none"), COOKIE)) == 200


@pytest.mark.parametrize("policy", [Policy.OWNER, Policy.ACT, None])
def test_without_a_credential_nothing_opens(policy: Policy | None):
    assert status(ask(HOST, policy=policy)) == 401
    assert status(ask(HOST, ORIGIN, kind="websocket", policy=policy)) == 401
    for wrong in ((b"authorization", b"Bearer bad"), (b"authorization", b"Bearer"), (b"cookie", b"tether-4789=bad"),
                  (b"cookie", b"tether-4790=good"), (b"cookie", b"xtether-4789=good")):  # fmt: skip
        assert status(ask(HOST, ORIGIN, wrong, policy=policy)) == 401


def test_a_wrong_bearer_token_is_not_saved_by_a_good_cookie():
    assert status(ask(HOST, (b"authorization", b"Bearer bad"), COOKIE)) == 401
    assert status(ask(HOST, BEARER, BEARER)) == 401, "two Authorization headers are none"


@pytest.mark.parametrize(
    "kind", [None, b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b""]
)
def test_what_a_form_could_send_changes_nothing(kind: bytes | None):
    content = [] if kind is None else [(b"content-type", kind)]
    assert status(ask(HOST, ORIGIN, COOKIE, MARK, *content, method="POST")) == 415
    assert status(ask(HOST, ORIGIN, COOKIE, *content, method="DELETE")) == 415


def test_acting_takes_a_header_that_no_form_can_set():
    assert status(ask(HOST, ORIGIN, COOKIE, JSON, method="POST")) == 403
    assert status(ask(HOST, ORIGIN, COOKIE, JSON, (b"x-tether", b"0"), method="POST")) == 403
    assert status(ask(HOST, ORIGIN, JSON, method="POST", policy=Policy.LOGIN)) == 403
    assert status(ask(HOST, ORIGIN, JSON, MARK, method="POST", policy=Policy.LOGIN)) == 200


def test_a_get_with_effects_must_be_meant():
    assert status(ask(HOST, COOKIE, policy=Policy.ACT)) == 403
    assert status(ask(HOST, COOKIE, MARK, policy=Policy.ACT)) == 200
    assert status(ask(HOST, BEARER, policy=Policy.ACT)) == 200


def test_public_needs_no_credential_but_our_name():
    assert ask(HOST, policy=Policy.PUBLIC) is None
    assert status(ask((b"host", b"evil"), policy=Policy.PUBLIC)) == 421


def test_what_proxies_say_of_the_peer_is_dropped():
    claimed = [(b"X-Forwarded-For", b"127.0.0.1"), (b"forwarded", b"for=127.0.0.1"), (b"x-real-ip", b"127.0.0.1"),
               (b"tailscale-user-login", b"owner@x"), (b"Cf-Access-Authenticated-User-Email", b"o@x"),
               (b"x-forwarded-host", b"evil")]  # fmt: skip
    assert without_forwarding([HOST, *claimed, COOKIE]) == [HOST, COOKIE]


def test_a_gateway_on_port_80_is_called_without_a_port():
    eighty = rules(80, "tether-80")
    assert {"127.0.0.1", "127.0.0.1:80"} <= eighty.hosts
    assert "127.0.0.1" not in RULES.hosts


def test_a_request_that_tells_its_length_twice_is_refused():
    length, chunked = (b"content-length", b"2"), (b"transfer-encoding", b"chunked")
    for framing in ((length, chunked), (length, length), (chunked, chunked)):
        assert status(ask(HOST, BEARER, JSON, MARK, *framing, method="POST")) == 400
    assert status(ask(HOST, BEARER, JSON, MARK, length, method="POST")) == 200


def test_a_devices_two_sockets_are_open_from_elsewhere_to_the_pages_of_that_name_alone():
    far = rules(4789, "c", frozenset({"gw.example.ts.net"}), frozenset({"https://gw.example.ts.net"}))
    host, origin = (b"host", b"gw.example.ts.net"), (b"origin", b"https://gw.example.ts.net")

    def knock(policy: Policy, *headers: tuple[bytes, bytes]) -> int:
        return status(admit(Asked("websocket", "GET", "/api/v1/channel", headers), policy, far, identify))

    assert knock(Policy.DEVICE, host, origin) == 200
    assert knock(Policy.DEVICE, host, (b"origin", b"https://evil.example")) == 403
    assert knock(Policy.DEVICE, host) == 403
    for policy in (Policy.LOGIN, Policy.OWNER, Policy.ACT):
        assert knock(policy, host, origin, BEARER) == 403
