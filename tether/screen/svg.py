"""A screen as SVG: text that can be selected, no script, no reference to anything outside."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from tether.screen.picture import Piece
from tether.screen.terminal import Screen
from tether.screen.theme import Colour

_WIDTH: Final = 8.4
_HEIGHT: Final = 18
_BASELINE: Final = 13.5
_MARGIN: Final = 10
_FONTS: Final = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"


def svg(screen: Screen) -> str:
    """The visible screen as a document of its own."""
    shown = screen.picture()
    width, height = shown.cols * _WIDTH + 2 * _MARGIN, shown.rows * _HEIGHT + 2 * _MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{_FONTS}" font-size="14" xml:space="preserve">',
        f'<rect width="100%" height="100%" fill="{_hex(shown.background)}"/>',
    ]
    for y, pieces in enumerate(shown.pieces):
        out += [_back(piece, y, piece.look.background) for piece in pieces if piece.look.background is not None]
    if shown.cursor is not None:
        x, y = shown.cursor
        out.append(f'<rect {_place(x, y, 1)} fill="none" stroke="{_hex(shown.foreground)}"/>')
    for y, pieces in enumerate(shown.pieces):
        out += [_text(piece, y) for piece in pieces if piece.text.strip() or piece.look.underline or piece.look.strike]
    out.append("</svg>\n")
    return "\n".join(out)


def _back(piece: Piece, y: int, colour: Colour) -> str:
    return f'<rect {_place(piece.x, y, piece.columns)} fill="{_hex(colour)}"/>'


def _text(piece: Piece, y: int) -> str:
    look = piece.look
    lines = [
        name
        for name, drawn in (("underline", look.underline), ("line-through", look.strike), ("overline", look.overline))
        if drawn
    ]
    style = f' fill="{_hex(look.foreground)}"'
    style += ' font-weight="bold"' if look.bold else ""
    style += ' font-style="italic"' if look.italic else ""
    style += f' text-decoration="{" ".join(lines)}"' if lines else ""
    at = f'x="{_MARGIN + piece.x * _WIDTH:g}" y="{_MARGIN + y * _HEIGHT + _BASELINE:g}"'
    length = f'textLength="{piece.columns * _WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
    return f"<text {at} {length}{style}>{escape(piece.text)}</text>"


def _place(x: int, y: int, columns: int) -> str:
    return f'x="{_MARGIN + x * _WIDTH:g}" y="{_MARGIN + y * _HEIGHT}" width="{columns * _WIDTH:g}" height="{_HEIGHT}"'


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
