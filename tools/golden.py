"""Write the golden files of the protocol: one frame of every message, and its readable twin.

`python tools/golden.py` writes tests/data/wire/v1; `--check` only says whether they are as they should
be. A change in them is a change of the protocol: read docs/wire.md, section Version, before it is committed.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from tether.wire.codec import MESSAGES, encode
from tether.wire.ids import machine_id, make_session_id, public_id
from tether.wire.version import PROTOCOL, major

DIRECTORY: Final = Path(__file__).parent.parent / f"tests/data/wire/v{major(PROTOCOL)}"
SID: Final = make_session_id(1_767_225_600_000, bytes.fromhex("0102030405"), bytes.fromhex("a1a2a3a4a5"))
_CLIENT: Final = bytes(range(0x10, 0x20))

# By (message, field) or by field alone: values that a reader recognises. All differ from the fields' defaults.
_SAMPLES: Final[dict[str, Any]] = {
    "sid": SID, "id": public_id(SID), "protocol": PROTOCOL, "boot": "b00t0001", "token": "00ff" * 16, "role": "worker",
    "provider": "shell", "title": "a title, größer", "state": "running", "cwd": "/home/user",
    "machine": machine_id(SID), "owner": "user", "detail": "detail", "created": 1_767_225_600_000_001,
    "started": 1_767_225_600_000_002,
    "ended": 1_767_225_600_000_003, "since": 1_767_225_600_000_004, "ts": 1_767_225_600_123_456, "cols": 120,
    "rows": 40, "seq": 300, "offset": 70_000, "args": ["--model", "o3"],
    "side": True, "env": {"LANG": "C.UTF-8"}, "share": True,
    "client": _CLIENT, "controller_id": _CLIENT, "name": "laptop", "kind": "native", "mode": "control", "take": True,
    "after": 299, "epoch": 7, "device": "phone", "n": 12, "resend": True, "holder": "laptop", "reason": "taken",
    "data": b"\x1b[1mbytes\xff\x00\r\n", "code": "gap", "text": "what happened",
    "cause": "the worker's process is gone", "by": "laptop", "grace_s": 2.5, "signal": 15, "req": 5,
    "store": "stalled: disk full", "hint": "the next step",
    "message": "what and why", "stopped_by": "laptop", "first_seq": 2, "from_seq": 2, "from_offset": 10,
    "to_offset": 69_000, "upto": 299, "next": 301, "first": 290, "log_bytes": 1 << 33, "quota_bytes": 1 << 34,
    "pid": 4242, "worker_pid": 4241, "agent_pid": 4242, "transport": "tmux", "recovered": True, "skipped": 60_000,
    "exit_code": 7, "exit_signal": 9, "controller": "laptop", "clients": 3, "cut_bytes": 60_000, "behind": 1000,
    "last_n": 11, "history": 200, "skip": 200, "count": 100, "total": 4_000, "last": 300,
    "lines": [b"one\x1b[0m", "zwei, größer".encode()], "bodies": [b"\x94\xa4note\x01\x02\xa0"], "screen": True,
    "lane": bytes(range(0x40, 0x60)), "key": bytes(range(0x40, 0x60)), "next_seq": 301,
    "facts": {"mode": "control"}, "actor": "user@pts/3 (native)", "session": "k3v9x0pq", "size": 42, "pieces": 7,
    "until": 1_767_225_600_000_009, "Deed.kind": "login", "AuditEntry.kind": "attach",
    "offer": 2, "keys": [b"\x1c", b"\x1b[27;"], "modes": b"\x1b[?2004h", "unshown": b"not yet",
    "held": b"\x1b[", "typed": b"\x1c", "back": True, "sure": False, "terminals": 1, "LaneBack.reason": "keys",
    "Refused.code": "observe-only", "Attach.kind": "web", "Snapshot.kind": "screen", "Exited.code": 0,
    "Exited.signal": None, "StoreHealth.state": "stalled",
    "Activity.state": "waiting", "Activity.detail": "approval", "source": "hook", "why": "it asks before it runs rm",
    "degraded": "hooks did not answer", "approvals": ["4d7k2m9p"], "Approval.kind": "command", "intent": "clean up",
    "exact": b"rm -rf build", "sha256": "ab" * 32, "diff": "--- a\n+++ b\n", "Option.id": "allow", "label": "Allow",
    "header": "Which", "multiple": True, "expires": 1_767_225_660_000_000, "Approval.state": "allowed",
    "Settled.state": "allowed", "Decided.state": "allowed", "decided": 1_767_225_630_000_000, "scope": "session",
    "effect": "done", "rule": "rules.toml:3", "Told.kind": "message", "turn": "turn-1", "body": b"\x94\xa4told\x00\x00",
    "Approval.key": "toolu_1", "Told.key": "toolu_1", "Signalled.kind": "title", "Signalled.state": "working",
    "channel": "claude", "resume": "conversation-1", "decision": "allow", "answers": {"Which?": "this"}, "won": True,
    "Approval.id": "4d7k2m9p", "Settled.id": "4d7k2m9p", "Decide.id": "4d7k2m9p", "Decided.id": "4d7k2m9p",
    "Compose.state": "idle", "Part.id": "4d7k2m9p", "field": "diff", "parts": [298, 299], "cut": 12,
    "conversation": "conversation-1", "cost_usd": "0.420000", "parent": "k3v9x0pp", "sized_by": "Ada",
    "Approval.session": "k3v9x0pq",
    "Approval.reason": "not today",
    "Settled.reason": "not today", "Decide.reason": "not today", "said": "3 of 7 are done", "side_args": ["-c", "x=1"],
    "leave": True,
}  # fmt: skip


def file_stem(tag: str) -> str:
    """The golden files' name for a tag: "sessions?" is not a name for every file system."""
    return tag.replace("?", "-query")


