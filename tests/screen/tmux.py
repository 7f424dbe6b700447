"""tmux as another terminal: what it shows after some output, and what it says is switched on."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

from tests.support.waiting import wait_until

_FLAGS = (
    "alternate_on", "cursor_x", "cursor_y", "cursor_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag",
    "mouse_all_flag", "mouse_any_flag", "mouse_button_flag", "mouse_sgr_flag", "mouse_standard_flag", "mouse_utf8_flag",
    "origin_flag", "pane_tabs", "pane_title", "scroll_region_lower", "scroll_region_upper", "wrap_flag", "history_size",
)  # fmt: skip
# Says that all before it was read: the directory that a program names.
_DONE = b"\x1b]7;file:///read\x07"


def show_all(cols: int, rows: int, outputs: list[bytes]) -> list[dict[str, str]]:
    """What fresh terminals show after these outputs: their flags, and `shown`, every line with its styles."""
    with tempfile.TemporaryDirectory(prefix="tmx") as folder:
        place = Path(folder)
        programs = []
        for number, output in enumerate(outputs):
            (place / str(number)).write_bytes(output + _DONE)
            programs.append(f"stty raw -echo; cat {place / str(number)}; exec sleep 60")
        settings = ["status off", "history-limit 1000", "default-shell /bin/sh", f"default-size {cols}x{rows}"]
        (place / "conf").write_text("".join(f"set -g {setting}\n" for setting in settings))
        windows = "".join(f"new-window -d -t s: {shlex.quote(program)}\n" for program in programs[1:])
        (place / "windows").write_text(windows)
        try:
            _tmux(place, "new-session", "-d", "-s", "s", "-x", str(cols), "-y", str(rows), programs[0])
            _tmux(place, "source-file", str(place / "windows"))
            listed = ["list-panes", "-s", "-F", "#{pane_path}"]
            wait_until(
                "all of it was read",
                lambda: _tmux(place, *listed).split() == ["file:///read"] * len(outputs),
                context=lambda: _tmux(place, *listed),
            )
            flags = _tmux(place, "list-panes", "-s", "-F", "\t".join(f"#{{{flag}}}" for flag in _FLAGS)).splitlines()
            found = []
            for number, line in enumerate(flags):
                shown = _tmux(place, "capture-pane", "-p", "-e", "-S", "-", "-t", f"s:{number}")
                found.append({**dict(zip(_FLAGS, line.split("\t"), strict=True)), "shown": shown})
            return found
        finally:
            subprocess.run(["tmux", "-S", str(place / "s"), "kill-server"], capture_output=True, check=False)


def _tmux(place: Path, *words: str) -> str:
    done = subprocess.run(
        ["tmux", "-u", "-S", str(place / "s"), "-f", str(place / "conf"), *words], capture_output=True, check=False
    )
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return done.stdout.decode("utf-8", "replace")
