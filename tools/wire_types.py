"""Write the browser's types of the protocol: web/src/wire.gen.ts, from the structs of `tether.wire`.

`python tools/wire_types.py` writes the file; `--check` only says whether it is as it should be. Besides
the types it holds the order, the kind and the default of every field, by which web/src/wire.ts reads and
writes messages: no field is named twice by hand.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from tether.wire import agents, control, events, limits, views
from tether.wire.codec import MESSAGES
from tether.wire.version import PROTOCOL

TARGET: Final = Path(__file__).parent.parent / "web/src/wire.gen.ts"

_SCALARS: Final = {int: "int", float: "float", bool: "bool", str: "str", bytes: "bytes"}
_TYPESCRIPT: Final = {
    "int": "number", "float": "number", "bool": "boolean", "str": "string", "bytes": "Uint8Array",
    "strs": "readonly string[]", "map": "Readonly<Record<string, string>>",
}  # fmt: skip

_HEAD: Final = """\
// Made by tools/wire_types.py from tether/wire: run `make wire`, do not edit.

/** The version of the protocol that these types describe. */
export const PROTOCOL = {protocol};

/**
 * Name and kind of a field; with a third item it may be missing at the end of a message and then has that value.
 * The kind is int, float, bool, str, bytes, strs, map or the name of a struct; with "?" it may be null, with "[]" it
 * is a list.
 */
export type Field = readonly [name: string, kind: string, absent?: unknown];

const NO_BYTES = new Uint8Array(0);
"""


def kind_of(annotation: Any) -> str:
    """The kind of a field of this type, as `web/src/wire.ts` knows it. TypeError for a type the browser can't read."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in arguments if one is not type(None))
        return kind_of(inner) + "?"
    if origin is Literal:
        return "str"
    if origin is dict and arguments == (str, str):
        return "map"
    if origin is list:
        inner = kind_of(arguments[0])
        return "strs" if inner == "str" else inner + "[]"
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation.__name__
    raise TypeError(f"no TypeScript for {annotation!r}: teach tools/wire_types.py and web/src/wire.ts")


def typescript(kind: str) -> str:
    """The TypeScript type of a field of `kind`."""
    if kind.endswith("?"):
        return f"{typescript(kind[:-1])} | null"
    if kind.endswith("[]"):
        return f"readonly {typescript(kind[:-2])}[]"
    return _TYPESCRIPT.get(kind, kind)


def tag_of(struct: type[msgspec.Struct]) -> str | None:
    """The tag that begins the struct's array, or None when it is only ever inside another message."""
    tag = struct.__struct_config__.tag
    return None if tag is None else str(tag)


def structs() -> tuple[type[msgspec.Struct], ...]:
    """Every struct the browser may meet."""
    return (*MESSAGES, *agents.PARTS, views.ClientView)


def generate() -> str:
    """The whole text of the file."""
    parts = [_HEAD.format(protocol=json.dumps(PROTOCOL))]
    parts += [_interface(struct) for struct in structs()]
    unions = (
        ("Event", events.Event, "What happens in a session."),
        ("ToBrowser", control.ToBrowser, "What the gateway tells a browser besides events."),
        ("FromBrowser", control.FromBrowser, "What a browser may say."),
    )
    parts += [_union(name, union, text) for name, union, text in unions]
    parts.append(_table())
    parts.append(_limits())
    return "\n".join(parts)


def _interface(struct: type[msgspec.Struct]) -> str:
    tag = tag_of(struct)
    lines = [f"/** {_first_sentence(struct)} */", f"export interface {struct.__name__} {{"]
    if tag is not None:
        lines.append(f"  readonly tag: {json.dumps(tag)};")
    for field in msgspec.structs.fields(struct):
        lines.append(f"  readonly {field.name}: {typescript(kind_of(field.type))};")
    return "\n".join([*lines, "}", ""])


def _first_sentence(struct: type[msgspec.Struct]) -> str:
    text = " ".join((struct.__doc__ or "").split())
    end = text.find(". ")
    return (text if end < 0 else text[: end + 1]).replace("*/", "* /")


def _union(name: str, union: Any, text: str) -> str:
    members = "".join(f"\n  | {member.__name__}" for member in get_args(union))
    return f"/** {text} */\nexport type {name} ={members};\n"


def _table() -> str:
    lines = ["/** The fields of every struct in the order in which they are written. */", "export const FIELDS = {"]
    for struct in structs():
        fields = ", ".join(_field(field) for field in msgspec.structs.fields(struct))
        lines.append(f"  {struct.__name__}: [{fields}],")
    lines += ["} as const satisfies Record<string, readonly Field[]>;", ""]
    lines += ["/** Which struct a tag begins. */", "export const STRUCTS = {"]
    lines += [f"  {json.dumps(tag_of(struct))}: {json.dumps(struct.__name__)}," for struct in MESSAGES]
    lines += ["} as const satisfies Record<string, keyof typeof FIELDS>;", ""]
    return "\n".join(lines)


def _field(field: Any) -> str:
    parts: list[str] = [json.dumps(field.name), json.dumps(kind_of(field.type))]
    if field.default is not msgspec.NODEFAULT:
        parts.append(_value(field.default))
    elif field.default_factory is not msgspec.NODEFAULT:
        parts.append(_value(field.default_factory()))
    return f"[{', '.join(parts)}]"


def _value(value: Any) -> str:
    if value == b"" and isinstance(value, bytes):
        return "NO_BYTES"
    return json.dumps(value)


def _limits() -> str:
    lines = ["/** Every bound of the protocol, with its unit in the name. */", "export const LIMITS = {"]
    lines += [f"  {name}: {json.dumps(value)}," for name, value in _bounds()]
    return "\n".join([*lines, "} as const;", ""])


def _bounds() -> Iterable[tuple[str, Any]]:
    return ((name, value) for name, value in vars(limits).items() if name.isupper() and isinstance(value, int | float))


def main(argv: list[str]) -> int:
    """Write or check; the process's exit status."""
    text = generate()
    if "--check" in argv:
        if TARGET.is_file() and TARGET.read_text() == text:
            return 0
        print(f"{TARGET.name} and the protocol differ. If that is meant: make wire", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