def sample(struct: type[msgspec.Struct]) -> msgspec.Struct:
    """A representative `struct` with every field set. KeyError when a field has no sample: add one above."""
    values = {field.name: _value(struct, field.name, field.type) for field in msgspec.structs.fields(struct)}
    return struct(**values)


def _value(struct: type[msgspec.Struct], name: str, annotation: Any) -> Any:
    key = f"{struct.__name__}.{name}"
    if key in _SAMPLES:
        return _SAMPLES[key]
    nested = _nested(annotation)
    if nested is not None:
        made = sample(nested)
        return [made] if get_origin(annotation) is list else made
    return _SAMPLES[name]


def _nested(annotation: Any) -> type[msgspec.Struct] | None:
    origin = get_origin(annotation)
    choices = get_args(annotation) if origin in (Union, types.UnionType, list) else (annotation,)
    for choice in choices:
        if origin is not Literal and isinstance(choice, type) and issubclass(choice, msgspec.Struct):
            return choice
    return None


def files() -> dict[str, bytes]:
    """Every golden file's name and content."""
    made: dict[str, bytes] = {}
    for struct in MESSAGES:
        tag = str(struct.__struct_config__.tag)
        message = sample(struct)
        frame = encode(SID, message)
        twin = {
            "message": struct.__name__,
            "tag": tag,
            "sid": SID.hex(),
            "bytes": len(frame),
            "fields": _readable(message),
        }
        made[f"{file_stem(tag)}.bin"] = frame
        made[f"{file_stem(tag)}.json"] = json.dumps(twin, indent=2, ensure_ascii=False).encode() + b"\n"
    made["VERSION"] = f"{PROTOCOL}\n".encode()
    return made


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {name: _readable(getattr(value, name)) for name in value.__struct_fields__}
    return value


def differences() -> list[str]:
    """What is not as it should be, one line for each file; empty when all is well."""
    wanted = files()
    lines = [f"{name}: not of this protocol" for name in sorted(_present() - set(wanted))]
    for name, content in wanted.items():
        path = DIRECTORY / name
        if not path.is_file():
            lines.append(f"{name}: missing")
        elif path.read_bytes() != content:
            lines.append(f"{name}: differs")
    return lines


def _present() -> set[str]:
    return {path.name for path in DIRECTORY.glob("*")}


def main(argv: list[str]) -> int:
    """Write or check; the process's exit status."""
    if "--check" in argv:
        stale = differences()
        for line in stale:
            print(f"{DIRECTORY.name}/{line}", file=sys.stderr)
        if stale:
            print("The protocol and its golden files differ. If that is meant: make wire", file=sys.stderr)
        return bool(stale)
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for name in _present() - set(wanted):
        (DIRECTORY / name).unlink()
    for name, content in wanted.items():
        (DIRECTORY / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
