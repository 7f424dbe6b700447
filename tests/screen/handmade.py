"""Streams written by hand: each about one thing that terminals do, and unicode."""

from __future__ import annotations

from typing import Final

from tests.screen.streams import Stream

_SGR_ALL: Final = "".join(f"\x1b[{n}mS{n}\x1b[m " for n in (1, 2, 3, 4, 5, 7, 8, 9, 21, 53, "1;3;4", "7;31;42"))
_COLOURS: Final = "".join(f"\x1b[48;5;{n}m \x1b[38;5;{255 - n}mx" for n in range(0, 256, 7)) + "\x1b[m"

HANDMADE: Final[dict[str, str]] = {
    "sgr all": _SGR_ALL,
    "sgr colours": _COLOURS,
    "sgr truecolour": "".join(f"\x1b[38;2;{n};{255 - n};80;48;2;0;{n};{n}mX" for n in range(0, 256, 9)) + "\x1b[0m.",
    "sgr colons": "\x1b[38:2::10:20:30mrgb\x1b[48:5:99mpal\x1b[4:3mcurly\x1b[58:2::1:2:3mcol\x1b[59m\x1b[4:0m.",
    "sgr resets": "\x1b[1;3;4;7;9;31;42mA\x1b[22mB\x1b[23mC\x1b[24mD\x1b[27mE\x1b[29mF\x1b[39mG\x1b[49mH",
    "underlines": "\x1b[4:1ma\x1b[4:2mb\x1b[4:3mc\x1b[4:4md\x1b[4:5me\x1b[24mf\x1b[21mg\x1b[m",
    "wrap": "x" * 85 + "\r\n" + "y" * 40 + "z" * 41 + "\r\nend",
    "wrap pending cr": "x" * 40 + "\rA" + "\x1b[3;1H" + "y" * 40 + "\nB",
    "wrap pending move": "x" * 40 + "\x1b[DA" + "\x1b[3;1H" + "y" * 40 + "\x1b[Kz",
    "wrap pending style": "\x1b[32m" + "x" * 40 + "\x1b[31mred",
    "wrap off": "\x1b[?7l" + "0123456789" * 5 + "\r\n\x1b[?7hon" + "w" * 45,
    "wrap erased": "a" * 60 + "\x1b[1;30H\x1b[K\r\n\x1b[5;1Hb",
    "wide at edge": "x" * 39 + "中" + "y" * 38 + "文字\r\n" + "z" * 40 + "字",
    "wide overwritten": "中文字\x1b[1;2HX\x1b[1;5HY\r\n文字\x1b[2;1Hab",
    "wide deleted": "中文字中文\x1b[1;3H\x1b[P\x1b[2;1H中文字\x1b[2;3H\x1b[@",
    "bce": "\x1b[44m\x1b[2J\x1b[3;5Hblue\x1b[41m\x1b[K\x1b[m\x1b[5;1H\x1b[42m\x1b[5X\x1b[m.",
    "bce scroll": "\x1b[45mx\x1b[10;1H\n\n\nafter\x1b[m\n.",
    "bce wrap": "\x1b[10;1H\x1b[46m" + "w" * 50 + "\x1b[m\r\nplain",
    "bce wrap in scrollback": "line\r\n" * 30
    + "\x1b[H\x1b[J\x1b[46m"
    + "w" * 50
    + "\x1b[m\x1b[10;1H"
    + "line\r\n" * 30,
    "erase": "".join(f"line {n} text\r\n" for n in range(9))
    + "\x1b[4;4H\x1b[K\x1b[5;4H\x1b[1K\x1b[6;4H\x1b[2K\x1b[7;4H\x1b[1J",
    "erase below": "".join(f"line {n} text\r\n" for n in range(9)) + "\x1b[4;4H\x1b[J.",
    "insert delete": "abcdefgh\x1b[1;3H\x1b[2@XY\x1b[1;7H\x1b[2P\r\n\x1b[Linserted\x1b[3;1Hx\x1b[M",
    "ech": "abcdefgh\x1b[1;3H\x1b[41m\x1b[3X\x1b[m\x1b[1;9H!",
    "rep": "ab\x1b[10b \x1b[31m=\x1b[20b\x1b[m|",
    "insert mode": "abcdef\x1b[1;3H\x1b[4hXYZ\x1b[4l!\x1b[2;1H\x1b[4h" + "q" * 45,
    "tabs": "a\tb\tc\r\n\x1b[3g\x1b[5G\x1bH\x1b[15G\x1bH\r1\t2\t3\t4",
    "tabs cleared": "\x1b[9G\x1b[g\r1\t2\x1b[Z3\x1b[2I4",
    "region": "\x1b[3;6r" + "".join(f"\x1b[6;1Hline {n}\n" for n in range(8)) + "\x1b[r\x1b[9;1Hend",
    "region reverse": "\x1b[2;5r\x1b[2;1H" + "\x1bMup\r" * 5 + "\x1b[5;1Hx\x1bDy\x1bEz",
    "region insert": "".join(f"{n}\r\n" for n in range(9)) + "\x1b[3;7r\x1b[4;1H\x1b[2L\x1b[6;1H\x1b[M\x1b[2S\x1b[T",
    "origin": "\x1b[3;7r\x1b[?6h\x1b[1;1Htop\x1b[99;1Hbottom\x1b[?6l\x1b[1;1Habs",
    "origin stays": "\x1b[3;7r\x1b[?6h\x1b[2;3Hin",
    "save restore": "\x1b[3;3H\x1b[31;1m\x1b7\x1b[H\x1b[mtop\x1b8red",
    "save pending": "\x1b[2;1H" + "p" * 40 + "\x1b7\x1b[Htop\x1b8next",
    "save never": "abc\x1b8x",
    "sco save": "\x1b[4;4H\x1b[s\x1b[Hx\x1b[uy",
    "alternate": "prim\r\n\x1b[?1049h\x1b[Halt\x1b[5;5H\x1b[7minv\x1b[m",
    "alternate and back": "one\r\ntwo\x1b[31m\x1b[?1049h\x1b[44m\x1b[2Jalt\x1b[?1049lthree",
    "alternate 47": "one\x1b[?47h\x1b[Htwo\x1b[?47lthree",
    "alternate 1047": "one\x1b[?1047h\x1b[Htwo\x1b[?1047lthree",
    "alternate history": "".join(f"h{n}\r\n" for n in range(30))
    + "\x1b[?1049h"
    + "".join(f"a{n}\r\n" for n in range(30))
    + "\x1b[?1049l",
    "alternate pen": "\x1b[42mgreen\x1b[?1049hin\x1b[41mred\x1b[?1049lout",
    "charset": "\x1b(0lqqk\x0fx  x\x1b(B plain",
    "charset shift": "\x1b)0abc\x0elqk\x0fdef\x0e",
    "charset saved": "\x1b(0\x1b7\x1b(Bq\x1b8q\x1b(Bq",
    "charset british": "\x1b(A#\x1b(B#",
    "charset left": "\x1b(0abcq",
    "modes": "\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?1002h\x1b[?1006h\x1b[?25lx",
    "modes undone": "\x1b[?1h\x1b=\x1b[?2004h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?1l\x1b>\x1b[?2004l\x1b[?1003l\x1b[?1006l\x1b[?25h",
    "mouse x10": "\x1b[?9hx",
    "mouse changed": "\x1b[?1000h\x1b[?1003h\x1b[?1000lx",
    "cursor style": "\x1b[4 qx\x1b[6 qy",
    "cursor style default": "\x1b[5 qx\x1b[0 qy",
    "palette": "\x1b]4;1;rgb:12/34/56\x07\x1b[31mred\x1b]10;#abcdef\x07\x1b]11;rgb:00/00/11\x07",
    "title": "\x1b]2;first\x07x\x1b]0;second \xe9\u4e2d\x1b\\y",
    "link": "\x1b]8;;http://a.example/\x07one\x1b]8;;\x07 \x1b]8;id=7;http://b.example/?q=1\x1b\\two\x1b]8;;\x1b\\",
    "link open": "\x1b]8;;http://a.example/\x07still \x1b[1mopen",
    "keyboard": "\x1b[>1u\x1b[>5ux\x1b[<u\x1b[=3;1uy",
    "sync": "\x1b[?2026hhalf",
    "sync done": "\x1b[?2026hwhole\x1b[?2026lx",
    "decaln": "\x1b#8\x1b[3;3H..",
    "vertical moves": "\x1b[5;10Ha\x1b[2Ab\x1b[3Bc\x1b[2Ed\x1b[Fe\x1b[7`f\x1b[3dg\x1b[2ah\x1b[2ei",
    "reverse wrap": "\x1b[?45hab\r\n\bX",
    "backspace": "abc\b\bX\r\x1b[2;1H\b\bY",
    "controls inside": "a\x1b[1\r;3\n1mb\x1b[\x08mc",
    "cancelled": "a\x1b[31\x18b\x1b]2;x\x1aTc\x1b[3\x1b[1md",
    "unknown": "\x1b[?12345h\x1b[>4;2mx\x1b_app\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\\x1bP1;2qdcs\x1b\\y",
    "protected": '\x1b[1"qkeep\x1b[0"qgo\r\x1b[?2K\x1b[2;1H\x1b[1"qp\x1b[2"qq\x1b[?J',
    "full reset": "\x1b[31m\x1b[?2004h\x1b[3;5r\x1b]2;t\x07x\x1bcy",
    "soft reset": "\x1b[31m\x1b[?2004h\x1b[?1h\x1b=\x1b[4h\x1b[?25l\x1b[3;6r\x1b[4;5H\x1b7\x1b(0q\x1b[!pq\x1b[10;1H\nx",
    "soft reset of the saved": "\x1b[4;5H\x1b[31m\x1b7\x1b[?6h\x1b[?7l\x1b[8;8Hab\x1b[!pcd\x1b8e" + "f" * 50,
    "scroll many": "".join(f"\x1b[3{n % 8}mline {n}\x1b[m\r\n" for n in range(60)),
    "scroll up": "".join(f"{n}\r\n" for n in range(9)) + "\x1b[3S\x1b[2Tx",
    "trailing spaces": "abc   \r\n   \r\n\x1b[7m   \x1b[m\r\nx",
    "clear and home": "old\r\n" * 20 + "\x1b[H\x1b[2J\x1b[3Jnew",
    "prompt marks": "\x1b]133;A\x07$ \x1b]133;B\x07cmd\r\n\x1b]133;C\x07out\r\n\x1b]133;D;0\x07\x1b]133;A\x07$ ",
    "pwd": "\x1b]7;file:///somewhere\x07x",
    "window ops": "\x1b[22;0t\x1b[8;10;40t\x1b[23;0tx",
    "nul and del": "a\0b\x7fc",
}

