"""What the text of a /proc/PID/cgroup says of who started a process."""

from __future__ import annotations

import pytest

from tether.ancestry import of_a_job

_USER = "0::/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    "text",
    [
        f"{_USER}/app.slice/run-u12.service",
        f"{_USER}/app.slice/run-r0f3c1a2b4d5e6f708192a3b4c5d6e7f8.service",
        f"{_USER}/app.slice/run-p4711-i4712.service/inner",
        "0::/system.slice/cron.service",
        "0::/system.slice/crond.service",
        "0::/system.slice/atd.service",
        "12:pids:/user.slice\n1:name=systemd:/system.slice/anacron.service\n0::/",
    ],
)
def test_a_job(text: str) -> None:
    assert of_a_job(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0::/",
        "0::/user.slice/user-1000.slice/session-3.scope",
        f"{_USER}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1b2c.scope",
        f"{_USER}/app.slice/app-org.kde.konsole@0a1b.service",
        f"{_USER}/app.slice/run-u12.scope",
        f"{_USER}/app.slice/tmux-spawn-0a.scope",
        "0::/system.slice/ssh.service",
        "0::/system.slice/my-run-u12.service.scope",
        "0::/docker/0123456789ab",
    ],
)
def test_a_terminal_of_somebodys(text: str) -> None:
    assert not of_a_job(text)
