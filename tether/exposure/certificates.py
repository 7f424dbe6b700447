"""Certificates for the local network: an authority of this gateway's own, and a certificate for its address.

The authority can vouch for private addresses and `.local` names alone (name constraints, RFC 5280 section 4.2.1.10):
a phone that trusts it does not thereby trust it for any site of the internet, even if its key were stolen. Its key
stays in the data directory, 0600.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tether import secret_files
from tether.errors import TetherError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUTHORITY_DAYS: Final = 3650
# What Apple's systems accept of a certificate at most is 398.
LEAF_DAYS: Final = 390
RENEW_DAYS: Final = 30
_SKEW: Final = dt.timedelta(hours=1)
_NETWORKS: Final = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True)
class Files:
    """Where they are, PEM: the authority's certificate, the server's chain, the server's key."""

    authority: Path
    certificate: Path
    key: Path


def ensure(directory: Path, hosts: Iterable[str], now: dt.datetime) -> Files:
    """Certificates in `directory` (0700) for these addresses and names, made or renewed as needed. `now` is UTC."""
    directory.mkdir(mode=0o700, exist_ok=True)
    files = Files(directory / "authority.pem", directory / "server.pem", directory / "server.key")
    wanted = sorted(set(hosts))
    authority, authority_key = _authority(directory, files.authority, now)
    if not _still_good(files, authority, wanted, now):
        certificate, key = _leaf(authority, authority_key, wanted, now)
        secret_files.write(files.key, _key_pem(key))
        secret_files.write(files.certificate, _pem(certificate) + _pem(authority))
    return files


def fingerprint(path: Path) -> str:
    """SHA-256 of a certificate as phones show it, in pairs. TetherError when it is none."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return read(path).fingerprint(SHA256()).hex(":").upper()


def read(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file. TetherError when there is none."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TetherError(f"{path} is no certificate: {error}", hint="It must be in PEM form", code="tls") from None


def _authority(directory: Path, path: Path, now: dt.datetime) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key_path = directory / "authority.key"
    text = secret_files.read(key_path)
    if text and path.exists():
        key = load_pem_private_key(text.encode(), None)
        certificate = read(path)
        if isinstance(key, EllipticCurvePrivateKey) and certificate.not_valid_after_utc > now:
            return certificate, key
    made = _new_key()
    certificate = _make_authority(made, now)
    secret_files.write(key_path, _key_pem(made))
    secret_files.write(path, _pem(certificate))
    return certificate, made


def _make_authority(key: EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    permitted: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_network(one)) for one in _NETWORKS]
    permitted.append(x509.DNSName("local"))
    name = _name(f"Tether on {os.uname().nodename}"[:64])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + dt.timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _leaf(
    authority: x509.Certificate, authority_key: EllipticCurvePrivateKey, hosts: list[str], now: dt.datetime
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = _new_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(hosts[0][:64]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(min(now + dt.timedelta(days=LEAF_DAYS), authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    return certificate, key


def _still_good(files: Files, authority: x509.Certificate, hosts: list[str], now: dt.datetime) -> bool:
    from cryptography import x509

    if not files.certificate.exists() or not files.key.exists():
        return False
    certificate = read(files.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = sorted([*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))])
    left = certificate.not_valid_after_utc - now
    return held == hosts and certificate.issuer == authority.subject and left > dt.timedelta(days=RENEW_DAYS)


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, sign: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not sign, key_cert_sign=sign, crl_sign=sign, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
