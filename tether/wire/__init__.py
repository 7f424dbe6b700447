"""What Tether's processes say to each other: pure data, no I/O.

The one place where the protocol lives. `docs/wire.md` is its text, `tests/data/wire/v1` its golden
files, and `web/src/wire.gen.ts` its generated browser types; a test keeps the four equal.
"""

from tether.wire.codec import WireError, decode, encode, envelope_sid
from tether.wire.ids import ClientId, SessionId
from tether.wire.version import PROTOCOL

__all__ = ["PROTOCOL", "ClientId", "SessionId", "WireError", "decode", "encode", "envelope_sid"]
