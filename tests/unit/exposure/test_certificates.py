"""A phone that trusts the gateway's authority gets a connection to the gateway, and trusts it for nothing else."""

from __future__ import annotations

import datetime as dt
import os
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from tether.errors import TetherError
from tether.exposure import certificates

NOW = dt.datetime.now(dt.UTC)
HOSTS = ["192.168.1.20", "box.local"]


def handshake(files: certificates.Files, name: str) -> None:
    """A TLS client that trusts the authority connects to a server with the certificate, under `name`."""
    ours, theirs = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as wrapped:
                wrapped.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client = ssl.create_default_context(cafile=files.authority)
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            wrapped.send(b"x")
    finally:
        ours.close()
        thread.join(10)


@pytest.mark.parametrize("name", HOSTS)
def test_a_client_that_trusts_the_authority_connects(tmp_path: Path, name: str) -> None:
    handshake(certificates.ensure(tmp_path / "tls", HOSTS, NOW), name)


def test_another_name_is_refused(tmp_path: Path) -> None:
    files = certificates.ensure(tmp_path / "tls", HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "other.local")


@pytest.mark.parametrize("name", ["bank.example.com", "8.8.8.8"])
def test_the_authority_is_good_for_nothing_of_the_internet(tmp_path: Path, name: str) -> None:
    files = certificates.ensure(tmp_path / "tls", [name], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree|not permitted|name constraint"):
        handshake(files, name)


def test_files_are_private_and_kept(tmp_path: Path) -> None:
    files = certificates.ensure(tmp_path / "tls", HOSTS, NOW)
    for path in (tmp_path / "tls").iterdir():
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
    before = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert certificates.ensure(tmp_path / "tls", HOSTS, NOW) == files
    assert {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before


def test_another_address_or_an_old_certificate_makes_a_new_one_of_the_same_authority(tmp_path: Path) -> None:
    files = certificates.ensure(tmp_path / "tls", HOSTS, NOW)
    authority, certificate = files.authority.read_bytes(), files.certificate.read_bytes()
    certificates.ensure(tmp_path / "tls", ["10.0.0.7"], NOW)
    assert files.authority.read_bytes() == authority
    moved = files.certificate.read_bytes()
    assert moved != certificate
    certificates.ensure(tmp_path / "tls", ["10.0.0.7"], NOW + dt.timedelta(days=certificates.LEAF_DAYS - 10))
    assert files.certificate.read_bytes() != moved
    assert files.authority.read_bytes() == authority


def test_a_fingerprint_is_what_phones_show(tmp_path: Path) -> None:
    files = certificates.ensure(tmp_path / "tls", HOSTS, NOW)
    shown = certificates.fingerprint(files.authority)
    assert len(shown.split(":")) == 32
    with pytest.raises(TetherError, match="no certificate"):
        certificates.fingerprint(files.key)
