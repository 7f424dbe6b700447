"""Where things live, and that nobody else can get at them."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tether.errors import USAGE, TetherError
from tether.paths import Paths, prepare, resolve, secure_directory

linux = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one directory instead of XDG's")


@pytest.fixture
def short() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tp", dir="/tmp"))
    yield made
    shutil.rmtree(made)


def all_sockets(paths: Paths) -> list[Path]:
    sid = bytes(16)
    return [paths.broker, paths.broker_pub, paths.store, paths.store_pub, paths.spawner, paths.keeper,
            paths.supervisor_sock, paths.worker_pub(sid)]  # fmt: skip


def test_one_variable_holds_everything() -> None:
    paths = resolve({"TETHER_HOME": "/t", "HOME": "/home/u", "XDG_CONFIG_HOME": "/x"})
    for found in (paths.config, paths.data, paths.run, paths.log, paths.settings, paths.owner_token):
        assert found.is_relative_to("/t")


@linux
def test_else_the_xdg_directories_hold_it() -> None:
    paths = resolve({"HOME": "/home/u"})
    assert paths.settings == Path("/home/u/.config/tether/config.toml")
    assert paths.log_db == Path("/home/u/.local/state/tether/data/events.lmdb")
    moved = resolve({"HOME": "/home/u", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"})
    assert (moved.config, moved.data) == (Path("/c/tether"), Path("/s/tether/data"))


@linux
def test_a_relative_xdg_directory_is_ignored_as_its_specification_says() -> None:
    assert resolve({"HOME": "/home/u", "XDG_STATE_HOME": "state"}).log == Path("/home/u/.local/state/tether/log")


@linux
def test_the_run_directory_is_not_one_that_a_logout_removes() -> None:
    assert not resolve({"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1"}).run.is_relative_to("/run")


@pytest.mark.parametrize("home", ["relative", "./t", "~/t", "/t\0x"])
def test_a_home_that_is_no_absolute_path_is_refused(home: str) -> None:
    with pytest.raises(TetherError) as caught:
        resolve({"TETHER_HOME": home})
    assert caught.value.status == USAGE


@pytest.mark.parametrize("home", ["/t", "/" + "long/" * 40 + "home", "/größe/" + "ü" * 60])
def test_every_socket_path_fits_the_kernels_limit(home: str) -> None:
    paths = resolve({"TETHER_HOME": home})
    for path in all_sockets(paths):
        assert len(os.fsencode(path)) <= 107


def test_two_long_homes_have_two_run_directories() -> None:
    runs = {resolve({"TETHER_HOME": "/" + name * 100}).run for name in "ab"}
    assert len(runs) == 2


def test_names_do_not_meet() -> None:
    paths = resolve({"TETHER_HOME": "/t"})
    sid = bytes(range(16))
    names = [*all_sockets(paths), paths.ring(sid), paths.worker_lock(sid), paths.bus_token, paths.supervisor_conf,
             paths.supervisor_pid, paths.log_db, paths.log_gate, paths.ballast, paths.owner_token, paths.machine,
             paths.service_lock("store"), paths.service_lock("broker")]  # fmt: skip
    assert len(set(names)) == len(names)


def test_preparing_makes_private_directories_and_again_changes_nothing(short: Path) -> None:
    paths = resolve({"TETHER_HOME": str(short / "home")})
    for _ in range(2):
        prepare(paths)
    for directory in (paths.config, paths.data, paths.run, paths.log, paths.workers):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def refused(path: Path) -> TetherError:
    with pytest.raises(TetherError) as caught:
        secure_directory(path)
    assert caught.value.code == "unsafe"
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_symbolic_link_is_refused_and_its_target_named(short: Path) -> None:
    (short / "target").mkdir(mode=0o700)
    (short / "link").symlink_to(short / "target")
    assert str(short / "target") in refused(short / "link").hint


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o710, 0o701])
def test_a_directory_open_to_others_is_refused(short: Path, mode: int) -> None:
    (short / "open").mkdir()
    (short / "open").chmod(mode)
    assert f"{mode:04o}" in refused(short / "open").message


def test_a_file_in_the_way_is_refused(short: Path) -> None:
    (short / "file").write_text("")
    refused(short / "file")
    with pytest.raises(TetherError):
        secure_directory(short / "file" / "below")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(short: Path) -> None:
    (short / "his").mkdir(mode=0o700)
    os.chown(short / "his", 65534, 65534)
    assert "65534" in refused(short / "his").message


def test_workers_call_their_files_by_the_names_that_others_know():
    paths, sid = resolve({"TETHER_HOME": "/t"}), bytes(range(16))
    theirs = paths.for_workers
    assert Path(theirs.ring(sid)) == paths.ring(sid) == Path("/t/run/w/000102030405060708090a0b0c0d0e0f.ring")
    assert tuple(map(Path, theirs.files(sid))) == paths.worker_files(sid)
    assert (theirs.store, theirs.broker, theirs.log) == ("/t/run/s", "/t/run/b", "/t/log/workers.log")
