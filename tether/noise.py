"""Noise (revision 34) as far as devices need it: IK for sessions, IKpsk1 for pairing, on X25519, AES-GCM and SHA-256.

A device begins; it knows the gateway's public key. Its own static key crosses encrypted in the first
message, so that the gateway knows who asks before it answers. The pre-shared secret of pairing is mixed
into that same message: whoever has another one can't even send it.

No I/O and no state beyond the two objects. Keys are bytes; nothing is shown or logged. `cryptography` is
imported when the first key is used: commands that need none do not load it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any, Final

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
MESSAGE_BYTES_MAX: Final = 65535
NAMES: Final = {False: b"Noise_IK_25519_AESGCM_SHA256", True: b"Noise_IKpsk1_25519_AESGCM_SHA256"}
# Both sides rekey after this many messages in a direction, without a word about it.
REKEY_EVERY: Final = 1 << 14
_NONCE_MAX: Final = (1 << 64) - 1


class NoiseError(Exception):
    """The peer's message is not what the keys say, or out of order: the channel is over."""


@dataclass(frozen=True, repr=False)
class KeyPair:
    """An X25519 key pair, raw."""

    private: bytes
    public: bytes


def key_pair(private: bytes = b"") -> KeyPair:
    """A key pair from 32 private bytes; a fresh one without."""
    private = private or os.urandom(KEY_BYTES)
    return KeyPair(private, _x25519().from_private_bytes(private).public_key().public_bytes_raw())


class Cipher:
    """One direction of a channel: messages in order, each once. Rekeys itself every so many messages (0: never)."""

    def __init__(self, key: bytes, rekey_every: int = 0) -> None:
        self._rekey_every = rekey_every
        self._counted = 0
        self._nonce = 0
        self._set(key)

    def encrypt(self, plain: bytes, about: bytes = b"") -> bytes:
        """`plain` sealed; `about` is authenticated with it."""
        sealed = self._aead.encrypt(self._take(), plain, about)
        self._count()
        return bytes(sealed)

    def decrypt(self, sealed: bytes, about: bytes = b"") -> bytes:
        """The opened message. NoiseError when it is forged, changed, repeated, left out or out of order."""
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._aead.decrypt(self._take(), sealed, about)
        except (InvalidTag, ValueError):
            raise NoiseError("a message that is not the next one of this channel") from None
        self._count()
        return bytes(plain)

    def rekey(self) -> None:
        """Go on with a key made from this one, which is forgotten."""
        sealed = self._aead.encrypt(_nonce(_NONCE_MAX), bytes(KEY_BYTES), b"")
        self._set(sealed[:KEY_BYTES])

    def _set(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aead: Any = AESGCM(key)

    def _take(self) -> bytes:
        if self._nonce >= _NONCE_MAX:
            raise NoiseError("this channel has carried all it can")
        self._nonce += 1
        return _nonce(self._nonce - 1)

    def _count(self) -> None:
        self._counted += 1
        if self._rekey_every and self._counted % self._rekey_every == 0:
            self.rekey()


@dataclass(repr=False)
class Channel:
    """An open channel: `sealing` for what we send, `opening` for what we get. `hash` is the same on both sides and on
    no other channel."""

    sealing: Cipher
    opening: Cipher
    hash: bytes
    peer: bytes

    def seal(self, plain: bytes) -> bytes:
        """The next message to send."""
        if len(plain) > MESSAGE_BYTES_MAX - TAG_BYTES:
            raise ValueError(f"a message has at most {MESSAGE_BYTES_MAX - TAG_BYTES} bytes, not {len(plain)}")
        return self.sealing.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """The next message that came. NoiseError ends the channel."""
        if len(sealed) > MESSAGE_BYTES_MAX:
            raise NoiseError("a message that is too long")
        return self.opening.decrypt(sealed)


class _Symmetric:
    """The handshake's hash, chaining key and key (Noise, section 5.2)."""

    def __init__(self, name: bytes, prologue: bytes) -> None:
        self.hash = name.ljust(KEY_BYTES, b"\0")
        self._chain = self.hash
        self._cipher: Cipher | None = None
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, material: bytes) -> None:
        self._chain, key = self._derive(material, 2)
        self._cipher = Cipher(key)

    def mix_key_and_hash(self, material: bytes) -> None:
        self._chain, hashed, key = self._derive(material, 3)
        self.mix_hash(hashed)
        self._cipher = Cipher(key)

    def seal(self, plain: bytes) -> bytes:
        assert self._cipher is not None  # noqa: S101 - every pattern here has a key before its first sealed part
        sealed = self._cipher.encrypt(plain, self.hash)
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed: bytes) -> bytes:
        assert self._cipher is not None  # noqa: S101 - as above
        plain = self._cipher.decrypt(sealed, self.hash)
        self.mix_hash(sealed)
        return plain

    def split(self) -> tuple[Cipher, Cipher]:
        first, second = self._derive(b"", 2)
        return Cipher(first, REKEY_EVERY), Cipher(second, REKEY_EVERY)

    def _derive(self, material: bytes, count: int) -> list[bytes]:
        secret = hmac.digest(self._chain, material, hashlib.sha256)
        outputs: list[bytes] = []
        last = b""
        for number in range(1, count + 1):
            last = hmac.digest(secret, last + bytes((number,)), hashlib.sha256)
            outputs.append(last)
        return outputs


