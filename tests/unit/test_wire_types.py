"""The browser's types of the protocol are made from the structs, and the committed file is what they make."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tether.wire.codec import MESSAGES

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wire_types", ROOT / "tools/wire_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_types_are_those_of_the_protocol(tool: ModuleType) -> None:
    assert (ROOT / "web/src/wire.gen.ts").read_text() == tool.generate(), "stale: run `make wire`"


def test_every_message_has_an_interface_and_its_fields(tool: ModuleType) -> None:
    text = tool.generate()
    for struct in MESSAGES:
        assert f"export interface {struct.__name__} {{" in text
        assert f'  "{struct.__struct_config__.tag}": "{struct.__name__}",' in text


def test_check_tells_stale_from_fresh(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "src/wire.gen.ts"
    monkeypatch.setattr(tool, "TARGET", target)
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    target.write_text(target.read_text() + "\n")
    assert tool.main(["--check"]) == 1


class Inner(msgspec.Struct, array_like=True):
    n: int


@pytest.mark.parametrize(
    ("annotation", "kind", "typescript"),
    [
        (int, "int", "number"),
        (bytes, "bytes", "Uint8Array"),
        (int | None, "int?", "number | null"),
        (list[str], "strs", "readonly string[]"),
        (dict[str, str], "map", "Readonly<Record<string, string>>"),
        (Inner, "Inner", "Inner"),
        (Inner | None, "Inner?", "Inner | null"),
        (list[Inner], "Inner[]", "readonly Inner[]"),
    ],
)
def test_kinds(tool: ModuleType, annotation: Any, kind: str, typescript: str) -> None:
    assert tool.kind_of(annotation) == kind
    assert tool.typescript(kind) == typescript


@pytest.mark.parametrize("annotation", [set[int], dict[str, int], complex])
def test_a_type_that_the_browser_cannot_read_is_named(tool: ModuleType, annotation: Any) -> None:
    with pytest.raises(TypeError, match="wire_types"):
        tool.kind_of(annotation)
