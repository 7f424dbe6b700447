"""Which frame needs which scope, whatever the frame says; and who sees which session."""

from __future__ import annotations

import msgspec
import pytest

from tether.devices import scopes
from tether.web import permits
from tether.web.admission import Credential
from tether.wire.control import (
    Attach,
    Credit,
    Detach,
    FromBrowser,
    HistoryQuery,
    Input,
    Ping,
    Release,
    Resize,
    Seen,
    SnapshotQuery,
    Take,
)
from tether.wire.views import SessionView

ME, SID = b"m" * 16, b"s" * 16
SAMPLES = [
    Input(ME, 1, 1, b"x"), Resize(ME, 1, 80, 24), Take(3, ME), Release(3, ME), Detach(ME), Seen(ME, 1, 1),
    Credit(1, 1), Ping(1), SnapshotQuery(1, ME, 0), HistoryQuery(1, ME, 0, 1),
]  # fmt: skip
WATCHER = Credential("device", 0, frozenset({"observe"}), "d", 1, "phone")
PHONE = Credential("device", 0, scopes.PHONE, "d", 1, "phone")


def test_every_frame_of_the_protocol_has_its_scope():
    sent = {struct for struct in FromBrowser.__args__ if struct is not Attach}  # Attach opens, it never follows
    assert set(permits.FRAMES) == sent == {type(sample) for sample in SAMPLES}
    assert set(permits.FRAMES.values()) == {scopes.OBSERVE, scopes.INPUT}


@pytest.mark.parametrize("frame", SAMPLES, ids=lambda frame: type(frame).__name__)
def test_who_only_observes_writes_nothing(frame: msgspec.Struct):
    refused = permits.check(frame, WATCHER, SID)
    assert (refused is not None) == (type(frame) in permits.WRITES)
    assert refused is None or refused.code == "scope"
    assert permits.check(frame, PHONE, SID) is None


def test_what_is_no_frame_of_an_attachment_is_refused_to_everybody():
    refused = permits.check(Attach(1, ME, "x", "web", "control", 80, 24), PHONE, SID)
    assert refused is not None
    assert refused.code == "scope"


@pytest.mark.parametrize("inside", [frozenset({SID}), frozenset({b""})])
def test_a_program_inside_a_session_does_not_type_into_it(inside: frozenset[bytes]):
    agent = Credential("bearer", 0, scopes.TOKEN, inside=inside)
    for frame in SAMPLES:
        refused = permits.check(frame, agent, SID)
        assert (refused.code if refused else "") == ("own-session" if type(frame) in permits.WRITES else "")
    assert permits.attaching(agent, SID, Attach(1, ME, "x", "web", "control", 80, 24, True)).mode == "observe"
    other = Credential("bearer", 0, scopes.TOKEN, inside=frozenset({b"o" * 16}))
    assert permits.check(SAMPLES[0], other, SID) is None


def test_a_device_can_not_choose_its_name_or_more_than_its_row_gives():
    wanted = Attach(1, ME, "the owner's desk", "web", "control", 80, 24, True, device="desk")
    asked = permits.attaching(WATCHER, SID, wanted)
    assert (asked.mode, asked.take, asked.name, asked.device) == ("observe", False, "phone", "phone")
    asked = permits.attaching(PHONE, SID, wanted)
    assert (asked.mode, asked.take, asked.name, asked.device) == ("control", True, "phone", "phone")
    token = Credential("bearer", 0)
    assert permits.attaching(token, SID, wanted) == wanted


@pytest.mark.parametrize("shared", [True, False])
def test_a_paired_device_sees_what_was_shared(shared: bool):
    view = SessionView(SID, "id", "shell", "", "running", share=shared)
    assert permits.visible(PHONE, view) is shared
    assert permits.visible(Credential("bearer", 0), view)
    assert permits.visible(Credential("cookie", 0, scopes.DESK, "d"), view)
    assert not permits.visible(Credential("device", 0, frozenset({"input"}), "d"), view)
