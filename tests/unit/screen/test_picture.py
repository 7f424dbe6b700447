"""A screen as a picture: colours as they are seen, SVG that is safe anywhere, PNG where it can be drawn."""

import re
import struct
import sys
import xml.etree.ElementTree as ElementTree
import zlib

import pytest

from tether.screen import Screen, png, unavailable
from tether.screen.svg import svg
from tether.screen.theme import BACKGROUND, FOREGROUND, palette
from tools.docs import ROOT

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

NAMESPACE = "{http://www.w3.org/2000/svg}"


def made(data: bytes) -> Screen:
    screen = Screen(20, 4)
    screen.feed(data)
    return screen


def looks(data: bytes):
    return [(piece.x, piece.columns, piece.text, piece.look) for row in made(data).picture().pieces for piece in row]


def test_colours_are_what_is_seen():
    (_, _, text, look), *_ = looks(b"\x1b[38;2;1;2;3;48;5;231mab")
    assert (text, look.foreground, look.background) == ("ab", (1, 2, 3), (255, 255, 255))
    ((_, _, _, look),) = looks(b"\x1b[7mx")
    assert (look.foreground, look.background) == (BACKGROUND, FOREGROUND)
    ((_, _, _, look),) = looks(b"\x1b[38;2;9;9;9;48;2;7;7;7;8mx")
    assert look.foreground == look.background == (7, 7, 7)
    ((_, _, _, look),) = looks(b"\x1b]4;1;rgb:12/34/56\x07\x1b[31;1;4;9mx")
    assert look.foreground == (0x12, 0x34, 0x56)
    assert look.bold
    assert look.underline
    assert look.strike


def test_erased_backgrounds_and_wide_characters_keep_their_place():
    pieces = looks(b"a\x1b[41m\x1b[K\x1b[m\r\n" + "中e\u0301x".encode())
    assert [(x, columns, text) for x, columns, text, _ in pieces][:2] == [(0, 1, "a"), (1, 19, " " * 19)]
    assert [(x, columns, text) for x, columns, text, _ in pieces][2:] == [(0, 2, "中"), (2, 1, "e\u0301"), (3, 1, "x")]


def test_svg_is_well_formed_and_holds_only_text():
    screen = made(b"<script>&\"' \x1b[31mred\x1b[m\r\n\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07\x1b[44m  \x1b[m")
    root = ElementTree.fromstring(svg(screen))  # noqa: S314
    assert {element.tag for element in root.iter()} == {NAMESPACE + name for name in ("svg", "rect", "text")}
    texts = [element.text for element in root.iter(NAMESPACE + "text")]
    assert texts[0] == "<script>&\"' "
    assert "javascript" not in svg(screen)


def test_png_shows_the_screen():
    try:
        data = png.png(made(b"\x1b[48;2;200;0;0m" + b" " * 80))
    except png.PictureUnavailable as error:
        pytest.skip(str(error))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > height > 50
    start = data.index(b"IDAT") + 4
    (size,) = struct.unpack(">I", data[start - 8 : start - 4])
    assert len(set(zlib.decompress(data[start : start + size]))) < 20


def test_png_takes_another_font_for_wide_characters(monkeypatch):
    try:
        without = png.png(made("中x".encode()))
    except png.PictureUnavailable as error:
        pytest.skip(str(error))
    (_, bold), *_ = [fonts for fonts in png._FONTS if png.Path(fonts[0]).exists()]
    png._tools.cache_clear()
    monkeypatch.setattr(png, "_WIDE_FONTS", ("/nowhere", bold))
    try:
        assert png.png(made(b"ab")) == png.png(made(b"ab"))
        assert png.png(made("中x".encode()))[:24] == without[:24]
    finally:
        png._tools.cache_clear()


def test_png_says_what_is_missing(monkeypatch):
    png._tools.cache_clear()
    monkeypatch.setattr(png, "_FONTS", ())
    try:
        with pytest.raises(png.PictureUnavailable, match="no monospaced font") as raised:
            png.png(made(b"x"))
        assert "--svg" in raised.value.hint
        monkeypatch.setitem(sys.modules, "PIL", None)
        with pytest.raises(png.PictureUnavailable, match="Pillow"):
            png.png(made(b"x"))
    finally:
        png._tools.cache_clear()


def test_the_colours_are_those_of_the_page():
    text = (ROOT / "web/src/terminal/themes.ts").read_text()
    theme = dict(re.findall(r'(\w+): "#([0-9a-f]{6})"', text[: text.index("};")]))
    colours = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
    named = [*colours, *(f"bright{colour.capitalize()}" for colour in colours)]
    assert [bytes(colour).hex() for colour in palette()[:16]] == [theme[name] for name in named]
    assert (bytes(FOREGROUND).hex(), bytes(BACKGROUND).hex()) == (theme["foreground"], theme["background"])
    assert len(palette()) == 256
