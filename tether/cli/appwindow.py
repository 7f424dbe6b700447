"""A window without a browser's bars: which installed browser opens one, and how it is asked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

# Those that know `--app`: Chromium and what is made of it. The first that is found is taken.
_COMMANDS: Final = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "microsoft-edge-stable", "brave-browser", "vivaldi",
)  # fmt: skip
_APPLICATIONS: Final = ("Chromium", "Google Chrome", "Microsoft Edge", "Brave Browser", "Vivaldi")
SIZE: Final = (1280, 860)


def find(which: Callable[[str], str | None], exists: Callable[[str], bool], home: str, platform: str) -> str | None:
    """The program of an installed browser that opens windows of applications; None when there is none.

    `which` looks on PATH, `exists` for a file; `home` is the user's directory, where macOS keeps applications as well.
    """
    for command in _COMMANDS:
        found = which(command)
        if found is not None:
            return found
    if platform != "darwin":
        return None
    places = ("/Applications", f"{home}/Applications")
    programs = (f"{place}/{name}.app/Contents/MacOS/{name}" for name in _APPLICATIONS for place in places)
    return next((program for program in programs if exists(program)), None)


def arguments(program: str, address: str) -> Sequence[str]:
    """What opens `address` in a window of its own. A browser that runs already is told, and this process ends."""
    return [program, f"--app={address}", f"--window-size={SIZE[0]},{SIZE[1]}", "--no-first-run"]
