"""Pictures for agents: what is taken, under what name, and how much of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether import enclosures
from tether.errors import TetherError

SID = bytes(range(16))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NOW = 1_767_225_600.0


def give(home: Path, data: bytes = PNG, now: float = NOW) -> enclosures.Taken:
    return enclosures.take(home, SID, "", 0, len(data), data, now)


def code(call: object) -> str:
    with pytest.raises(TetherError) as caught:
        call()  # type: ignore[operator]
    return str(caught.value.code)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0" + bytes(8), "jpg"),
        (b"GIF89a" + bytes(6), "gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='x'>", None),
        (b"#!/bin/sh\nrm -rf /", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert enclosures.kind_of(head) == kind


def test_it_is_kept_for_the_owner_alone_under_a_name_of_ours(tmp_path: Path) -> None:
    path = give(tmp_path / "pictures").path
    assert path is not None
    assert path.read_bytes() == PNG
    assert path.parent == enclosures.place_of(tmp_path / "pictures", SID)
    assert path.name.startswith("picture-20260101-000000-")
    assert path.suffix == ".png"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700


@given(pieces=st.lists(st.binary(max_size=30), max_size=8), again=st.booleans())
def test_pieces_make_the_whole_also_when_some_come_twice(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], again: bool
) -> None:
    home = tmp_path_factory.mktemp("pictures")
    whole = PNG + b"".join(pieces) + b"x"
    taken = enclosures.take(home, SID, "", 0, len(whole), PNG, NOW)
    at = len(PNG)
    for piece in (*pieces, b"x"):
        if again and at + len(piece) < len(whole):
            enclosures.take(home, SID, taken.upload, at, len(whole), piece, NOW)
        taken = enclosures.take(home, SID, taken.upload, at, len(whole), piece, NOW)
        at += len(piece)
    assert taken.path is not None
    assert taken.path.read_bytes() == whole


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    big = enclosures.PICTURE_BYTES_MAX + 1
    assert code(lambda: give(tmp_path, b"not a picture at all")) == "kind"
    assert code(lambda: enclosures.take(tmp_path, SID, "", 0, big, PNG, NOW)) == "size"
    begun = enclosures.take(tmp_path, SID, "", 0, 1000, PNG, NOW)
    assert code(lambda: enclosures.take(tmp_path, SID, begun.upload, 900, 1000, b"x", NOW)) == "upload"
    assert code(lambda: enclosures.take(tmp_path, SID, begun.upload, 48, 60, bytes(20), NOW)) == "upload"
    for name in ("../../etc/passwd", "0" * 16 + ".png", "0" * 16 + ".sh", begun.upload + "/x", "\0"):
        assert code(lambda name=name: enclosures.take(tmp_path, SID, name, 0, 20, PNG, NOW)) == "upload"


def test_a_session_holds_so_much_and_what_nobody_went_on_with_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosures, "SESSION_FILES_MAX", 2)
    for _ in range(2):
        enclosures.take(tmp_path, SID, "", 0, 1000, PNG, NOW)
    now = max(one.stat().st_mtime for one in enclosures.place_of(tmp_path, SID).iterdir())
    assert code(lambda: give(tmp_path, now=now)) == "quota"
    assert give(tmp_path, now=now + 601).path is not None
    monkeypatch.setattr(enclosures, "SESSION_BYTES_MAX", 60)
    assert code(lambda: give(tmp_path, now=now)) == "quota"


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    home = tmp_path / "pictures"
    home.mkdir(0o700)
    enclosures.place_of(home, SID).symlink_to(victim)
    assert code(lambda: give(home)) == "unsafe"
    assert list(victim.iterdir()) == []


def test_they_go_with_their_session(tmp_path: Path) -> None:
    give(tmp_path)
    enclosures.forget(tmp_path, {SID})
    assert enclosures.place_of(tmp_path, SID).exists()
    enclosures.forget(tmp_path, {bytes(16)})
    assert not enclosures.place_of(tmp_path, SID).exists()
    enclosures.forget(tmp_path / "nowhere", set())


def test_what_is_begun_counts_as_large_as_it_may_become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosures, "SESSION_BYTES_MAX", 2 * enclosures.PICTURE_BYTES_MAX)
    begun = [enclosures.take(tmp_path, SID, "", 0, 1000, PNG, NOW) for _ in range(2)]
    now = max(one.stat().st_mtime for one in enclosures.place_of(tmp_path, SID).iterdir())
    assert code(lambda: give(tmp_path, now=now)) == "quota"
    at = begun[0].have
    assert enclosures.take(tmp_path, SID, begun[0].upload, at, 1000, bytes(1000 - at), now).path is not None
    assert give(tmp_path, now=now).path is not None


def test_a_picture_that_was_made_something_else_meanwhile_is_none(tmp_path: Path) -> None:
    begun = enclosures.take(tmp_path, SID, "", 0, 100, PNG, NOW)
    script = b"#!/bin/sh\n".ljust(100, b"#")
    assert code(lambda: enclosures.take(tmp_path, SID, begun.upload, 0, 100, script, NOW)) == "kind"
    assert list(enclosures.place_of(tmp_path, SID).iterdir()) == []
