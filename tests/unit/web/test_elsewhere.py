"""The door beyond this machine, with certificates of the user's own, and closed when something about it is wrong."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from tether.errors import TetherError
from tether.exposure import Lan, certificates
from tether.paths import Paths, resolve
from tether.web import elsewhere

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = resolve({"TETHER_HOME": str(tmp_path / "t"), "HOME": str(tmp_path)})
    for directory in (found.run, found.exposure.parent):
        directory.mkdir(parents=True, exist_ok=True)
    return found


def test_a_certificate_of_the_users_own_is_what_a_phone_sees(paths: Paths, tmp_path: Path) -> None:
    own = certificates.ensure(tmp_path / "bought", ["box.local"], NOW)
    door = elsewhere._door(paths, Lan("127.0.0.1", 0, "", str(own.certificate), str(own.key)))
    assert door.authority is None, "there is nothing to install on a phone"
    assert not paths.certificates.exists(), "no authority is made"
    with door.listener:
        door.listener.listen()

        def serve() -> None:
            with door.tls.wrap_socket(door.listener.accept()[0], server_side=True) as line:
                line.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        trusting = ssl.create_default_context(cafile=own.authority)
        raw = socket.create_connection(door.listener.getsockname())
        with trusting.wrap_socket(raw, server_hostname="box.local") as line:
            assert line.version() in ("TLSv1.2", "TLSv1.3")
            line.send(b"x")
        thread.join(10)


def test_a_key_that_does_not_fit_opens_nothing_and_says_which(paths: Paths, tmp_path: Path) -> None:
    one, other = (certificates.ensure(tmp_path / name, ["box.local"], NOW) for name in ("one", "other"))
    with pytest.raises(TetherError, match=r"one.*do not fit"):
        elsewhere._door(paths, Lan("127.0.0.1", 0, "", str(one.certificate), str(other.key)))


@pytest.mark.parametrize(
    "text",
    ["[lan]\naddress = '10.0.0.1'\ninterface = 'nothere0'\n", "[lan]\naddress = '0.0.0.0'\n", "[lan\n", "x = 1\n"],
)
def test_what_is_wrong_is_told_and_everything_stays_closed(paths: Paths, text: str) -> None:
    paths.exposure.write_text(text)
    found = elsewhere.look(paths)
    assert (found.hosts, found.origins, found.door) == (frozenset(), frozenset(), None)
    told = paths.run / "exposure.error"
    assert told.read_text()
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    paths.exposure.unlink()
    assert elsewhere.look(paths) == elsewhere.NOWHERE
    assert not told.exists()
