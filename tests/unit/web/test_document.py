"""docs/api.md tells of every address and every close code that there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import BaseRoute

from tether.web import attach, connection
from tether.web.app import route_table

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


@pytest.mark.parametrize("route", route_table().routes, ids=lambda route: getattr(route, "path", "?"))
def test_every_address_is_documented(route: BaseRoute):
    path = route.path  # type: ignore[attr-defined]
    assert path == "/{name}" or f"{path}`" in TEXT or f"{path}/...`" in TEXT


def test_every_close_code_is_documented():
    codes = {
        value[0] for module in (attach, connection) for name, value in vars(module).items() if name.startswith("CLOSE_")
    }
    for code in codes:
        assert str(code) in TEXT
