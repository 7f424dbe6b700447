"""What one worker leaves to the next, across versions of the code."""

import msgspec
import pytest

from tether.ptyworker import state
from tether.wire.views import SessionView

VIEW = SessionView(bytes(range(16)), "k3v9x0pq", "shell", "t", "running", epoch=3)


def test_it_reads_back_equal():
    kept = state.WorkerState(VIEW, inputs={b"a" * 16: 7}, stop=state.StopAsked("ann", 1.5), agent_gone=True)
    assert state.load(state.dump(kept)) == kept


def test_a_state_of_newer_code_is_read_for_what_is_known():
    document = msgspec.msgpack.decode(state.dump(state.WorkerState(VIEW)))
    document["version"] = 99
    document["from_the_future"] = [1, 2]
    assert state.load(msgspec.msgpack.encode(document)).view == VIEW


def test_rubbish_is_an_error_and_not_a_guess():
    with pytest.raises(msgspec.DecodeError):
        state.load(b"\x01\x02rubbish")
