"""Between a session that answers by itself and a terminal that would: no question gets out, no answer gets in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tether.screen import Screen
from tether.screen.queries import END, without_queries
from tether.screen.unasked import Unasked, without_replies

QUESTIONS = [
    b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[>0c", b"\x1b[=c", b"\x1b[5n", b"\x1b[6n", b"\x1b[?6n", b"\x1b[?996n",
    b"\x1b[?2026$p", b"\x1b[4$p", b"\x1b[>q", b"\x1b[>0q", b"\x1b[?u", b"\x1b[14t", b"\x1b[18t", b"\x1b[21t", b"\x1b[x",
    b"\x1b]10;?\x07", b"\x1b]11;?\x1b\\", b"\x1b]4;1;?\x07", b"\x1b]52;c;?\x07", b"\x1bP$qm\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\", b"\x05", b"\x1bZ", b"\xc2\x9bc", b"\x1b[?4m",
]  # fmt: skip
SHOWN = [
    b"text", b"\x1b[31m", b"\x1b[0;38;2;1;2;3m", b"\x1b[5;5H", b"\x1b[2J", b"\x1b[K", b"\x1b[?25l", b"\x1b[?1049h",
    b"\x1b]2;title\x07", b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "größer € 日本".encode(), b"\r\n", b"\x1b7",
    b"\x1b[3;9r",
    b"\x1b[>7u", b"\x1b[<u", b"\x1b[2 q", b"\x1b]10;#ffffff\x07", b"\x1b[4l", b"\x1b[22;0t", b"\x1b(B",
]  # fmt: skip
REPLIES = [
    b"\x1b[?62;22c", b"\x1b[>0;276;0c", b"\x1b[0n", b"\x1b[12;40R", b"\x1b[?12;40;1R", b"\x1b[?2026;2$y", b"\x1b[?0u",
    b"\x1bP>|xterm(390)\x1b\\", b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1b]10;rgb:ff/ff/ff\x07", b"\x1bP1$r0m\x1b\\",
    b"\x1bP0+r544e\x1b\\", b"\x1b[8;24;80t", b"\x1b[4;600;800t", b"\x1b_Gi=31;OK\x1b\\", b"\x1bP!|00000000\x1b\\",
    b"\x1b[2;1;1;112;112;1;0x", b"\x1b]52;c;aGVsbG8=\x1b\\",
]  # fmt: skip
TYPED = [
    b"a", b"\r", b"\x1b", b"\x1b[A", b"\x1bOP", b"\x1b[15~", b"\x1b[1;5C", b"\x1b[1;2R", b"\x1b[13;2~", b"\x1b[97;5u",
    b"\x1b[<0;10;5M", b"\x1b[<0;10;5m", b"\x1b[M !!", b"\x1b[I", b"\x1b[O", "ü€".encode(), b"\x1b[?997;1n", b"\x1bx",
    b"\x1b[48;24;80;600;800t", b"\x1b[200~some \x1b[0n text\x1b[201~",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_not_shown_wherever_it_is_cut(question: bytes) -> None:
    whole = b"before" + question + b"after"
    for cut in range(len(whole) + 1):
        live = Unasked()
        assert live.feed(whole[:cut]) + live.feed(whole[cut:]) + live.forget() == b"beforeafter"


@given(st.lists(st.sampled_from(SHOWN + QUESTIONS), max_size=12), st.data())
def test_all_else_is_shown_as_it_is(parts: list[bytes], draw: st.DataObject) -> None:
    whole = b"".join(parts)
    wanted = b"".join(part for part in parts if part not in QUESTIONS)
    live = Unasked()
    shown = b""
    at = 0
    while at < len(whole):
        size = draw.draw(st.integers(1, 12))
        shown += live.feed(whole[at : at + size])
        at += size
    shown += live.forget()
    # Where a question cut something short, an end is put that is nothing by itself.
    assert shown.replace(END, b"") == wanted.replace(END, b"") == without_queries(whole).replace(END, b"")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_anything_may_come(data: bytes, cut: int) -> None:
    """Whatever it is: what is not held back is shown, and what is held back is bounded."""
    live = Unasked()
    live.feed(data[:cut])
    live.feed(data[cut:])
    assert len(live.forget()) <= 1100


_SCRAPS = [bytes([byte]) for byte in b"\x1b[?cn6;\x18\x1a\x07\xc2\x9b\x9dP]\\"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SHOWN + QUESTIONS + _SCRAPS), max_size=14), st.lists(st.integers(1, 9), max_size=60))
def test_no_terminal_answers_what_is_shown_live(parts: list[bytes], cuts: list[int]) -> None:
    """Whatever is printed, and however it is cut: the model answers, and the terminal has nothing to answer."""
    answers: list[bytes] = []
    terminal = Screen(40, 10, on_reply=answers.append)
    live = Unasked()
    whole = b"".join(parts)
    at = 0
    for size in [*cuts, len(whole)]:
        terminal.feed(live.feed(whole[at : at + size]))
        at += size
    terminal.feed(live.forget())
    terminal.close()
    assert answers == []


@pytest.mark.parametrize("reply", REPLIES)
def test_an_answer_is_dropped(reply: bytes) -> None:
    assert without_replies(reply) == b""
    assert without_replies(b"a" + reply + b"\x1b[A") == b"a\x1b[A"


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_or_told_unasked_is_kept(typed: bytes) -> None:
    assert without_replies(typed) == typed
    assert without_replies(typed + b"\x1b[12;40R" + typed) == typed + typed


@given(st.lists(st.sampled_from(TYPED), max_size=8))
def test_no_mixture_of_keys_is_taken_for_an_answer(keys: list[bytes]) -> None:
    joined = b"\0".join(keys)
    assert without_replies(joined) == joined