UNICODE: Final[dict[str, str]] = {
    "cjk": "中文字符 日本語 한국어 " * 4,
    "cjk wrap": "字" * 45 + "a" + "字" * 30,
    "combining": "e\u0301a\u0308o\u0302 n\u0303 \u0915\u094d\u0937 \u0e01\u0e33 ",
    "combining many": "z" + "\u0301" * 12 + "x" + "\u0330\u0331" * 5,
    "combining at edge": "x" * 39 + "e\u0301" + "y\u0308",
    "zwj": "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 x",
    "skin": "👍🏽 👋🏿 x",
    "variation": "❤️ ✔️ ☎︎ ⚙️ 1️⃣ x",
    "flags": "🇩🇪 🇫🇷🇯🇵 x",
    "emoji": "😀😃🎉🚀🔥 ✨⚡ 🧪🪄 x",
    "box": "┌─┬─┐\r\n│ │ │\r\n├─┼─┤\r\n└─┴─┘ ╭╮╰╯ ═║",
    "blocks": "░▒▓█▀▄▌▐ ▁▂▃▄▅▆▇█ ⣿⡇⠋",
    "arabic": "مرحبا بالعالم שלום x",
    "ambiguous": "±×÷§¶°·…—“”‘’€™ αβγ Жя ①② x",
    "zero width": "a\u200bb\u200cc\u2060d\ufeffe\u00adf",
    "private": "\ue0a0 \ue0b0 \uf001 x",
    "astral": "𝔘𝔫𝔦 𐍈 𠜎𠜱 x",
    "fullwidth": "ＡＢＣ ｱｲｳ 　x",
    "invalid": "a\udcffb\udcc3(c\udce2\udc82d\udcf0\udc9f\udc98e",
    "styled wide": "\x1b[31;44m中\x1b[m文\x1b[7m字\x1b[m e\x1b[1m\u0301\x1b[m",
}


def streams(group: str, texts: dict[str, str]) -> list[Stream]:
    """As streams of a small terminal. Surrogates stand for bytes that are no UTF-8."""
    return [
        Stream(group, name, 40, 10, (("w", text.encode("utf-8", "surrogateescape")),)) for name, text in texts.items()
    ]
