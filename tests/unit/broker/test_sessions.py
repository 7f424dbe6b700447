from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.broker.scene import session_id, view
from tether.broker.clients import attachment, client_name, resume, silent
from tether.broker.clients import view as client_view
from tether.broker.control import Lease
from tether.broker.outbox import clients_frame, sessions_frame
from tether.broker.sessions import ENDED_REMEMBERED, Registry, Trouble, may_move, present
from tether.wire import decode
from tether.wire.control import Attach
from tether.wire.limits import FRAME_BYTES_MAX, INPUT_CLIENTS_REMEMBERED
from tether.wire.views import ENDED, ClientView

SID = session_id()
LIVE = ["created", "starting", "running", "stalled", "unresponsive", "recovering"]


@pytest.mark.parametrize(
    ("old", "new", "may"),
    [
        ("created", "starting", True),
        ("starting", "running", True),
        ("created", "exited", True),
        ("running", "stalled", True),
        ("stalled", "running", True),
        ("recovering", "running", True),
        ("running", "starting", False),
        ("starting", "created", False),
        ("running", "nonsense", False),
        ("exited", "running", False),
        ("exited", "lost", False),
        ("lost", "lost", True),
    ],
)
def test_states_move_forward_only(old: str, new: str, may: bool) -> None:
    assert may_move(old, new) is may


@given(st.lists(st.sampled_from([*LIVE, *ENDED]), max_size=20))
def test_whatever_is_reported_an_end_is_final(states: list[str]) -> None:
    registry = Registry(0.0)
    session = registry.adopt(SID, view(SID, state="created"), b"w")
    ended = ""
    for state in states:
        registry.report(session, view(SID, state=state))
        if ended:
            assert session.view.state == ended
        ended = ended or (session.view.state if session.ended else "")


def test_a_report_about_another_session_is_not_taken() -> None:
    registry = Registry(0.0)
    session = registry.adopt(SID, view(SID), b"w")
    assert not registry.report(session, view(session_id(2)))


def test_present_shows_the_worst_that_is_known() -> None:
    session = Registry(0.0).adopt(SID, view(SID), b"w")
    session.lease = Lease(4, b"c" * 16, "pat")
    shown = present(session)
    assert (shown.state, shown.epoch, shown.controller, shown.controller_id) == ("running", 4, "pat", b"c" * 16)
    assert present(session, "disk full").state == "stalled"
    session.trouble = Trouble("unresponsive", "no word", 7)
    shown = present(session, "disk full")
    assert (shown.state, shown.detail, shown.since) == ("unresponsive", "no word", 7)
    session.view = view(SID, state="exited")
    assert present(session, "disk full").state == "exited"


def test_why_a_session_is_absent() -> None:
    registry = Registry(100.0)
    assert registry.absence(SID, 109.9)[0] == "not-ready"
    assert registry.absence(SID, 110.0)[0] == "not-found"
    registry.adopt(SID, view(SID), None)
    assert registry.absence(SID, 110.0)[0] == "not-ready"
    registry.forget(SID)
    assert registry.absence(SID, 110.0)[0] == "ended"
    for number in range(ENDED_REMEMBERED):
        registry.forget(session_id(number + 2))
    assert registry.absence(SID, 110.0)[0] == "not-found"


def test_input_numbers_are_remembered_for_the_clients_heard_last() -> None:
    session = Registry(0.0).adopt(SID, view(SID), b"w")
    clients = [number.to_bytes(16, "big") for number in range(INPUT_CLIENTS_REMEMBERED + 1)]
    for client in clients[:-1]:
        session.remember_input(client, 1)
    session.remember_input(clients[0], 2)
    session.remember_input(clients[-1], 1)
    assert clients[0] in session.last_n
    assert clients[1] not in session.last_n


def attach(**fields: object) -> Attach:
    values = {"client": b"c" * 16, "name": "n", "kind": "web", "mode": "control", "cols": 80, "rows": 24, **fields}
    return Attach(1, **values)  # type: ignore[arg-type]


def test_what_a_client_says_of_itself_is_made_safe_and_bounded() -> None:
    one = attachment(attach(name="\x1b[2J" + "n" * 500, cols=-3, rows=10**9, after=-1, device="d\n"), b"p", 1.0, 2)
    assert one.name.startswith("\\x1b[2J")
    assert len(one.name) <= 61
    assert (one.cols, one.rows, one.seq, one.device) == (0, 1000, 0, "d\\x0a")
    assert client_name("  ") == "unnamed"


def test_a_client_that_comes_back_keeps_its_place() -> None:
    old = attachment(attach(), b"p", 1.0, 2)
    old.seq, old.offset = 9, 900
    new = resume(old, attachment(attach(after=4), b"q", 3.0, 4))
    assert (new.peer, new.since, new.seq, new.offset) == (b"q", 2, 9, 900)
    assert silent([new], 12.9) == []
    assert silent([new], 13.0) == [new]
    assert client_view(SID, new, "observe", 1000).behind == 100
    assert client_view(SID, new, "observe", 10).behind == 0


def test_lists_that_are_too_long_for_a_frame_are_cut_down() -> None:
    views = [view(session_id(n), args=["x" * 4000], cwd="/" + "d" * 4000) for n in range(300)]
    frame = sessions_frame(3, views, "ok")
    assert len(frame) <= FRAME_BYTES_MAX
    shown = decode(frame)[1].views
    assert len(shown) == 300
    assert (shown[0].args, len(shown[0].cwd)) == ([], 200)
    many = [ClientView(SID, b"c" * 16, "n" * 60, "web", "observe", 1) for _ in range(20_000)]
    frame = clients_frame(3, many)
    assert len(frame) <= FRAME_BYTES_MAX
    assert len(decode(frame)[1].clients) > 1000
