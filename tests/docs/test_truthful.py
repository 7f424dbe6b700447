"""What people wrote by hand holds: links, names, commands, versions, words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import tether
from tools.docs import DOCS, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("deploy/*.md")])
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_resolve(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{target} leads nowhere"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{target}: no such heading"


@every_page
def test_no_line_numbers_are_cited(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"\.(py|ts|tsx|c|toml)(:|#L)\d+", text)
    assert not re.search(r"\blines? \d+(-\d+)? of `", text)


@every_page
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tether|tests|tools|deploy|web/src|docs)/[\w./-]+?)`", text):
        if name.startswith(("tether/web/static", "tests/bench/.", "web/node_modules")):
            continue
        assert (ROOT / name).exists() or list(ROOT.glob(f"{name}.*")), f"{name} does not exist"
    for module in re.findall(r"`(tether(?:\.[a-z_]+)+)`", text):
        parts = module.split(".")
        # The last part may be a name in the module.
        candidates = [ROOT.joinpath(*parts[:n]) for n in (len(parts), len(parts) - 1)]
        assert any(path.is_dir() or path.with_suffix(".py").exists() for path in candidates), f"{module} does not exist"


def test_the_first_screen_of_the_readme_has_exactly_two_commands_and_they_work() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = readme.split("```")[1]
    commands = re.findall(r"^\$ (make \w+)", first, re.MULTILINE)
    assert commands == ["make run", "make test"]
    assert readme.index("$ make test") < 900, "no scrolling"
    assert 80 <= readme.count("\n") <= 150


@every_page
def test_make_verbs_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for block in re.findall(r"```\n(.*?)```|`(make [a-z]+)`", page.read_text(encoding="utf-8"), re.DOTALL):
        for named in re.findall(r"^(?:\$ )?make ([a-z]+)", "\n".join(block), re.MULTILINE):
            assert named in verbs, f"make {named}"


@every_page
def test_verbs_of_the_command_that_are_named_exist(page: Path) -> None:
    from tether.cli.app import VERBS

    for named in re.findall(r"`tether ([a-z]+)[^`]*`", page.read_text(encoding="utf-8")):
        assert named in VERBS, f"tether {named}"


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == tether.__version__
    assert len(set(versions)) == len(versions)


def test_the_licence_is_one_everywhere() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:200]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert (ROOT / project["readme"]).exists()


def test_every_decision_has_its_sections() -> None:
    for path in (DOCS / "adr").glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {path.name[:4]} \S", text), path.name
        for section in ("Status: ", "## Context", "## Decision", "## Consequences"):
            assert section in text, f"{path.name}: {section}"


def forbidden() -> list[str]:
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    return re.findall(r'"([^"]+)"', glossary.partition("Words that are looked for:")[2])


def test_the_glossarys_words_are_used() -> None:
    words = forbidden()
    assert len(words) > 5
    sources = [*PAGES, *(ROOT / "tether").rglob("*.py"), *(ROOT / "web/src").rglob("*.ts*")]
    for path in sources:
        text = path.read_text(encoding="utf-8").lower()
        for word in words:
            if path.name != "glossary.md":
                assert word.lower() not in text, f"{word!r} in {path.relative_to(ROOT)}: see the glossary"


def test_the_words_of_the_wire_are_in_the_glossary() -> None:
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    for word in ("session", "client", "attachment", "controller", "observer", "provider", "gateway", "lease", "epoch",
                 "snapshot", "scrollback", "worker", "ring", "cut"):  # fmt: skip
        assert f"| **{word}** |" in glossary
