"""What fuzzing begins with: one good input of each kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tether.noise import Initiator, key_pair
from tether.web import parcels
from tether.web.carrier import messages
from tether.wire.framing import framed

GOLDEN: Final = Path(__file__).parents[1] / "data" / "wire" / "v1"
HOOKS: Final = Path(__file__).parents[1] / "data" / "adapters" / "claude-2.1.197.jsonl"


def seeds(name: str) -> list[bytes]:
    """The first inputs for the target `name`."""
    golden = [path.read_bytes() for path in sorted(GOLDEN.glob("*.bin"))]
    request = json.dumps({"method": "POST", "path": "/api/v1/x?y=1", "body": {"a": [1]}}).encode()
    device = {"id": "a", "kind": "device", "name": "n", "scopes": ["observe"], "created": 1, "epoch": 1, "key": "00"}
    by_name: dict[str, list[bytes]] = {
        "wire": golden,
        "attachment": [frame[16:] for frame in golden],
        "framing": [framed(frame) for frame in golden[:8]] + [b"\xff\xff\xff\xff"],
        "hooks": [
            b"[" + b",".join(HOOKS.read_bytes().split(b"\n")[:8]) + b"]",
            b"\x1b]0;x one\x07\x07\x1b]133;C\x1b\\",
        ],
        "websocket": [messages(golden[:3]), b"\x82\x85abcdhello", b"\x81\x80abcd", b"\x88\x80abcd"],
        "headers": [
            b"GET: /api/v1/sessions\r\nhost: 127.0.0.1:4789\r\nauthorization: Bearer x\r\nx-tether: 1",
            b"GET: /\r\nhost: far.example\r\norigin: https://far.example\r\ncookie: tether-4789=a; b=c",
        ],
        "parcel": [parcels.pack(parcels.REQUEST, 1, request), request, b'{"session":"k3v9"}'],
        "noise": [Initiator(key_pair(b"d" * 32), key_pair(b"g" * 32).public, b"other").write(b"{}")],
        "knock": [b"\1" + b"i" * 8 + bytes(96), b"\2" + bytes(96), b"\3", b'{"name":"phone","platform":"iOS"}'],
        "secrets": [b"Bearer abc", b"k3v9x0pq", b"\x1b]0;x\x07"],
        "registry": [json.dumps({"version": 1, "epoch": 3, "devices": [device]}).encode()],
        "assertion": [b'{"aud":"aud","iss":"https://team.cloudflareaccess.com","exp":99}', b'{"keys":[{"kty":"RSA"}]}'],
        "trail": [b'{"seq":1,"ts":1,"kind":"pair","actor":"a","session":"","facts":{},"prev":"00","hash":"00"}'],
        "chunks": [b'{"id": "a", "chunks": ["dG9rZW4=", "PWFiYw=="], "cols": 80}'],
        "masking": [
            b"export AWS_SECRET_ACCESS_KEY=\x1b[1mwJalrXUt\x1b[0mnFEMI7K7MDENGbPxRfiCYzzzzzzzzKEY\r\n",
            b"\x1b]52;c;Z2hwXw==\x07\x1b]0;token: ghp_x\x1b\\",
            b"-----BEGIN PRIVATE KEY-----\r\nMIIEvQ\r\n-----END PRIVATE KEY-----\r\n",
        ],
        "output": [b"\x1b[?1049h\x1b[>1u\x1b[6n\x1bP+q544e\x1b\\\x1b]11;?\x07", b"\x1b[?2004h\x1b[<u\x1bc"],
        "typing": [b"\x1c\x1cd\x1b[92;5u\x1b[200~d\x1b[201~", b"\x1b[27;5;92~"],
    }
    return by_name.get(name, [])
