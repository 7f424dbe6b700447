"""Behind Cloudflare Access a request needs the team's assertion as well; without keys nobody comes in."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.unit.exposure import test_assertions as made
from tether.clock import now_us
from tether.web.access_keys import HEADER, AccessKeys, fetched


def token(**claims: object) -> bytes:
    now = now_us() // 1_000_000
    return made.token(exp=now + 60, nbf=now - 60, **claims).encode()


async def settled(keys: AccessKeys) -> None:
    while keys._asking is not None and not keys._asking.done():
        await asyncio.wait([keys._asking])


def test_a_good_assertion_comes_in_and_others_do_not() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps(made.jwks()).encode()

    async def story() -> None:
        keys = AccessKeys("team", "app", fetch)
        good = [(HEADER, token())]
        assert not keys.admits(good)  # the keys are being asked for
        await settled(keys)
        assert keys.admits(good)
        assert keys.admits([(b"Cf-Access-Jwt-Assertion", token())])
        for headers in ([], [(HEADER, b"")], [*good, *good], [(HEADER, token(aud="other"))]):
            assert not keys.admits(headers)
        await settled(keys)
        assert asked == ["https://team.cloudflareaccess.com/cdn-cgi/access/certs"]

    asyncio.run(story())


@pytest.mark.parametrize("answer", [b"", b"[]", b"\xff", b'{"keys": [{}]}'])
def test_without_keys_nobody_comes_in(answer: bytes) -> None:
    async def story() -> None:
        keys = AccessKeys("team", "app", lambda _url: answer)
        keys.refresh(0)
        await settled(keys)
        assert not keys.admits([(HEADER, token())])
        await settled(keys)

    asyncio.run(story())


@pytest.mark.parametrize("url", ["http://team.cloudflareaccess.com/x", "https://127.0.0.1:4789/", "file:///etc/passwd"])
def test_keys_come_from_nowhere_else(url: str) -> None:
    with pytest.raises(OSError, match="no address"):
        fetched(url)
