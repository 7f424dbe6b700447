"""A screen as PNG, drawn with Pillow and a monospaced font of the system.

Both are optional: Pillow comes with `tether-gateway[png]`; a font is on every desktop, and seldom on a server. SVG
needs neither.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Any, Final

from tether.errors import FAILED, TetherError
from tether.screen.picture import Picture, Piece
from tether.screen.terminal import Screen

_POINTS: Final = 15
_MARGIN: Final = 10
# Regular, bold. What is drawn oblique on a terminal is drawn upright here.
_FONTS: Final = (
    ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"),
    ("/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",) * 2,
    ("/usr/share/fonts/TTF/DejaVuSansMono.ttf", "/usr/share/fonts/TTF/DejaVuSansMono-Bold.ttf"),
    ("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf",) * 2,
    ("/usr/share/fonts/truetype/liberation2/LiberationMono-Regular.ttf",) * 2,
    ("/usr/share/fonts/truetype/noto/NotoSansMono-Regular.ttf",) * 2,
    ("/System/Library/Fonts/Menlo.ttc",) * 2,
    ("/System/Library/Fonts/SFNSMono.ttf",) * 2,
    ("/System/Library/Fonts/Monaco.ttf",) * 2,
)
# For characters of two columns, which those seldom have.
_WIDE_FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
)


class PictureUnavailable(TetherError):
    """No PNG can be drawn on this machine."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why, hint=hint, code="no-png", status=FAILED)


def png(screen: Screen) -> bytes:
    """The visible screen. PictureUnavailable where there is no Pillow or no font."""
    image, draw, regular, bold, wide = _tools()
    shown = screen.picture()
    ascent, descent = regular.getmetrics()
    width, height = round(regular.getlength("M")), ascent + descent + 1
    canvas = image.new("RGB", (shown.cols * width + 2 * _MARGIN, shown.rows * height + 2 * _MARGIN), shown.background)
    pen = draw.Draw(canvas)
    for y, pieces in enumerate(shown.pieces):
        for piece in pieces:
            font = bold if piece.look.bold else regular
            _piece(pen, piece, y, (width, height), wide if piece.columns == 2 and len(piece.text) == 1 else font)
    _cursor(pen, shown, (width, height))
    out = io.BytesIO()
    canvas.save(out, "PNG", optimize=True)
    return out.getvalue()


def _piece(pen: Any, piece: Piece, y: int, size: tuple[int, int], font: Any) -> None:
    width, height = size
    left, top = _MARGIN + piece.x * width, _MARGIN + y * height
    right = left + piece.columns * width
    look = piece.look
    if look.background is not None:
        pen.rectangle((left, top, right - 1, top + height - 1), fill=look.background)
    one_each = len(piece.text) == piece.columns  # else a wide character or a cluster, drawn as one
    for index, text in enumerate(piece.text if one_each else (piece.text,)):
        if text.strip():
            pen.text((left + index * width, top), text, font=font, fill=look.foreground)
    for drawn, down in ((look.underline, height - 2), (look.strike, height // 2), (look.overline, 0)):
        if drawn:
            pen.line((left, top + down, right - 1, top + down), fill=look.foreground)


def _cursor(pen: Any, shown: Picture, size: tuple[int, int]) -> None:
    if shown.cursor is not None:
        left, top = _MARGIN + shown.cursor[0] * size[0], _MARGIN + shown.cursor[1] * size[1]
        pen.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), outline=shown.foreground)


@functools.cache
def _tools() -> tuple[Any, Any, Any, Any, Any]:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise PictureUnavailable(
            "A PNG is drawn with Pillow, which is not installed",
            "Install it: pip install 'tether-gateway[png]'; or use: --svg",
        ) from None
    for regular, bold in _FONTS:
        if Path(regular).exists():
            wide = next((path for path in _WIDE_FONTS if Path(path).exists()), regular)
            paths = (regular, bold if Path(bold).exists() else regular, wide)
            usual, heavy, full = (ImageFont.truetype(path, _POINTS) for path in paths)
            return Image, ImageDraw, usual, heavy, full
    raise PictureUnavailable(
        "There is no monospaced font on this machine to draw a PNG with",
        "Install one, as in: apt install fonts-dejavu-core; or use: --svg",
    )
