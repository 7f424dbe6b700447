"""No name, link, or race leads out of a session's directory."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from tether.worktree import confined, content
from tether.worktree.confined import Missing, NotAFile, Outside

SECRET = b"the secret outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(SECRET)
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    (inside / "sub/file").write_bytes(b"fine")
    return inside


def read(root: Path, key: str, limit: int = 1 << 20) -> bytes:
    return confined.read(str(root), confined.parts_of(key), limit).data


CLIMBING = [
    "../outside/secret", "sub/../../outside/secret", "/etc/passwd", "//etc/passwd", "sub//file", "./sub/file", "sub/.",
    "sub/..", "%2e%2e/outside/secret", "..%2foutside%2fsecret", "sub%00", "sub/file%00.txt", ".git/config",
    ".GIT/config", "sub/.git/config", ".git./config", ".git%20/config", "a/" * 200 + "a", "x" * 20_000, "sub/", "/",
]  # fmt: skip


@pytest.mark.parametrize("key", CLIMBING)
def test_a_name_that_climbs_is_outside(root: Path, key: str) -> None:
    with pytest.raises(Outside):
        read(root, key)


def test_any_bytes_may_be_a_name(root: Path) -> None:
    name = b"caf\xe9 %2e?#\n\xf0\x9f\x8c\x8d"
    (root / os.fsdecode(name)).write_bytes(b"odd")
    assert read(root, confined.key_of(name)) == b"odd"
    assert read(root, quote("sub/file")) == b"fine"
    with pytest.raises(Missing):
        read(root, "%252e%252e")
    with pytest.raises(Missing):
        read(root, "x" * 300)


def test_no_link_is_followed_wherever_it_stands(root: Path) -> None:
    (root / "out").symlink_to("../outside")
    (root / "file").symlink_to("../outside/secret")
    (root / "near").symlink_to("sub/file")
    (root / "proc").symlink_to("/proc/self/root")
    (root / "loop").symlink_to("loop")
    for key in ("out/secret", "file", "near", "loop", "loop/x", "proc/etc/passwd"):
        with pytest.raises(Outside):
            read(root, key)
    with pytest.raises(Outside):
        confined.entries(str(root), [b"out"])
    links = {one.name: one.target for one in confined.entries(str(root), [])[0] if one.kind == "link"}
    assert links[b"out"] == b"../outside"


def test_a_hard_link_is_a_file_and_what_is_none_is_not_opened(root: Path) -> None:
    os.mkfifo(root / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(root, os.O_RDONLY)
    try:
        listener.bind(f"/proc/self/fd/{here}/sock")
        (root / "null").symlink_to("/dev/null")
        for key in ("pipe", "sock", "sub", ""):
            with pytest.raises(NotAFile):
                read(root, key)
        with pytest.raises(NotAFile):
            confined.read("/dev", [b"zero"], 10)
        with pytest.raises(Missing):
            read(root, "sub/file/deeper")
    finally:
        listener.close()
        os.close(here)


def test_a_race_of_renames_never_shows_what_is_outside(root: Path, tmp_path: Path) -> None:
    """An agent exchanges a directory for a link, and a file for a link, as fast as it can."""
    (root / "door").mkdir()
    (root / "door/secret").write_bytes(b"inside")
    (root / "plain").write_bytes(b"inside")
    over = threading.Event()

    def exchange() -> None:
        here = str(root)
        while not over.is_set():
            os.rename(f"{here}/door", f"{here}/door.real")
            os.symlink("../outside", f"{here}/door")
            os.unlink(f"{here}/door")
            os.rename(f"{here}/door.real", f"{here}/door")
            os.symlink("../outside/secret", f"{here}/swap")
            os.rename(f"{here}/plain", f"{here}/kept")
            os.rename(f"{here}/swap", f"{here}/plain")
            os.rename(f"{here}/kept", f"{here}/plain")

    racer = threading.Thread(target=exchange)
    racer.start()
    seen = set()
    try:
        for _ in range(3000):
            for key in ("door/secret", "plain"):
                try:
                    seen.add(read(root, key))
                except (Outside, Missing) as error:
                    seen.add(type(error).__name__.encode())
    finally:
        over.set()
        racer.join()
    assert SECRET not in seen
    assert b"inside" in seen
    assert len(seen) > 1, "nothing was ever exchanged"


def test_a_directory_that_is_gone_or_huge(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missing):
        confined.entries(str(root / "nothing"), [])
    monkeypatch.setattr(confined, "ENTRIES_MAX", 3)
    for number in range(5):
        (root / f"f{number}").touch()
    found, whole = confined.entries(str(root), [])
    assert (len(found), whole) == (3, False)


def test_a_huge_file_is_read_no_further_than_asked(root: Path) -> None:
    with open(root / "huge", "wb") as file:
        file.truncate(1 << 36)
    found = confined.read(str(root), [b"huge"], 1000)
    assert (len(found.data), found.size) == (1000, 1 << 36)


@pytest.mark.parametrize(
    ("data", "kind", "media"),
    [
        (b"plain\n", "text", ""),
        (b"", "text", ""),
        (b"a\0b", "binary", ""),
        (b"\x89PNG\r\n\x1a\n\0\0", "image", "image/png"),
        (b"\xff\xd8\xff\xe0", "image", "image/jpeg"),
        (b"GIF89a", "image", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image", "image/webp"),
        (b"<svg onload='alert(1)'>", "text", ""),
        (b"<html>", "text", ""),
    ],
)
def test_what_bytes_are(data: bytes, kind: str, media: str) -> None:
    assert content.nature(data) == (kind, media)


def test_text_is_cut_at_a_line() -> None:
    assert content.whole_lines(b"one\ntwo\nthree", 9) == b"one\ntwo\n"
    assert content.whole_lines(b"endless", 3) == b"end"
