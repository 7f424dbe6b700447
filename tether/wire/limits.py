"""Every bound of the protocol, with its unit in the name and its reason beside it."""

from typing import Final

# See tether.wire.ids: time, randomness, machine.
SID_BYTES: Final = 16
# Random, so that nobody has to hand them out.
CLIENT_ID_BYTES: Final = 16

# LMDB stores a 32,000 byte value with 3 % overhead and a 4,096 byte one with 102 % (two overflow
# pages), so output is coalesced up to this size and never beyond it.
OUTPUT_BYTES_MAX: Final = 32_000

# One frame of any socket. MAXMSGSIZE is per ZeroMQ frame, so every message is one frame.
FRAME_BYTES_MAX: Final = 1 << 20

# One Input message. A paste is split by the client; the worker's queue holds sixteen of them.
INPUT_BYTES_MAX: Final = 64 * 1024
# Input that the agent has not read yet; past it the worker takes no more and says so.
INPUT_QUEUE_BYTES: Final = 1 << 20
# Bytes a client may have sent without an acknowledgement.
INPUT_WINDOW_BYTES: Final = 256 * 1024

# A terminal on loan: output that its holder had not written yet goes along, in one frame; and what the worker has more
# than the holder is written first, if it is no more than a flood makes until the store has acknowledged it.
LOAN_UNSHOWN_MAX: Final = 512 * 1024
LOAN_BACKLOG_MAX: Final = 1 << 20

# The raw tail sent to a client that attaches where no screen can be made.
TAIL_BYTES_MAX: Final = 256 * 1024

# A snapshot, a checkpoint, a page of history or of recalled events: one frame, with room for what is around it. Of a
# snapshot that would be larger the oldest lines of history are left out.
SNAPSHOT_BYTES_MAX: Final = 768 * 1024
# Lines of scrollback in one snapshot or one page of history.
HISTORY_LINES_MAX: Final = 2_000

# A WebSocket frame from a browser: one Input with its envelope.
WEBSOCKET_FRAME_BYTES_MAX: Final = 256 * 1024

# A title is one line of a list.
TITLE_CHARS_MAX: Final = 120
# Arguments and environment of one Launch, which is one frame: together under its limit.
ARGS_MAX: Final = 256
ARG_BYTES_MAX: Final = 128 * 1024  # Linux MAX_ARG_STRLEN
ARGS_BYTES_MAX: Final = 512 * 1024
ENV_BYTES_MAX: Final = 256 * 1024
# Beyond any real screen; terminal emulators allocate a cell for each.
COLS_MAX: Final = 1000
ROWS_MAX: Final = 1000

# Both keep one runaway script from filling the machine with descriptors.
CLIENTS_PER_SESSION_MAX: Final = 512
SESSIONS_LIVE_MAX: Final = 1000
# Input numbers remembered per session, so that a resend is recognised; least recently used go first.
INPUT_CLIENTS_REMEMBERED: Final = 256

# A client that has an attachment says something at least this often; after the multiple it is gone.
CLIENT_HEARTBEAT_S: Final = 3.0
# Three heartbeats and a moment: two may be late.
CLIENT_GONE_S: Final = 10.0