class Responder:
    """The gateway's side: `read` the first message, look at `peer` and its payload, then `write` the answer.

    `psk` makes it the pattern of pairing. `ephemeral` is for tests.
    """

    def __init__(self, static: KeyPair, prologue: bytes, psk: bytes = b"", ephemeral: KeyPair | None = None) -> None:
        self._static = static
        self._psk = psk
        self._own = ephemeral or key_pair()
        self._state = _Symmetric(NAMES[bool(psk)], prologue)
        self._state.mix_hash(static.public)
        self._theirs = b""
        self.peer = b""

    def read(self, message: bytes) -> bytes:
        """The first message's payload. NoiseError when it was made for another gateway, another prologue, without the
        secret, or by nobody who knows the rules."""
        state, sealed_key = self._state, KEY_BYTES + TAG_BYTES
        if not KEY_BYTES + sealed_key + TAG_BYTES <= len(message) <= MESSAGE_BYTES_MAX:
            raise NoiseError("a first message of a wrong size")
        self._theirs = message[:KEY_BYTES]
        state.mix_hash(self._theirs)
        if self._psk:
            state.mix_key(self._theirs)
        state.mix_key(_dh(self._static.private, self._theirs))
        self.peer = state.open(message[KEY_BYTES : KEY_BYTES + sealed_key])
        state.mix_key(_dh(self._static.private, self.peer))
        if self._psk:
            state.mix_key_and_hash(self._psk)
        return state.open(message[KEY_BYTES + sealed_key :])

    def write(self, payload: bytes = b"") -> tuple[bytes, Channel]:
        """The answer, and the channel that stands once the device has it."""
        state = self._state
        state.mix_hash(self._own.public)
        if self._psk:
            state.mix_key(self._own.public)
        state.mix_key(_dh(self._own.private, self._theirs))
        state.mix_key(_dh(self._own.private, self.peer))
        message = self._own.public + state.seal(payload)
        theirs, ours = state.split()
        return message, Channel(ours, theirs, state.hash, self.peer)


class Initiator:
    """The device's side, for tests, for programs in Python, and as a second voice beside the browser's."""

    def __init__(
        self, static: KeyPair, gateway: bytes, prologue: bytes, psk: bytes = b"", ephemeral: KeyPair | None = None
    ) -> None:
        self._static = static
        self._gateway = gateway
        self._psk = psk
        self._own = ephemeral or key_pair()
        self._state = _Symmetric(NAMES[bool(psk)], prologue)
        self._state.mix_hash(gateway)

    def write(self, payload: bytes = b"") -> bytes:
        """The first message. What it carries can be replayed by whoever saw it: never an order."""
        state = self._state
        state.mix_hash(self._own.public)
        if self._psk:
            state.mix_key(self._own.public)
        state.mix_key(_dh(self._own.private, self._gateway))
        sealed = state.seal(self._static.public)
        state.mix_key(_dh(self._static.private, self._gateway))
        if self._psk:
            state.mix_key_and_hash(self._psk)
        return self._own.public + sealed + state.seal(payload)

    def read(self, message: bytes) -> tuple[bytes, Channel]:
        """The answer's payload, and the open channel. NoiseError when it is not this gateway's."""
        state = self._state
        if not KEY_BYTES + TAG_BYTES <= len(message) <= MESSAGE_BYTES_MAX:
            raise NoiseError("an answer of a wrong size")
        theirs = message[:KEY_BYTES]
        state.mix_hash(theirs)
        if self._psk:
            state.mix_key(theirs)
        state.mix_key(_dh(self._own.private, theirs))
        state.mix_key(_dh(self._static.private, theirs))
        payload = state.open(message[KEY_BYTES:])
        ours, other = state.split()
        return payload, Channel(ours, other, state.hash, self._gateway)


def psk_of(secret: bytes, purpose: bytes) -> bytes:
    """A pre-shared key from a shorter secret."""
    first = hmac.digest(b"tether/1 " + purpose, secret, hashlib.sha256)
    return hmac.digest(first, b"psk\x01", hashlib.sha256)


def digits(handshake: bytes) -> str:
    """Six digits that both sides show, from the handshake's hash. Who stands between them has another hash on each
    side, and one chance in a million that the digits agree."""
    number = int.from_bytes(hmac.digest(b"tether/1 digits", handshake, hashlib.sha256)[:8], "big")
    return f"{number % 1_000_000:06d}"


def _dh(private: bytes, public: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        return bytes(_x25519().from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public)))
    except ValueError:
        # A public key of small order: the result would be all zero, whoever holds what private key.
        raise NoiseError("a public key that is none") from None


def _x25519() -> Any:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey


def _nonce(number: int) -> bytes:
    return bytes(4) + number.to_bytes(8, "big")
