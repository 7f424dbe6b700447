"""What every test may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway

# A shell without job control starts what it puts in the background with SIGINT ignored, and so would be everything that
# the tests start: ctrl-c would do nothing in their terminals.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """A running gateway of this test's own. Its logs are printed and kept when the test fails."""
    made = Gateway()
    with made:
        yield made
        made.failed = getattr(request.node, "failed_call", False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know whether the test failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed:
        item.failed_call = True  # type: ignore[attr-defined]
