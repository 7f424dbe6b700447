"""Each thing that a snapshot has to carry, in three terminals: xterm.js, the model (Ghostty's) and tmux.

A stream sets it and a probe shows it. What a fresh terminal shows after the snapshot and the probe is what it shows
after the stream and the probe, and that is not what the probe alone shows: the terminal does know the thing.
"""

from __future__ import annotations

import shutil
from typing import Any, Final, NamedTuple

import pytest

from tests.screen import tmux
from tests.screen.oracle import Oracle
from tests.support.screenstate import state
from tether.screen import Screen, unavailable
from tether.screen.tail import PROLOGUE

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

COLS, ROWS, HISTORY = 40, 10, 200
_LINES: Final = "".join(f"line {n}\r\n" for n in range(30))


class Carried(NamedTuple):
    """`unknown` names the terminals that do not know it, with the reason."""

    stream: str
    probe: str = ""
    unknown: tuple[str, ...] = ()


_NO_FLAG: Final = "tmux"  # it knows the thing, and has no word for it that could be asked for

CARRIED: Final[dict[str, Carried]] = {
    "the alternate screen": Carried("prim\r\n\x1b[?1049h\x1b[Halt"),
    "the primary screen behind it": Carried("prim\r\n\x1b[?1049h\x1b[Halt", "\x1b[?1049l."),
    "scrollback": Carried(_LINES),
    "scrollback behind the alternate screen": Carried(_LINES + "\x1b[?1049halt", "\x1b[?1049l"),
    "styles": Carried("\x1b[1;3;4;31;44mA\x1b[m\x1b[7mB\x1b[38;2;1;2;3mC\x1b[0;38;5;99mD"),
    "the style in force": Carried("\x1b[1;31;44m", "x"),
    "the cursor": Carried("\x1b[4;7H"),
    "a hidden cursor": Carried("\x1b[?25l"),
    "the cursor's shape": Carried("\x1b[4 q", "", (_NO_FLAG,)),
    "the saved cursor": Carried("\x1b[3;3H\x1b[31m\x1b7\x1b[H\x1b[m", "\x1b8X"),
    "the saved cursor of a program that took the screen": Carried("\x1b[4;9H\x1b[?1049h\x1b[H", "\x1b[?1049lX"),
    "margins": Carried("\x1b[3;6r", "\x1b[6;1Ha\nb\nc"),
    "tab stops": Carried("\x1b[3g\x1b[5G\x1bH\x1b[15G\x1bH\r", "\r\tX\tY"),
    "bracketed paste": Carried("\x1b[?2004h", "", (_NO_FLAG,)),
    "mouse": Carried("\x1b[?1002h\x1b[?1006h"),
    "all of the mouse": Carried("\x1b[?1003h"),
    "focus": Carried("\x1b[?1004h", "", (_NO_FLAG,)),
    "application cursor": Carried("\x1b[?1h"),
    "application keypad": Carried("\x1b="),
    "kitty keyboard": Carried("\x1b[>1u\x1b[>5u", "", ("xterm.js", "tmux")),  # xterm.js 6 has none
    "origin": Carried("\x1b[3;7r\x1b[?6h\x1b[2;3H", "\x1b[1;1HX"),
    "insert": Carried("abc\r\x1b[4h", "X"),
    "no wrap": Carried("\x1b[?7l", "x" * 50 + "y"),
    "a wrap that is pending": Carried("x" * COLS, "N"),
    "a palette": Carried("\x1b]4;1;rgb:12/34/56\x07\x1b]4;200;#010203\x07", "", (_NO_FLAG,)),
    "default colours": Carried("\x1b]10;#abcdef\x07\x1b]11;rgb:00/00/11\x07", "", (_NO_FLAG,)),
    "a title": Carried("\x1b]2;a \xe9 title\x07"),
    "a hyperlink": Carried("\x1b]8;;http://a.example/\x07one\x1b]8;;\x07", "", (_NO_FLAG,)),
    "a hyperlink that is open": Carried("\x1b]8;id=7;http://a.example/\x07one", "two", (_NO_FLAG,)),
    "a character set": Carried("\x1b(0", "lqk"),
    "another set, shifted to": Carried("\x1b)0\x0e", "lqk"),
    "a set that was saved": Carried("\x1b(0\x1b7\x1b(B", "q\x1b8q"),
    "a cut in a sequence": Carried("a\x1b[3", "1mred"),
    "a cut in a title": Carried("a\x1b]2;hal", "f\x07"),
    "a cut in a character": Carried("a\udce4\udcb8", "\udcad!"),
    "a combining character that is still to come": Carried("e", "\u0301"),
}  # fmt: skip


def known_to(terminal: str) -> list[str]:
    return [name for name, one in CARRIED.items() if terminal not in one.unknown]


def runs(name: str) -> tuple[bytes, bytes, bytes]:
    """The stream and the probe, the snapshot and the probe, the probe alone; each on a terminal that was put back."""
    one = CARRIED[name]
    stream, probe = (text.encode("utf-8", "surrogateescape") for text in (one.stream, one.probe))
    screen = Screen(COLS, ROWS)
    screen.feed(stream)
    snapshot = screen.snapshot(HISTORY)
    screen.close()
    return PROLOGUE + stream + probe, PROLOGUE + snapshot + probe, PROLOGUE + probe


def check(terminal: str, shown: list[Any]) -> None:
    names = known_to(terminal)
    for number, name in enumerate(names):
        wanted, found, without = shown[3 * number : 3 * number + 3]
        assert found == wanted, (terminal, name)
        assert wanted != without, (terminal, name, "is not seen by it")


def test_xterm_js_takes_each(oracle: Oracle) -> None:
    outputs = [output for name in known_to("xterm.js") for output in runs(name)]
    seen = oracle.show_all([(COLS, ROWS, [("w", output)]) for output in outputs])
    check("xterm.js", [(one.text, one.screen, one.rest) for one in seen])


def test_ghostty_takes_each() -> None:
    shown = []
    for name in known_to("ghostty"):
        for output in runs(name):
            screen = Screen(COLS, ROWS)
            screen.feed(output)
            shown.append(state(screen, HISTORY))
            screen.close()
    check("ghostty", shown)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_tmux_takes_each() -> None:
    outputs = [output for name in known_to("tmux") for output in runs(name)]
    check("tmux", tmux.show_all(COLS, ROWS, outputs))


def test_a_frame_that_is_being_drawn_is_shown_and_freezes_nobody(oracle: Oracle) -> None:
    """Synchronized output is the one mode of all that is left out."""
    screen = Screen(COLS, ROWS)
    screen.feed(b"\x1b[?2026hhalf")
    snapshot = screen.snapshot()
    screen.close()
    assert b"2026" not in snapshot
    assert oracle.show(COLS, ROWS, ("w", snapshot + b"\x1b[?2026l")).text[0] == "half"
