"""One gateway for every attack of this directory; each test leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.device import close_all
from tests.support.gateway import Gateway


@pytest.fixture(scope="session")
def target() -> Iterator[Gateway]:
    """A real gateway that is attacked."""
    with Gateway() as running:
        yield running


@pytest.fixture(scope="session")
def shell(target: Gateway) -> str:
    """A session on it, with its prompt drawn."""
    return target.shell()


@pytest.fixture(autouse=True)
def _sockets_are_closed() -> Iterator[None]:
    yield
    close_all()
