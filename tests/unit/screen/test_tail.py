"""What is replayed asks nothing, and is otherwise what was written."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tether.screen.queries import without_queries
from tether.screen.tail import PROLOGUE, tail_snapshot
from tether.wire.codec import encode_body
from tether.wire.events import Cut, Output, Resized
from tether.wire.views import SessionView

QUERIES = [
    b"\x05",
    b"\x1bZ",
    b"\x1b[c",
    b"\x1b[0c",
    b"\x1b[>c",
    b"\x1b[>0c",
    b"\x1b[=c",
    b"\x1b[5n",
    b"\x1b[6n",
    b"\x1b[?6n",
    b"\x1b[?996n",
    b"\x1b[?2026$p",
    b"\x1b[4$p",
    b"\x1bP$qm\x1b\\",
    b"\x1bP$q q\x1b\\",
    b"\x1b[>q",
    b"\x1b[>0q",
    b"\x1bP+q544e;636f\x1b\\",
    b"\x1b]11;?\x07",
    b"\x1b]10;?\x1b\\",
    b"\x1b]4;1;?\x07",
    b"\x1b]52;c;?\x07",
    b"\x1b]21;foreground=?\x1b\\",
    b"\x1b[?u",
    b"\x1b[14t",
    b"\x1b[14;2t",
    b"\x1b[16t",
    b"\x1b[18t",
    b"\x1b[19t",
    b"\x1b[20t",
    b"\x1b[21t",
    b"\x1b[x",
    b"\x1b[1x",
    b"\x1b[?1;1;0S",
    b"\x1b[?4m",
    b"\x1b[1$w",
    b"\x1b[1;1;1;1;1;1*y",
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
    b"\x1b]1337;ReportCellSize\x07",
    b"\xc2\x9b6n",
    b"\xc2\x9d11;?\xc2\x9c",
    b"\x1bP@kitty-cmd{}\x1b\\",
]
KEPT = [
    b"plain text\r\n",
    b"\x1b[31mred\x1b[m",
    b"\x1b[2J\x1b[H",
    b"\x1b[?1049h",
    b"\x1b[?25l",
    b"\x1b[2 q",
    b"\x1b[>4;2m",
    b"\x1b[>1u",
    b"\x1b[<u",
    b"\x1b[s",
    b"\x1b[u",
    b"\x1b[>4n",
    b"\x1b[8;24;80t",
    b"\x1b[22;0t",
    b"\x1b[3S",
    b"\x1b[?2004h",
    b"\x1b]2;is it you?\x07",
    b"\x1b]0;;?\x07",
    b"\x1b]8;;http://x/?\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]11;#000\x07",
    b"\x1b]52;c;aGk=\x07",
    b"\x1b[1;2;3;4$x",
    b"\x1b[2*x",
    b"\x1bPq#0;2;0;0;0\x1b\\",
    "čaj ☕ \x9b".encode("latin-1", "replace"),
    "naïve — ✓".encode(),
    b"\xff\xfe\x80\x9b6n",
    b"\x1b]133;A\x07",
    b"\x1b(B",
    b"\x1b7\x1b8",
    b"\x1b[!p",
    b"\x1b[?1$",
    b"\x1b[12;4H",
    b"\x1b_Gm=1;AAAA\x1b\\",
    b"\x1b[6",
    b"\x1b]11;",
    b"\x1b",
    b"\x1b\x1b[A",
    b"\x1b[0;10;c\xff"[:3],
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_question_goes_and_its_neighbours_stay(query):
    assert without_queries(query) == b""
    assert without_queries(b"a\x1b[1mb" + query + b"c\x1b[m\n") == b"a\x1b[1mbc\x1b[m\n"


@pytest.mark.parametrize("text", KEPT)
def test_what_asks_nothing_stays_byte_for_byte(text):
    assert without_queries(text) == text
    assert without_queries(b"x" + text) == b"x" + text


def test_controls_inside_a_question_are_still_carried_out():
    assert without_queries(b"\x1b[\r6\x05\nn") == b"\r\n"


def test_an_image_that_is_shown_again_is_not_acknowledged():
    assert without_queries(b"\x1b_Gi=3,a=T,q=1;AAAA\x1b\\") == b"\x1b_Gq=2,i=3,a=T;AAAA\x1b\\"


# Everything that a question is made of, and what could hide one.
PIECES = [
    b"\x1b",
    b"[",
    b"]",
    b"P",
    b"_",
    b"X",
    b"\\",
    b"\x07",
    b"\x05",
    b"\x18",
    b"6",
    b"n",
    b"c",
    b"11;",
    b"?",
    b"$",
    b"q",
    b"+",
    b";",
    b"\xc2",
    b"\x9b",
    b"\x9c",
    b"\r",
    b"t",
    b"18",
    b"a",
    b"\x1b[6n",
    b"\x1b]11;?",
    b"\xe2\x98\x95",
]


class Terminal:
    """A small reading of what a terminal does with bytes: collects the questions that it would answer."""

    C0 = set(range(0x20)) - {0x18, 0x1A, 0x1B} | {0x7F}

    def __init__(self):
        self.asked = []
        self.state, self.text = "ground", b""

    def feed(self, data):
        data = re.sub(rb"\xc2([\x80-\x9f])", lambda m: b"\x1b" + bytes([m[1][0] - 0x40]), data)
        for value in data:
            self.byte(value, bytes([value]))
        return self

    def byte(self, value, char):  # noqa: C901 - one line per state
        if value == 0x1B:
            self.end()
            self.state, self.text = "escape", b""
        elif value in (0x18, 0x1A):
            self.state = "ground"
        elif value == 7 and self.state == "]":
            self.end()
            self.state = "ground"
        elif self.state in ("]", "P", "_", "X"):
            self.text += char
        elif value in self.C0:
            if value == 5:
                self.asked.append(char)
        elif self.state == "escape":
            self.state = char.decode("latin-1") if char in b"[]P_X" else "ground"
            if char == b"Z":
                self.asked.append(char)
        elif self.state == "[":
            self.text += char
            if value >= 0x40:
                if value < 0x7F and re.fullmatch(rb"[>=]?[\d;]*c|\??[\d;]*n|18[;\d]*t|\?[\d;]*\$p|>[\d;]*q", self.text):
                    self.asked.append(self.text)
                self.state = "ground"

    def end(self):
        if (self.state == "]" and re.fullmatch(rb"11;(.*;)?\?.*", self.text, re.DOTALL)) or (
            self.state == "P" and re.match(rb"[\d;]*[$+]q", self.text)
        ):
            self.asked.append(self.text)


def test_the_terminal_of_this_test_would_answer():
    assert Terminal().feed(b"\x1b[6n\x05\x1b]11;?\x07\x1bP$qm\x1b\\\xc2\x9b18t").asked


@settings(max_examples=600, deadline=None)
@example(b"\x1b]11;?\xc2\x05")
@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
@example(b"\x1b\x1b[6n[6n")
@example(b"\x1b\x05[6n")
@example(b"\x1b]11;\x1b[6n?\x07")
@example(b"\xc2\x1b[6n\x9b6n")
@example(b"\x1b[\x1b[6n6n")
def test_no_terminal_answers_whatever_is_replayed(data):
    shown = without_queries(data)
    assert Terminal().feed(shown).asked == []
    assert without_queries(shown) == shown


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200).map(lambda b: b.replace(b"\x1b", b"").replace(b"\xc2", b"").replace(b"\x05", b"")))
def test_bytes_without_controls_are_untouched(data):
    assert without_queries(data) == data


VIEW = SessionView(sid=b"s" * 16, id="x", provider="shell", title="", state="running", cols=80, rows=24)


def rows_of(*chunks, seq=2, offset=0):
    rows = []
    for chunk in chunks:
        rows.append((seq, encode_body(Output(seq, 0, offset, chunk))))
        seq, offset = seq + 1, offset + len(chunk)
    return rows


def shown(snapshot):
    assert snapshot.data.startswith(PROLOGUE)
    return snapshot.data[len(PROLOGUE) :]


def test_a_short_session_is_shown_whole():
    snapshot = tail_snapshot(rows_of(b"one\r\n", b"t\x1b[6nwo"), 1000, VIEW)
    assert (shown(snapshot), snapshot.seq, snapshot.offset, snapshot.skipped) == (b"one\r\ntwo", 3, 12, 0)
    assert (snapshot.cols, snapshot.rows, snapshot.kind) == (80, 24, "tail")


def test_a_long_one_begins_on_a_line():
    snapshot = tail_snapshot(rows_of(b"first line\r\nsecond line\r\nthird"), 16, VIEW)
    assert shown(snapshot) == b"third"
    assert snapshot.skipped == 25


def test_without_a_line_it_begins_on_a_character():
    text = ("é" * 100).encode()
    snapshot = tail_snapshot(rows_of(text), 51, VIEW)
    assert shown(snapshot) == text[-50:]
    assert snapshot.skipped == 150


def test_it_does_not_begin_inside_a_sequence_or_a_string():
    data = b"a" * 50 + b"\x1b[38;2;10;20;30m" + b"b" * 20
    for size in range(21, 36):
        assert shown(tail_snapshot(rows_of(data), size, VIEW)) == b"b" * 20
    cut = (1, encode_body(Cut(9, 0, 2, 0, 100)))
    middle = rows_of(b"dGhlIGNsaXBib2FyZA\x1b\\text", seq=10, offset=100)
    assert shown(tail_snapshot([cut, *middle], 1000, VIEW)) == b"text"


def test_it_knows_the_newest_size_and_what_was_before():
    rows = [*rows_of(b"abc\n", offset=96), (3, encode_body(Resized(3, 0, 132, 50)))]
    snapshot = tail_snapshot(rows, 1000, VIEW)
    assert (snapshot.cols, snapshot.rows, snapshot.seq, snapshot.offset) == (132, 50, 3, 100)
    assert snapshot.skipped == 100


def test_what_comes_before_a_hole_is_not_shown():
    rows = rows_of(b"before") + rows_of(b"after\n", seq=9, offset=50)
    snapshot = tail_snapshot(rows, 1000, VIEW)
    assert b"before" not in shown(snapshot)
    assert snapshot.offset == 56


def test_a_session_without_output_has_an_empty_tail():
    snapshot = tail_snapshot([], 1000, VIEW)
    assert (shown(snapshot), snapshot.seq, snapshot.offset, snapshot.skipped) == (b"", 0, 0, 0)
