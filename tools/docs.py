"""Write the generated parts of docs/: message tables, limits, settings, the command line, the index of decisions.

A generated part stands between `<!-- made by tools/docs.py: NAME -->` and `<!-- end -->`; everything else in a file is
written by people and stays. `--check` only says which files are stale.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import sys
import tokenize
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec
import typer

from tether import settings
from tether.cli.app import build
from tether.wire import agents, auditing, control, events, limits, storing, views
from tether.wire.version import PROTOCOL

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
_PART: Final = re.compile(r"(<!-- made by tools/docs\.py: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_PLAIN: Final = {int: "int", bool: "bool", float: "float", str: "str", bytes: "bytes", type(None): "null"}


# -- the protocol


def type_name(annotation: Any) -> str:
    """A field's type as the specification writes it. KeyError for one that it has no word for."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(argument) for argument in arguments)
    if origin is list:
        return f"array of {type_name(arguments[0])}"
    if origin is dict:
        return f"map of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if origin is Literal:
        return " \\| ".join(f'"{argument}"' for argument in arguments)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation.__name__
    return _PLAIN[annotation]


def _field(field: msgspec.structs.FieldInfo) -> str:
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    shown = "" if default is msgspec.NODEFAULT else f" = {_literal(default)}"
    return f"`{field.name}` {type_name(field.type)}{shown}"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f'"{value.decode()}"'
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _prose(text: str | None) -> str:
    """A docstring on one line of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def messages(*structs: type[msgspec.Struct]) -> str:
    """A table of messages: tag, fields in their order, meaning."""
    lines = ["| message | tag | fields, in order | meaning |", "|---|---|---|---|"]
    for struct in structs:
        fields = "; ".join(_field(field) for field in msgspec.structs.fields(struct))
        tag = struct.__struct_config__.tag
        lines.append(f"| {struct.__name__} | `{tag}` | {fields} | {_prose(inspect.getdoc(struct))} |")
    return "\n".join(lines)


def _only(union: Any, *elsewhere: Any) -> list[type[msgspec.Struct]]:
    """The messages of `union` that no other table has."""
    there = {struct for other in elsewhere for struct in other.__args__}
    return [struct for struct in union.__args__ if struct not in there]


def view(struct: type[msgspec.Struct]) -> str:
    """A struct that is a part of messages: its meaning, and its fields in order."""
    rows = [_field(field) for field in msgspec.structs.fields(struct)]
    return f"{inspect.getdoc(struct)}\n\nFields, in order: {'; '.join(rows)}."


def limit_table() -> str:
    """The constants of tether.wire.limits with their values and the comments beside them."""
    lines = ["| limit | value | why |", "|---|---|---|"]
    for name, reason in commented(inspect.getsource(limits)):
        value = getattr(limits, name)
        shown = f"{value:,}" if isinstance(value, int) else f"{value:g}"
        lines.append(f"| `{name}` | {shown} | {_prose(reason)} |")
    return "\n".join(lines)


def commented(source: str) -> Iterator[tuple[str, str]]:
    """Each annotated assignment in `source`, in order, with the comment above it and the one behind it.

    A comment above a group without blank lines is about all of the group.
    """
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    inherited: dict[int, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above: list[str] = [inherited[node.lineno]] if node.lineno in inherited else []
            line = node.lineno - 1
            while line in comments and source.splitlines()[line - 1].lstrip().startswith("#"):
                above.insert(0, comments[line])
                line -= 1
            inherited[(node.end_lineno or 0) + 1] = " ".join(above)
            behind = comments.get(node.end_lineno or 0)
            yield node.target.id, " ".join([*above, *([behind] if behind else [])])


# -- settings and the command


def settings_reference() -> str:
    """Every section of the settings file and its keys, from the structs' comments."""
    parts = []
    for section in msgspec.structs.fields(settings.Settings):
        struct = section.type
        about = (inspect.getdoc(struct) or "").partition("]")[2].strip()
        lines = [f"### [{section.name}]", "", *([about, ""] if about else [])]
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        reasons = dict(commented(inspect.getsource(struct)))
        for field in msgspec.structs.fields(struct):
            default = f"`{_toml(field.default)}`"
            lines.append(f"| `{field.name}` | {type_name(field.type)} | {default} | {_prose(reasons[field.name])} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()


def command_reference() -> str:
    """Every verb of the command with its arguments, options and examples, as `--help` has them."""
    group: Any = typer.main.get_command(build())
    top = ["### Global options", "", "They may stand anywhere on the line, before `--`.", "", *_options(group)]
    return "\n\n".join(["\n".join(top), *(_verb(name, command) for name, command in sorted(group.commands.items()))])


def _verb(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([f"tether {name}", "[OPTIONS]", *(_metavar(p) for p in arguments)])
    lines = [f"### tether {name}", "", inspect.cleandoc(command.help or ""), "", f"`{usage}`", ""]
    if arguments:
        lines += [f"- `{_metavar(p)}`: {p.help or ''}".rstrip(": ") for p in arguments] + [""]
    lines += [*_options(command), ""]
    examples = (command.epilog or "").split("\n\n")[0]
    if examples.startswith("Example"):
        label, _, rest = examples.partition(": ")
        code, _, remark = rest.partition(". ")
        lines += [
            "",
            f"{label}: " + ", ".join(f"`{example.strip().rstrip('.')}`" for example in code.split(" | ")) + ".",
        ]
        lines += ["", remark] if remark else []
    return "\n".join(lines).strip()


def _metavar(argument: Any) -> str:
    name = str(argument.metavar or argument.human_readable_name.upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _options(command: Any) -> list[str]:
    rows = []
    for option in command.params:
        if option.param_type_name != "option" or getattr(option, "hidden", False) or option.name == "help":
            continue
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        value = "" if option.is_flag else f" {option.type.name.upper()}"
        rows.append(f"| {names}{value} | {_prose(option.help)} |")
    return ["| option | meaning |", "|---|---|", *rows] if rows else []


# -- decisions


def decisions() -> str:
    """The index of docs/adr: number, title and status of each."""
    lines = ["| | decision | status |", "|---|---|---|"]
    for path in sorted((DOCS / "adr").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^# \d+ (.+)$", text, re.MULTILINE)
        status = re.search(r"^Status: (.+)$", text, re.MULTILINE)
        if title is None or status is None:
            raise ValueError(f"{path} has no title or no status")
        lines.append(f"| {path.name[:4]} | [{title[1]}]({path.name}) | {status[1]} |")
    return "\n".join(lines)


# -- agents


def agents_matrix() -> str:
    """What held with which agent, as the newest run of `make agents` found it (tests/agents/matrix.json)."""
    kept = json.loads((ROOT / "tests" / "agents" / "matrix.json").read_text(encoding="utf-8"))
    names = list(kept["versions"])
    heads = " | ".join(f"{name} {version}" for name, version in kept["versions"].items())
    lines = [f"| | {heads} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row['case']} | {' | '.join(row[name] for name in names)} |" for row in kept["rows"]]
    return "\n".join(lines)


PARTS: Final[dict[str, Callable[[], str]]] = {
    "protocol-version": lambda: f"Protocol version: **{PROTOCOL}**",
    "events": lambda: messages(*events.Event.__args__),
    "to-store": lambda: messages(*storing.ToStore.__args__),
    "from-store": lambda: messages(*storing.FromStore.__args__),
    "store-notices": lambda: messages(*storing.StoreNotice.__args__),
    "to-broker": lambda: messages(*control.ToBroker.__args__),
    "from-broker": lambda: messages(*_only(control.FromBroker, control.ToBroker)),
    "on-lane": lambda: messages(*_only(control.OnLane, control.ToBroker, control.FromBroker)),
    "to-browser": lambda: messages(
        *_only(
            control.ToBrowser, control.ToBroker, control.FromBroker, types.SimpleNamespace(__args__=[views.SessionView])
        )
    ),
    "from-browser": lambda: messages(*_only(control.FromBrowser, control.ToBroker)),
    "auditing": lambda: messages(*auditing.ToBrokerAudit.__args__, *auditing.Auditing.__args__),
    "session-view": lambda: view(views.SessionView),
    "client-view": lambda: view(views.ClientView),
    "agents-parts": lambda: "\n\n".join(f"**{one.__name__}.** {view(one)}" for one in agents.PARTS),
    "agents": lambda: messages(*agents.ToAdapters.__args__, *agents.FromAdapters.__args__),
    "agents-matrix": agents_matrix,
    "limits": limit_table,
    "settings": settings_reference,
    "cli": command_reference,
    "decisions": decisions,
}


def render(text: str) -> str:
    """`text` with its generated parts made anew. KeyError for a part that nobody makes."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}\n{part[3]}", text)


def stale() -> list[Path]:
    """The files in docs/ whose generated parts are not what they should be."""
    return [path for path in sorted(DOCS.rglob("*.md")) if render(text := path.read_text(encoding="utf-8")) != text]


def main(argv: list[str]) -> int:
    """Write or check; the process's exit status."""
    if "--check" in argv:
        for path in stale():
            print(f"{path.relative_to(ROOT)} is stale: make docs", file=sys.stderr)
        return bool(stale())
    for path in stale():
        path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
