"""What a session has cost: turns add up, one that is told again does not, and nonsense is nothing."""

from __future__ import annotations

import pytest

from tether import asking
from tether.adapters import accounts
from tether.adapters.facts import Usage
from tether.adapters.spending import Spending
from tether.wire.views import SessionView


def test_a_turn_is_told_again_as_it_grows_and_turns_add_up() -> None:
    one = Spending()
    assert one.known is None
    assert one.add(Usage("t1")) == ""
    assert one.add(Usage("t1", cost_usd="0.10")) == "0.10"
    assert one.add(Usage("t1", cost_usd="0.30")) == "0.30"
    assert one.add(Usage("t2", cost_usd="0.20")) == "0.50"
    assert one.known == 0.5


def test_it_goes_on_from_what_the_log_knows() -> None:
    first = Spending()
    told = accounts.told(Usage("t1", 5, cost_usd="0.25"), first.add(Usage("t1", cost_usd="0.25")))
    assert told is not None
    view = asking.after(SessionView(b"s" * 16, "k3v9", "opencode", "", "running"), told)
    assert view.cost_usd == "0.25"
    assert Spending(view.cost_usd).add(Usage("t2", cost_usd="0.25")) == "0.50"


@pytest.mark.parametrize("text", ["x", "-1", "NaN", "Infinity", "1e99", ""])
def test_nonsense_costs_nothing(text: str) -> None:
    assert Spending("1.5").add(Usage("t1", cost_usd=text)) == "1.5"
