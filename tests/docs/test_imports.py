"""The import rules: they hold, they cover every module, and a breach is seen."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools.docs import ROOT


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the copy of the tree in `directory`."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    argv = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(
        argv, cwd=directory, capture_output=True, text=True, timeout=100, env={"PYTHONPATH": str(directory)}
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "tether", made / "tether", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", made)
    return made


def test_the_rules_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("broker/control.py", "import tether.clock"),
        ("broker/loop.py", "import zmq"),
        ("web/mirror.py", "import tether.store.log"),
        ("wire/ids.py", "import os"),
        ("spawner/serving.py", "import tether.bus"),
        ("ptyworker/inbox.py", "import tether.broker.control"),
    ],
)
def test_a_breach_is_seen(copy: Path, module: str, line: str) -> None:
    path = copy / "tether" / module
    before = path.read_text()
    path.write_text(before + f"\n{line}\n")
    try:
        done = lint(copy)
    finally:
        path.write_text(before)
    assert done.returncode == 1, f"{line} in {module} was not seen"
    assert "BROKEN" in done.stdout


def test_every_module_that_calls_itself_pure_is_held_to_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = {module for contract in contracts if "Pure" in contract["name"] for module in contract["source_modules"]}

    for path in sorted((ROOT / "tether").rglob("*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if doc.rstrip().endswith("Pure.") or ". Pure.\n" in doc:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            assert any(module == name or module.startswith(name + ".") for name in held), f"{module} says it is pure"


def test_every_room_and_leaf_is_kept_from_the_libraries_of_others() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    everything = {
        f"tether.{path.stem}"
        for path in (ROOT / "tether").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
    }
    owners = [contract for contract in contracts if contract["name"].startswith("Owner of")]
    assert len(owners) == 6
    for contract in owners:
        owner = contract["name"].rpartition(": ")[2]
        assert set(contract["source_modules"]) == everything - {owner}, contract["name"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")["layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == everything
