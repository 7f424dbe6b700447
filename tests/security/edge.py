"""What stands before a tunnel, on this machine: TLS under the tunnel's names with an authority of the test's own, and a
team's keys of Cloudflare Access. Nothing of it is real but the protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

TEAM = "a-made-up-team"
KEYS_HOST = f"{TEAM}.cloudflareaccess.com"


class Team:
    """A team of Cloudflare Access: its key, and assertions under it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)

    def keys(self) -> bytes:
        """What the team's address answers with."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "now", "alg": "RS256", "n": _b64(_octets(numbers.n)), "e": _b64(_octets(numbers.e))}
        return json.dumps({"keys": [key]}).encode()

    def assertion(self, audience: str, *, left_s: float = 600, team: str = TEAM) -> str:
        claims = {"aud": [audience], "iss": f"https://{team}.cloudflareaccess.com", "exp": int(time.time() + left_s)}
        signed = ".".join(_b64(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "now"}, claims))
        return f"{signed}.{_b64(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class Edge:
    """TLS on 127.0.0.1:443 for `names`, passed on to `port` with `claims` in each connection's first request; the
    team's keys under its own name. `trust` is the file of the authority that vouches for all of them."""

    def __init__(self, directory: Path, names: list[str], team: Team) -> None:
        self.trust, pair = _certificates(directory, [*names, KEYS_HOST])
        self._team = team
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pair)
        self.port = 0
        self.claims = b""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Serve until the end of the block."""
        loop, over, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 443, ssl=self._tls)
            ready.set()
            await over.wait()
            server.close()

        def run() -> None:
            loop.run_until_complete(serve())
            for task in asyncio.all_tasks(loop):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    loop.run_until_complete(task)
            loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if f"host: {KEYS_HOST}\r\n".encode() in head.lower():
                body = self._team.keys()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
                await writer.drain()
            else:
                gateway, onward = await asyncio.open_connection("127.0.0.1", self.port)
                onward.write(head.replace(b"\r\n", b"\r\n" + self.claims, 1))
                await asyncio.gather(_copy(reader, onward), _copy(gateway, writer))
        writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


def _certificates(directory: Path, names: list[str]) -> tuple[Path, Path]:
    """(the authority's file, the file of a certificate for all `names` with its key)"""
    now = dt.datetime.now(dt.UTC)

    def made(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().serial_number(x509.random_serial_number()).public_key(key.public_key())
        builder = builder.subject_name(_name(subject)).issuer_name(_name("a test"))
        return builder.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))

    own, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = made("a test", own).add_extension(x509.BasicConstraints(True, None), True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
    leaf = made(names[0], key).add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), False)
    authority, pair = directory / "authority.pem", directory / "pair.pem"
    authority.write_bytes(ca.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    pair.write_bytes(leaf.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret)
    return authority, pair


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
