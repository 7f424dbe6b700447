"""Draw the page's icons from web/public/favicon.svg, with chromium, when it has changed: `python tools/icons.py`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PUBLIC = Path(__file__).parent.parent / "web/public"
# A maskable icon is cut to any shape: what matters lies in its inner four fifths.
ICONS = {"icon-192.png": (192, 1.0), "icon-512.png": (512, 1.0), "icon-maskable-512.png": (512, 0.7)}


def main() -> int:
    """Write each icon; 1 when there is no chromium."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        sys.stderr.write("no chromium on PATH\n")
        return 1
    drawing = (PUBLIC / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name, (size, part) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            ground = "" if part == 1.0 else "background:#0f766e;"
            width = round(size * part)
            page.set_content(
                f"<body style='margin:0;{ground}display:grid;place-items:center;height:100vh'>"
                f"<div style='width:{width}px;height:{width}px'>{drawing}</div>"
                "<style>svg{width:100%;height:100%}</style>"
            )
            page.screenshot(path=PUBLIC / name, omit_background=part == 1.0)
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
