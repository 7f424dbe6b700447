"""Every row of the threat table names tests that exist."""

from __future__ import annotations

import re

from tools.docs import DOCS, ROOT


def test_every_threat_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+|2\.1\w?) \|(.*)\|$", (DOCS / "security.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 18
    for number, row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, f"row {number} names no test"
        for file, test in named:
            source = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {test}\(", source, re.MULTILINE), f"row {number}: {file} has no {test}"
