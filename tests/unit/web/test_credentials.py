"""Who vouches: the owner's token, cookies of desk browsers, device keys, the kernel's word; and what ends each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tether.devices import registry, rows, scopes
from tether.devices.registry import Registry
from tether.devices.rows import Device
from tether.web.admission import Peer
from tether.web.credentials import Credentials
from tether.web.line import Line


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "owner.token", tmp_path / "devices.json"


def make(files: tuple[Path, Path], **around: object) -> Credentials:
    return Credentials(files[0], Registry(files[1]), **around)  # type: ignore[arg-type]


def under(pid: int = 0, uid: int | None = None) -> Line:
    peer = Peer(pid, os.geteuid() if uid is None else uid) if pid else None
    ends = None if pid else (("127.0.0.1", 1), ("127.0.0.1", 2))
    return Line(lambda: None, 0.0, peer=peer, ends=ends)


def test_the_token_is_made_once_and_private(files: tuple[Path, Path]):
    credentials = make(files)
    token = files[0].read_text()
    assert len(token) == 64
    assert files[0].stat().st_mode & 0o777 == 0o600
    found = credentials.identify(token, None)
    assert found is not None
    assert not found.scopes & {scopes.APPROVE, scopes.PAIR, scopes.ADMIN}
    assert make(files).identify(token, None) is not None


def test_a_ticket_gives_one_cookie_and_its_browser_a_row(files: tuple[Path, Path]):
    credentials = make(files)
    ticket = credentials.issue_ticket()
    cookie = credentials.redeem(ticket, "Firefox on this machine")
    assert cookie is not None
    assert credentials.redeem(ticket) is None
    found = credentials.identify(None, cookie)
    assert found is not None
    assert (found.via, found.name, found.scopes) == ("cookie", "Firefox on this machine", scopes.DESK)
    assert credentials.identify(None, ticket) is None
    assert credentials.identify(None, None) is None
    assert cookie not in files[1].read_text(), "the file holds a digest"
    assert files[1].stat().st_mode & 0o777 == 0o600
    assert make(files).identify(None, cookie) is not None, "it survives the web part"


def test_a_new_owner_token_revokes_tokens_and_cookies_without_a_restart(files: tuple[Path, Path]):
    credentials = make(files)
    old = files[0].read_text()
    cookie = credentials.redeem(credentials.issue_ticket())
    found = credentials.identify(None, cookie)
    assert found is not None
    before = credentials.refresh()
    replacement = files[0].with_name("new")
    replacement.write_text("ab" * 32)
    replacement.replace(files[0])
    assert credentials.refresh() == before + 1
    assert credentials.identify(None, cookie) is None
    assert not credentials.stands(found)
    assert credentials.identify(old, None) is None
    assert credentials.identify("ab" * 32, None) is not None
    files[0].unlink()
    assert credentials.identify("ab" * 32, None) is None, "a token that is gone is made anew"
    assert files[0].exists()


def test_a_devices_credential_ends_with_its_row_and_does_not_come_back_with_a_new_one(files: tuple[Path, Path]):
    credentials = make(files)
    key = os.urandom(32)

    def pair() -> None:
        credentials.registry.change(
            lambda book: rows.add(
                book, key=key, name="phone", platform="", scopes=scopes.PHONE, path="lan", now_s=1
            )[0]
        )  # fmt: skip

    pair()
    found = credentials.of_key(key)
    assert found is not None
    assert credentials.stands(found)
    # Another process revokes: the file alone tells.
    registry.change(files[1], lambda book: rows.remove(book, [found.device])[0])
    credentials.refresh()
    assert not credentials.stands(found)
    assert credentials.of_key(key) is None
    pair()
    assert not credentials.stands(found), "an old channel of the same key stays closed"


def test_a_row_that_somebody_else_wrote_is_not_believed_and_told(files: tuple[Path, Path]):
    doubted: list[Device] = []
    watched = Registry(files[1], doubted.append)
    key = os.urandom(32)

    def forge(book: rows.Book) -> rows.Book:
        return rows.add(book, key=key, name="evil", platform="", scopes=scopes.DEVICE_SCOPES, path="", now_s=1)[0]

    registry.change(files[1], forge)
    assert watched.refresh()
    assert watched.by_key(key) is None
    assert [one.name for one in doubted] == ["evil"]
    watched.change(lambda book: rows.seen(book, "nobody", "", 5))
    files[1].touch()
    watched.refresh()
    assert len(doubted) == 1, "told once"


def test_scopes_that_were_widened_in_the_file_are_not_believed(files: tuple[Path, Path]):
    mine = Registry(files[1])
    mine.change(lambda book: rows.add(book, key=b"k" * 32, name="x", platform="", scopes=frozenset({"observe"}),
                                      path="", now_s=1)[0])  # fmt: skip
    text = files[1].read_text().replace('["observe"]', '["admin","observe"]')
    files[1].with_name("new").write_text(text)
    files[1].with_name("new").replace(files[1])
    mine.refresh()
    assert mine.by_key(b"k" * 32) is None


def test_a_damaged_file_lets_nobody_in(files: tuple[Path, Path]):
    files[1].write_text("{")
    assert Registry(files[1]).book.devices == []


def test_a_command_has_every_scope_outside_of_sessions_and_few_inside(files: tuple[Path, Path]):
    credentials = make(files, around=lambda pid: frozenset({b"s" * 16}) if pid == 7 else frozenset())
    outside = credentials.identify(None, None, under(5))
    inside = credentials.identify(None, None, under(7))
    assert outside is not None
    assert inside is not None
    assert outside.permits(scopes.PAIR)
    assert outside.permits(scopes.ADMIN)
    assert not {scopes.PAIR, scopes.ADMIN, scopes.APPROVE} & inside.scopes
    assert inside.inside == {b"s" * 16}
    assert credentials.identify(None, None, under(5, uid=os.geteuid() + 1)) is None


def test_a_cookie_in_the_hands_of_an_agent_is_worth_no_more_than_the_token(files: tuple[Path, Path]):
    asked: list[int] = []

    def around_peer(here: tuple[str, int], there: tuple[str, int]) -> frozenset[bytes]:
        asked.append(1)
        return frozenset({b"s" * 16})

    credentials = make(files, around_peer=around_peer)
    cookie = credentials.redeem(credentials.issue_ticket())
    line = under()
    for _ in range(3):
        found = credentials.identify(None, cookie, line)
        assert found is not None
        assert found.scopes == scopes.TOKEN
        assert found.inside
    assert len(asked) == 1, "once for each connection"
