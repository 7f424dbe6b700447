"""A credential on a line becomes terminal output, in the ways that terminals show lines. Every byte knows whether it is
part of the secret."""

from __future__ import annotations

import base64
import random
import textwrap
from dataclasses import dataclass, field

from tests.redact.kinds import Kind

# One byte of output, and whether it belongs to the secret.
Cells = list[tuple[int, bool]]

_BEFORE = (
    "$ make deploy",
    "\x1b[32m\u2713\x1b[0m 14 tests passed in 0.8s",
    "npm warn deprecated glob@7.2.3: no longer supported",
    "On branch main. Your branch is up to date with 'origin/main'.",
    "drwxr-xr-x  5 svc svc 4096 Mar  4 10:11 src",
    "\x1b[1m==>\x1b[0m Resolving dependencies",
)
_AFTER = ("$ ", "\x1b[2mdone\x1b[0m", "ok", "total 24", "[1]+  Done")


@dataclass
class Row:
    """One case: output, which of its bytes are secret, how it arrives."""

    id: str
    kind: str
    variant: str
    cells: Cells
    chunks: list[bytes] = field(default_factory=list)
    secret: str = ""

    @property
    def data(self) -> bytes:
        return bytes(c for c, _ in self.cells)


def plain(text: str) -> Cells:
    return [(c, False) for c in text.encode()]


def secret_line(kind: Kind, r: random.Random) -> tuple[list[tuple[str, bool]], str]:
    """A line of this kind as characters, and the secret."""
    public, secret = kind.make(r)
    line = r.choice(kind.lines).replace("{{", "{").replace("}}", "}")
    before, after = line.split("{s}")
    indent = before.rsplit("\n", 1)[-1]
    if "\n" in secret and indent.strip() == "":
        public, secret = (part.replace("\n", "\n" + indent) for part in (public, secret))
    end = ""
    if "-----END" in secret:
        secret, end = secret[: secret.index("-----END")], secret[secret.index("-----END") :]
    chars = [(c, False) for c in before + public] + [(c, True) for c in secret] + [(c, False) for c in end + after]
    return chars, secret


def _encode(chars: list[tuple[str, bool]]) -> Cells:
    return [(b, s and c not in "\n\r ") for c, s in chars for b in (b"\r\n" if c == "\n" else c.encode())]


def _around(body: Cells, r: random.Random) -> Cells:
    before = plain("".join(line + "\r\n" for line in r.sample(_BEFORE, r.randrange(0, 4))))
    return before + body + plain("\r\n" + r.choice(_AFTER))


def _rows(chars: list[tuple[str, bool]], width: int) -> list[list[tuple[str, bool]]]:
    rows: list[list[tuple[str, bool]]] = [[]]
    for char in chars:
        if char[0] == "\n":
            rows.append([])
        elif len(rows[-1]) == width:
            rows.append([char])
        else:
            rows[-1].append(char)
    return rows


def scene(kind: Kind, variant: str, r: random.Random) -> Row:
    """One case of `kind` in `variant`."""
    chars, secret = secret_line(kind, r)
    cells = _VARIANTS[variant](chars, r)
    row = Row("", kind.name, variant, cells, secret=secret)
    row.chunks = _chunked(row, r)
    return row


