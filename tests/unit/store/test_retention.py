"""What goes first, what always stays, and the one event that says so."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tether.store.retention import (
    KEEP_ENDED_BYTES,
    KEEP_LIVE_BYTES,
    Order,
    Removal,
    Share,
    plan,
    slack_bytes,
)
from tether.wire.events import Created, Cut, Exited, Lost, Note, Output, Unknown

MB = 1 << 20


def sid(number):
    return bytes([number]) * 16


def test_nothing_goes_within_the_quota():
    assert plan([Share(sid(1), 5, 60), Share(sid(2), 0, 40)], 100) == []


def test_the_session_that_ended_first_gives_first_and_only_what_is_needed():
    shares = [Share(sid(1), 900, 50 * MB), Share(sid(2), 100, 50 * MB), Share(sid(3), 0, 50 * MB)]
    quota = 128 * MB
    assert plan(shares, quota) == [Order(sid(2), 22 * MB + slack_bytes(quota))]


def test_live_sessions_give_when_ended_ones_have_nothing_left():
    shares = [Share(sid(1), 100, 1 * MB), Share(sid(2), 0, 200 * MB), Share(sid(3), 0, 4 * MB)]
    orders = plan(shares, 128 * MB)
    assert orders[0] == Order(sid(1), 1 * MB - KEEP_ENDED_BYTES)
    assert [order.sid for order in orders[1:]] == [sid(2)]  # the flood pays, the quiet session does not


def test_two_floods_are_levelled():
    shares = [Share(sid(1), 0, 100 * MB), Share(sid(2), 0, 60 * MB), Share(sid(3), 0, 1 * MB)]
    orders = plan(shares, 64 * MB)
    left = {share.sid: share.log_bytes for share in shares}
    for order in orders:
        left[order.sid] -= order.free_bytes
    assert abs(left[sid(1)] - left[sid(2)]) <= 1
    assert left[sid(3)] == 1 * MB


def test_what_a_client_is_shown_stays():
    assert plan([Share(sid(1), 0, KEEP_LIVE_BYTES), Share(sid(2), 7, KEEP_ENDED_BYTES)], 1) == []


shares = st.lists(
    st.builds(Share, st.integers(1, 255).map(sid), st.integers(0, 5), st.integers(0, 20 * MB)),
    max_size=12,
    unique_by=lambda share: share.sid,
)


@settings(deadline=None)
@given(shares, st.integers(1 * MB, 40 * MB))
def test_a_plan_reaches_the_quota_or_takes_all_that_may_go(shares, quota):
    orders = plan(shares, quota)
    by_sid = {share.sid: share for share in shares}
    freed = sum(order.free_bytes for order in orders)
    total = sum(share.log_bytes for share in shares)
    assert len({order.sid for order in orders}) == len(orders)
    spare = 0
    for share in shares:
        keep = KEEP_ENDED_BYTES if share.ended else KEEP_LIVE_BYTES
        spare += max(0, share.log_bytes - keep)
    for order in orders:
        keep = KEEP_ENDED_BYTES if by_sid[order.sid].ended else KEEP_LIVE_BYTES
        assert 0 < order.free_bytes <= by_sid[order.sid].log_bytes - keep
    if total <= quota:
        assert orders == []
    else:
        assert total - freed <= quota or freed >= spare - len(shares)


def test_one_cut_says_what_went():
    removal = Removal()
    removal.add(2, Output(2, 0, 0, b"abc"), 100)
    removal.add(3, Note(3, 0, "gap", ""), 50)
    removal.add(4, Output(4, 0, 3, b"de"), 100)
    assert removal.cut(99) == Cut(4, 99, 2, 0, 5, "quota")
    assert (removal.rows, removal.row_bytes, removal.output_bytes) == (3, 250, 5)


def test_an_earlier_cut_is_swallowed():
    removal = Removal()
    removal.add(40, Cut(40, 1, 2, 0, 700, "quota"), 80)
    removal.add(41, Output(41, 0, 700, b"xy"), 100)
    assert removal.cut(99) == Cut(41, 99, 2, 0, 702, "quota")
    assert removal.output_bytes == 2


def test_a_hole_at_its_end_stays_a_hole_of_unknown_length():
    removal = Removal()
    removal.add(2, Output(2, 0, 0, b"abc"), 100)
    removal.add(9, Cut(9, 1, 3, 3, 3, "missing"), 80)
    assert removal.cut(99) == Cut(9, 99, 2, 0, 3, "missing")


def test_ends_and_the_newest_event_stay():
    assert Removal.may_go(5, Output(5, 0, 0, b""), 9)
    assert Removal.may_go(5, Unknown("later", 5), 9)
    assert Removal.may_go(5, Created(5, 0, "", "", "", 1, 1, "", ""), 9)
    assert not Removal.may_go(9, Output(9, 0, 0, b""), 9)
    assert not Removal.may_go(5, Exited(5, 0, 0, None), 9)
    assert not Removal.may_go(5, Lost(5, 0, ""), 9)
