"""The owner's token as a file: read again when it changes, and what a change does."""

from __future__ import annotations

import os
from pathlib import Path

from tether import access
from tether.clock import now_us
from tether.web.credentials import Credentials


def now_s() -> int:
    return now_us() // 1_000_000


def test_the_token_is_made_once_and_private(tmp_path: Path):
    path = tmp_path / "owner.token"
    credentials = Credentials(path)
    token = path.read_text()
    assert len(token) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert credentials.identify(token, None) is not None
    assert Credentials(path).identify(token, None) is not None


def test_a_ticket_gives_one_cookie(tmp_path: Path):
    path = tmp_path / "owner.token"
    credentials = Credentials(path)
    ticket = access.make_ticket(path.read_text(), now_s(), os.urandom(16))
    cookie = credentials.redeem(ticket)
    assert cookie is not None
    assert credentials.redeem(ticket) is None
    found = credentials.identify(None, cookie)
    assert found is not None
    assert found.via == "cookie"
    assert credentials.identify(None, ticket) is None
    assert credentials.identify(None, None) is None


def test_a_new_owner_token_revokes_everything_without_a_restart(tmp_path: Path):
    path = tmp_path / "owner.token"
    credentials = Credentials(path)
    old = path.read_text()
    cookie = credentials.redeem(access.make_ticket(old, now_s(), os.urandom(16)))
    before = credentials.refresh()
    replacement = tmp_path / "new"
    replacement.write_text("ab" * 32)
    replacement.replace(path)
    assert credentials.refresh() == before + 1
    assert credentials.identify(None, cookie) is None
    assert credentials.identify(old, None) is None
    assert credentials.identify("ab" * 32, None) is not None
    path.unlink()
    assert credentials.identify("ab" * 32, None) is None, "a token that is gone is made anew"
    assert path.exists()
