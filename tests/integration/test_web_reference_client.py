"""The client that docs/api.md prints works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.gateway import Gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_documented_client_types_shows_and_sees_the_end(gateway: Gateway, tmp_path: Path):
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(source.splitlines()) < 60
    script = tmp_path / "client.py"
    script.write_text(source)
    session = gateway.run("shell")
    done = subprocess.run(
        [sys.executable, str(script), session, "echo typed-$((40+2)); exit 3\r"],
        env=gateway.env, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"typed-42" in done.stdout
    assert gateway.wait_state(session, "exited")["exit_code"] == 3
