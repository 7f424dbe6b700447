"""Attachments: which client watches which session, through which connection, and how far it has read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tether.errors import printable
from tether.wire.control import Attach, Seen
from tether.wire.limits import CLIENT_GONE_S, COLS_MAX, ROWS_MAX
from tether.wire.views import ClientView

_NAME_CHARS = 60
_KIND_CHARS = 16


@dataclass(slots=True)
class Attachment:
    """One client at one session. `peer` is the connection that speaks for it, `heard` the monotonic second of its
    last sign of life; times of day are microseconds, `offset` counts bytes of output."""

    client: bytes
    peer: bytes
    name: str
    kind: str
    since: int
    heard: float
    seq: int = 0
    offset: int = 0
    cols: int = 0
    rows: int = 0
    device: str = ""


def attachment(attach: Attach, peer: bytes, now: float, now_us: int) -> Attachment:
    """What an Attach says, made safe to show."""
    return Attachment(
        client=attach.client,
        peer=peer,
        name=client_name(attach.name),
        kind=printable(attach.kind, _KIND_CHARS),
        since=now_us,
        heard=now,
        seq=max(0, attach.after),
        cols=min(max(attach.cols, 0), COLS_MAX),
        rows=min(max(attach.rows, 0), ROWS_MAX),
        device=printable(attach.device, _NAME_CHARS),
    )


def client_name(text: str) -> str:
    """`text` as a name on one line; never empty."""
    return printable(text.strip(), _NAME_CHARS) or "unnamed"


def resume(old: Attachment, new: Attachment) -> Attachment:
    """The same client again, over another connection: it keeps its place in the order and what it has read."""
    new.since = old.since
    new.seq = max(old.seq, new.seq)
    new.offset = old.offset
    return new


def note_seen(attachment: Attachment, seen: Seen, now: float) -> None:
    """The client lives and has shown the session up to here. It may go back: a page that reloads starts again."""
    attachment.heard = now
    attachment.seq = max(0, seen.seq)
    attachment.offset = max(0, seen.offset)


def silent(attachments: Iterable[Attachment], now: float) -> list[Attachment]:
    """Those that have not been heard for so long that they are gone."""
    return [one for one in attachments if now - one.heard >= CLIENT_GONE_S]


def view(sid: bytes, attachment: Attachment, mode: str, newest_offset: int) -> ClientView:
    """The attachment as others see it; `newest_offset` is the end of the output as far as it is known here."""
    return ClientView(
        sid=sid,
        client=attachment.client,
        name=attachment.name,
        kind=attachment.kind,
        mode=mode,
        since=attachment.since,
        seq=attachment.seq,
        offset=attachment.offset,
        behind=max(0, newest_offset - attachment.offset),
        cols=attachment.cols,
        rows=attachment.rows,
        device=attachment.device,
    )
