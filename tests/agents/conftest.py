"""The real agents, pinned, with the mock model: `make agents`. Skipped with the reason where they are missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents.cases import Results
from tests.support.agents import AgentGateway, missing

REASON = missing()
RESULTS = Results()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.timeout(300))  # opencode alone may take a minute to its first reply
        if REASON:
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def world() -> Iterator[AgentGateway]:
    """One gateway with its agents for all tests: opencode alone takes half a minute to its first reply."""
    with AgentGateway() as gateway:
        yield gateway


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    gateway = getattr(item, "funcargs", {}).get("world")
    if gateway is not None and report.failed:
        gateway.failed = True
    if report.when == "call" or report.failed:
        for marker in item.iter_markers("case"):
            RESULTS.add(*marker.args, held=report.passed, seconds=report.duration)


def pytest_sessionfinish() -> None:
    RESULTS.write()
