"""Whether a session needs somebody: every golden case, which the browser's twin is tested against too."""

import json
from pathlib import Path
from typing import Any

import pytest

from tether.attention import needs_attention, of_view
from tether.wire.agents import Activity
from tether.wire.views import SessionView

CASES = json.loads((Path(__file__).parent.parent / "data/attention.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_row_needs_what_the_golden_case_says(case: dict[str, Any]) -> None:
    assert needs_attention(case["row"]) == case["reason"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_view_needs_the_same_as_its_row(case: dict[str, Any]) -> None:
    row = case["row"]
    activity = row["activity"] and Activity(row["activity"]["state"], row["activity"]["detail"])
    view = SessionView(
        sid=b"", id="", provider="", title="", state=row["state"], activity=activity, approvals=row["approvals"]
    )
    assert of_view(view) == case["reason"]
