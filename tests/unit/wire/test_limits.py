"""The limits fit each other."""

from __future__ import annotations

from tether.wire import limits


def test_whatever_may_be_said_fits_a_frame() -> None:
    assert limits.OUTPUT_BYTES_MAX < limits.FRAME_BYTES_MAX
    assert limits.TAIL_BYTES_MAX < limits.FRAME_BYTES_MAX
    # A Launch carries both at their limits.
    assert limits.ARGS_BYTES_MAX + limits.ENV_BYTES_MAX < limits.FRAME_BYTES_MAX
    assert limits.ARG_BYTES_MAX <= limits.ARGS_BYTES_MAX


def test_a_browser_may_send_the_largest_input() -> None:
    assert limits.INPUT_BYTES_MAX < limits.WEBSOCKET_FRAME_BYTES_MAX < limits.FRAME_BYTES_MAX


def test_a_window_of_input_fits_the_workers_queue() -> None:
    assert limits.INPUT_BYTES_MAX < limits.INPUT_WINDOW_BYTES <= limits.INPUT_QUEUE_BYTES
    assert limits.INPUT_QUEUE_BYTES == 16 * limits.INPUT_BYTES_MAX


def test_a_client_may_miss_two_heartbeats() -> None:
    assert limits.CLIENT_GONE_S > 2 * limits.CLIENT_HEARTBEAT_S
