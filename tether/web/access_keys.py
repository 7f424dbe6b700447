"""The keys with which a Cloudflare Access team signs its assertions, and the check of one against them.

Without keys nobody comes in by the tunnel: this gate fails closed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from tether.clock import monotonic, now_us
from tether.exposure import assertions
from tether.exposure.assertions import BadAssertion
from tether.web.admission import Headers

HEADER: Final = b"cf-access-jwt-assertion"
# The only address that the gateway ever asks for anything.
ADDRESS: Final = re.compile(r"https://[A-Za-z0-9-]{1,63}\.cloudflareaccess\.com/cdn-cgi/access/certs")
FETCH_S: Final = 10.0
OLD_S: Final = 3600.0
# A key that is not known may be new: looked for at most this often, or whoever sends nonsense makes us ask.
AGAIN_S: Final = 60.0
_BYTES_MAX: Final = 256 * 1024

log = logging.getLogger("tether")


class AccessKeys:
    """`fetch(url)` returns the document at an address, and is called in a thread."""

    def __init__(self, team: str, audience: str, fetch: Callable[[str], bytes] | None = None) -> None:
        self._team = team
        self._audience = audience
        self._fetch = fetch or fetched
        self._keys: Mapping[str, tuple[int, int]] = {}
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    def admits(self, headers: Headers) -> bool:
        """True when the request carries an assertion of the team's for this application."""
        found = [value for name, value in headers if name.lower() == HEADER]
        if len(found) != 1:
            return False
        self.refresh(OLD_S)
        try:
            assertions.verify(found[0].decode("latin-1"), self._keys, self._team, self._audience, now_us() // 1_000_000)
        except BadAssertion as error:
            log.info("event=access-refused reason=%r", str(error))
            self.refresh(AGAIN_S)
            return False
        return True

    def refresh(self, old_s: float) -> None:
        """Ask for the keys again when they are older than that. Does not wait."""
        now = monotonic()
        if now - self._asked_at < old_s or (self._asking is not None and not self._asking.done()):
            return
        self._asked_at = now
        self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        url = f"{assertions.issuer(self._team)}/cdn-cgi/access/certs"
        try:
            document: Any = json.loads(await asyncio.to_thread(self._fetch, url))
        except (OSError, ValueError, RecursionError) as error:
            log.warning("event=access-keys-missing url=%s error=%r", url, str(error))
            return
        self._keys = assertions.keys_of(document)
        log.info("event=access-keys count=%d", len(self._keys))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def fetched(url: str) -> bytes:
    """The document at an https address of Cloudflare's. OSError otherwise; redirects are not followed."""
    if ADDRESS.fullmatch(url) is None:
        raise OSError(f"{url} is no address of Cloudflare Access")
    opener = urllib.request.build_opener(_NoRedirects)
    with opener.open(url, timeout=FETCH_S) as answer:
        body: bytes = answer.read(_BYTES_MAX)
        return body