def _simple(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    return _around(_encode(chars), r)


def _coloured(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    cells: Cells = []
    for cell in _encode(chars):
        if cell[1] and r.random() < 0.12:
            cells += plain(
                r.choice(
                    [
                        "\x1b[0m",
                        f"\x1b[38;5;{r.randrange(256)}m",
                        "\x1b[1;33m",
                        "\x1b[K",
                        "\x1b[4m",
                        "\x1b[38;2;10;20;30m",
                    ]
                )
            )
        cells.append(cell)
    return _around(cells + plain("\x1b[0m"), r)


def _wrapped(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    pad = [(c, False) for c in "INFO " * r.randrange(0, 9)]
    return _around(_encode(_joined(_rows(pad + chars, 80), "\n")), r)


def _indented(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    indent = " " * r.choice([2, 4, 5, 8])
    pad = [(c, False) for c in "log: " * r.randrange(0, 7)]
    flat: list[tuple[str, bool]] = []
    column = 0
    for char in pad + chars:
        if char[0] == "\n":
            column = 0
        elif column == 80:
            flat += [("\n", False), *((c, False) for c in indent)]
            column = len(indent)
        if char[0] != "\n":
            column += 1
        flat.append(char)
    return _around(_encode(flat), r)


def _joined(rows: list[list[tuple[str, bool]]], between: str) -> list[tuple[str, bool]]:
    out: list[tuple[str, bool]] = []
    for number, row in enumerate(rows):
        out += ([(c, False) for c in between] if number else []) + row
    return out


def _boxed(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    inner = r.choice([76, 56, 40, 96])
    left, right = r.choice(
        [("│ ", " │"), ("┃ ", " ┃"), ("| ", " |"), ("║ ", " ║"), ("\x1b[2m│\x1b[0m ", " \x1b[2m│\x1b[0m")]
    )
    cells = plain("╭" + "─" * (inner + 2) + "╮\r\n")
    for row in _rows(chars, inner):
        cells += plain(left) + _encode(row) + plain(" " * (inner - len(row)) + right + "\r\n")
    return cells + plain("╰" + "─" * (inner + 2) + "╯\r\n")


def _title(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    flat = [(c, s) for c, s in chars if c != "\n"]
    return (
        plain(f"\x1b]{r.choice('02')};run: ") + _encode(flat) + plain(r.choice(["\x07", "\x1b\\"]) + "$ ls\r\nok\r\n")
    )


def _link(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    flat = [(c, s) for c, s in chars if c != "\n"]
    return (
        plain("see \x1b]8;;https://h.example.net/?q=") + _encode(flat) + plain("\x1b\\the page\x1b]8;;\x1b\\ now\r\n")
    )


def _clipboard(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    text = "".join(c for c, _ in chars).encode()
    return plain("copied \x1b]52;c;") + [(c, True) for c in base64.b64encode(text)] + plain("\x07 ok\r\n")


def _placed(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """Pieces written where the cursor is set, in order."""
    cells = plain("\x1b[?25l\x1b[2J")
    for row, line in enumerate(_rows(chars, 80)):
        at = 0
        while at < len(line):
            size = r.randrange(3, 14)
            cells += plain(f"\x1b[{row + 4};{at + 1}H") + _encode(line[at : at + size])
            at += size
    return cells + plain("\x1b[20;1Hready\x1b[?25h")


def _columns(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """Two panes side by side; the secret's pane is narrow."""
    width = r.choice([34, 38])
    rows = _rows(chars, width)
    other = textwrap.wrap(
        "The quick build went through all of its stages and nothing was found that would stop it. " * 9, 36
    )
    bar = r.choice([" │ ", "│", " | "])
    swap = r.random() < 0.5
    cells: Cells = []
    for number, row in enumerate(rows):
        text = other[number % len(other)]
        pane = _encode(row) + plain(" " * (width - len(row)))
        cells += (plain(text.ljust(37) + bar) + pane if swap else pane + plain(bar + text)) + plain("\r\n")
    return cells


def _typed(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    cells = plain("$ ")
    for cell in _encode([c for c in chars if c[0] != "\n"]):
        cells.append(cell)
        if r.random() < 0.08:
            cells += plain(r.choice("abcxyz19")) + plain(r.choice(["\b \b", "\b\x1b[K"]))
    return cells + plain("\r\n$ ")


def _base64(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """The secret alone, encoded, as `base64` prints it."""
    first = next(i for i, (_, s) in enumerate(chars) if s)
    begin = first
    while begin and chars[begin - 1][0] not in " \"'=\n":
        begin -= 1
    last = max(i for i, (_, s) in enumerate(chars) if s)
    text = "".join(c for c, _ in chars[begin : last + 1]).encode() + r.choice([b"", b"\n"])
    coded = base64.b64encode(text).decode()
    folded = "\n".join(coded[i : i + 76] for i in range(0, len(coded), 76))
    public = (first - begin + 2) * 8 // 6 + 2
    cells = [(c, n >= public) for n, c in enumerate(folded)]
    return plain("$ base64 < token.txt\r\n") + _encode(cells) + plain("\r\n$ ")


def _jumped(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """Blanks are moves of the cursor, as programs write that repaint little."""
    cells = plain("\x1b[5;1H")
    for cell in _encode([c for c in chars if c[0] != "\n"]):
        cells += plain("\x1b[C") if cell[0] == 32 else [cell]
    return cells + plain("\r\n$ ")


def _redrawn(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """A line editor draws its whole line with every key or two."""
    flat = [c for c in chars if c[0] != "\n"]
    cells, at = plain("$ "), 0
    while at < len(flat):
        at = min(len(flat), at + r.randrange(1, 4))
        cells += plain("\r\x1b[K$ ") + _encode(flat[:at])
    return cells + plain("\r\n$ ")


def _dialog(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """A box that is drawn where the cursor is set, row by row."""
    width = r.choice([44, 60])
    cells = plain("\x1b[2J")
    for number, row in enumerate(_rows(chars, width)):
        cells += plain(f"\x1b[{5 + number};10H│ ") + _encode(row) + plain(f"\x1b[{5 + number};{12 + width}H │")
    return cells + plain("\x1b[30;1H")


def _status(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """While it is written, a status line is drawn elsewhere."""
    cells = plain("\x1b[3;1H")
    for cell in _encode([c for c in chars if c[0] != "\n"]):
        cells.append(cell)
        if r.random() < 0.04:
            cells += plain(f"\x1b7\x1b[24;1H\x1b[7m {r.randrange(100)}% done \x1b[0m\x1b8")
    return cells + plain("\r\n")


def _notice(chars: list[tuple[str, bool]], r: random.Random) -> Cells:
    """A notification, a variable of the terminal's, a directory."""
    kind = r.choice(["777;notify;Done;", "9;", "99;i=1;", "1337;SetUserVar=x=", "7;file://h/", "2;"])
    return plain(f"\x1b]{kind}") + _encode([c for c in chars if c[0] != "\n"]) + plain("\x07 ok\r\n")


_VARIANTS = {
    "plain": _simple, "split": _simple, "small": _simple, "chars": _simple, "pty": _simple, "sgr": _coloured, "sgr-small": _coloured,
    "wrap": _wrapped, "wrap-small": _wrapped, "indent": _indented, "indent-small": _indented, "box": _boxed, "box-small": _boxed,
    "osc-title": _title, "osc-link": _link, "osc-clipboard": _clipboard, "placed": _placed, "columns": _columns, "typed": _typed,
    "base64": _base64, "jumped": _jumped, "redrawn": _redrawn, "dialog": _dialog, "status": _status, "notice": _notice,
}  # fmt: skip
EASY = [
    name
    for name in _VARIANTS
    if name in ("plain", "split", "small", "chars", "pty") or name[:3] in ("sgr", "wra", "ind", "box")
]
HARD = [name for name in _VARIANTS if name not in EASY]


def _chunked(row: Row, r: random.Random) -> list[bytes]:
    data = row.data
    if row.variant == "chars":
        return [data[i : i + 1] for i in range(len(data))]
    if row.variant in ("small", "typed") or row.variant.endswith("-small"):
        return cut(data, lambda: r.randrange(1, 8))
    if row.variant == "split":
        inside = [i for i, (_, s) in enumerate(row.cells) if s]
        at = r.choice(inside)
        return [data[:at], data[at:]]
    if row.variant == "pty":
        return cut(
            plain("build output line\r\n" * r.randrange(150, 230)) and data, lambda: r.choice([4095, 1024, 512, 64])
        )
    if row.variant in HARD:
        return cut(data, lambda: r.choice([4096, 700, 60, 17]))
    return [data]


def cut(data: bytes, size) -> list[bytes]:
    chunks = []
    at = 0
    while at < len(data):
        step = size()
        chunks.append(data[at : at + step])
        at += step
    return chunks
