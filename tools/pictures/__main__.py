"""Take every page at both sizes, in both themes and both languages: `python -m tools.pictures [NAME...]`.

The pictures go to docs/pictures as WebP, which chromium itself encodes. With names only those pages are taken.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.support.gateway import Gateway
from tools.pictures.scene import Scene, scene

OUT = Path(__file__).parents[2] / "docs" / "pictures"
BYTES_MAX = 3_000_000
QUALITY = 0.45


class Size(NamedTuple):
    """A screen, and how many pixels of the picture each of its points has."""

    name: str
    width: int
    height: int
    scale: float


class Shot(NamedTuple):
    """A page, and what is there when it is whole."""

    name: str
    path: str
    ready: str


SIZES = (Size("desk", 1440, 900, 1), Size("phone", 390, 844, 1.3))
THEMES = ("light", "dark")
LANGUAGES = ("en", "zh-CN")
_ENCODE = """async ([png, quality]) => {
  const bytes = Uint8Array.from(atob(png), char => char.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const blob = await canvas.convertToBlob({type: "image/webp", quality});
  let text = "";
  for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def shots(made: Scene) -> list[Shot]:
    """Every page, in the order in which docs/web.md shows them."""
    at = {name: f"/s/{session}" for name, session in made.sessions.items()}
    pay = at["payments"]
    return [
        Shot("list", "/", "[data-testid=session-row]"),
        Shot("tiles", "/?view=tiles", "[data-testid=tile] img"),
        Shot("session", pay, "[data-testid=session][data-state=live]"),
        Shot("text", f"{pay}/read", "[data-testid=read-screen]:not(:empty)"),
        Shot("changes", f"{pay}/changes", "[data-testid=change]"),
        Shot("files", f"{pay}/files/shop/payments/client.py", "[data-testid=viewer]"),
        Shot("timeline", f"{at['search']}/timeline", "[data-testid=timeline]"),
        Shot("info", f"{pay}/info", "[data-testid=info]"),
        Shot("approvals", "/approvals", "[data-testid=approval]"),
        Shot("float", "/float", "[data-testid=float-lines]:not(:empty)"),
        Shot("devices", "/devices", "[data-testid=devices]"),
        Shot("audit", "/audit", "[data-testid=audit-row]"),
        Shot("settings", "/settings", "[data-testid=settings]"),
    ]


def main(names: list[str]) -> int:
    """Take them; 1 when they are too large."""
    OUT.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or ""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with scene() as made:
            _take(browser, made.gateway, [one for one in shots(made) if not names or one.name in names])
        if not names or "first" in names:
            with Gateway() as fresh:
                _take(browser, fresh, [Shot("first", "/", "[data-testid=never-used]")])
        browser.close()
    total = sum(file.stat().st_size for file in OUT.iterdir())
    print(f"{len(list(OUT.iterdir()))} pictures, {total / 1e6:.2f} MB")
    return 1 if total > BYTES_MAX else 0


def _take(browser: Browser, gateway: Gateway, wanted: list[Shot]) -> None:
    """All of `wanted` at every size, in every theme and language."""
    for size in SIZES:
        phone = size.name == "phone"
        context = browser.new_context(
            viewport={"width": size.width, "height": size.height}, device_scale_factor=size.scale,
            is_mobile=phone, has_touch=phone, reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        page.goto(gateway.ticket_url(""))
        expect(page.locator("main")).to_be_visible()
        for theme in THEMES:
            for language in LANGUAGES:
                page.evaluate(
                    "([t, l]) => { localStorage['tether.theme'] = t; localStorage['tether.language'] = l; }",
                    [theme, language],
                )
                for shot in wanted:
                    _show(page, gateway, shot, size)
                    png = base64.b64encode(page.screenshot()).decode()
                    name = f"{shot.name}-{size.name}-{theme}-{language[:2]}.webp"
                    (OUT / name).write_bytes(base64.b64decode(page.evaluate(_ENCODE, [png, QUALITY])))
        context.close()


def _show(page: Page, gateway: Gateway, shot: Shot, size: Size) -> None:
    page.evaluate(f"localStorage['tether.view'] = '{'tiles' if 'tiles' in shot.path else 'list'}'")
    small = shot.name == "float" and size.name == "desk"
    page.set_viewport_size({"width": 400, "height": 620} if small else {"width": size.width, "height": size.height})
    page.goto(gateway.url(path=shot.path.partition("?")[0]))
    expect(page.locator(shot.ready).first).to_be_visible(timeout=20_000)
    fit = page.get_by_test_id("fit")
    if shot.name == "session":
        with contextlib.suppress(Error):  # it has the page's size already, or has it by now
            fit.click(timeout=2_000)
    # Fonts, pictures and the last answers are there when nothing moves between two frames.
    page.evaluate(
        "document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 700))))"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
