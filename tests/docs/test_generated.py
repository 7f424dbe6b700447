"""The generated parts of the documents are made from the code as it is now, and nothing is left out of them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import typer

from tether import errors, settings
from tether.cli.app import VERBS, build
from tether.wire import limits
from tether.wire.codec import MESSAGES
from tether.wire.version import PROTOCOL
from tools import docs

DOCS = docs.DOCS


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_no_file_is_stale() -> None:
    assert [path.name for path in docs.stale()] == [], "make docs"


def test_every_part_that_can_be_made_is_in_a_document() -> None:
    present = {
        name for path in DOCS.rglob("*.md") for name in re.findall(r"tools/docs\.py: ([\w-]+) -->", path.read_text())
    }
    assert present == set(docs.PARTS)


def test_a_part_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        docs.render("<!-- made by tools/docs.py: nonsense -->\n<!-- end -->")
    assert docs.render("no parts") == "no parts"


@pytest.mark.parametrize("struct", MESSAGES, ids=lambda struct: struct.__name__)
def test_every_message_is_in_the_specification(struct: type[msgspec.Struct]) -> None:
    text, tag = text_of("wire.md"), struct.__struct_config__.tag
    assert f"| {struct.__name__} | `{tag}` |" in text or f"### {struct.__name__} (tag `{tag}`)" in text
    for name in struct.__struct_fields__:
        assert f"`{name}`" in text
    assert struct.__doc__


def test_the_specifications_version_is_the_codes() -> None:
    assert f"Protocol version: **{PROTOCOL}**" in text_of("wire.md")


def test_every_limit_is_in_the_specification_with_its_reason() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| [\d,.]+ \| (.*) \|$", text_of("wire.md"), re.MULTILINE))
    assert set(rows) == {name for name in vars(limits) if name.isupper()}
    assert [name for name, reason in rows.items() if len(reason) < 10] == []


def test_every_endpoint_is_in_the_specification() -> None:
    from tether.paths import resolve

    paths, text = resolve({"TETHER_HOME": "/t"}), text_of("wire.md")
    for path in (paths.broker, paths.broker_pub, paths.store, paths.store_pub, paths.spawner, paths.keeper):
        assert f"| `{path.name}` |" in text


def test_every_line_of_the_spawner_is_in_the_specification() -> None:
    text = text_of("wire.md").partition("## 11.")[2]
    sources = [
        *Path("tether/spawner").glob("*.py"),
        Path("tether/broker/launching.py"),
        Path("tether/ptyworker/holder.py"),
    ]
    sources += Path("tether/broker").glob("*.py")
    for path in sources:
        for op in re.findall(r'"op": "([\w?]+)"', (docs.ROOT / path).read_text()):
            assert f"`{op}`" in text, f"{op} of {path}"


def test_every_setting_is_documented_with_its_meaning() -> None:
    text = text_of("settings.md")
    for section in msgspec.structs.fields(settings.Settings):
        assert f"### [{section.name}]" in text
        for field in msgspec.structs.fields(section.type):
            meaning = re.search(rf"^\| `{field.name}` \|.*\| (.+) \|$", text, re.MULTILINE)
            assert meaning, field.name
            assert len(meaning[1]) > 10


def test_every_variable_that_the_code_reads_is_documented() -> None:
    text = text_of("settings.md")
    for path in (docs.ROOT / "tether").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?:environ\.get\(|environ\[|env\.get\(|getenv\()\s*\"(TETHER_[A-Z_]+)\"", source):
            if not name.startswith("TETHER_SUP_"):
                assert f"`{name}`" in text, f"{name} of {path}"


def test_every_verb_is_documented() -> None:
    text = text_of("cli.md")
    group = typer.main.get_command(build())
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert f"### tether {name}\n" in text
        assert command.help, f"{name} has no help"
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.hidden and parameter.name != "help":
                assert parameter.help, f"{name} {parameter.name} has no help"
                assert all(f"`{option}`" in text for option in parameter.opts)
    assert {name for name in VERBS if not name.startswith("__")} >= set(group.commands)  # type: ignore[attr-defined]


def test_the_exit_statuses_are_the_codes() -> None:
    rows = set(re.findall(r"^\| (\d+) \|", text_of("cli.md"), re.MULTILINE))
    codes = {str(value) for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert rows == codes | {"0"}
