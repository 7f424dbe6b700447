"""A command that was killed right after it had switched a mode on left the terminal with it: its guardian was told
what to undo after the bytes had gone out."""

from __future__ import annotations

import os
import select

from tether.cli.display import Display


def test_what_undoes_a_mode_is_told_before_the_mode_is_on() -> None:
    master, slave = os.openpty()
    told: list[tuple[bytes, bool]] = []

    def on_modes(restore: bytes) -> None:
        told.append((restore, bool(select.select([master], [], [], 0)[0])))

    display = Display(slave, terminal=True, on_modes=on_modes)
    display.write(b"\x1b[?1049h")
    assert os.read(master, 100) == b"\x1b[?1049h"
    display.write(b"plain text")
    assert os.read(master, 100) == b"plain text"
    [(restore, shown)] = told
    assert b"\x1b[?1049l" in restore
    assert not shown
    display.close()
    os.close(master)
    os.close(slave)
