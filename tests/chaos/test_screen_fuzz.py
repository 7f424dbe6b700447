"""Nothing that a program can print makes the screen model crash: it is native code in the worker."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from tether.screen import unavailable

SECONDS = 8 if os.environ.get("TETHER_CHAOS_QUICK") else 20


@pytest.mark.skipif(bool(unavailable()), reason=unavailable())
def test_the_model_survives_anything() -> None:
    seed = random.randrange(2**32)
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.screen.fuzz", str(SECONDS), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60)
    assert done.returncode == 0, f"seed {seed}: status {done.returncode}\n{done.stderr[-3000:]}"
    print(f"seed {seed}: {done.stdout.strip()}")
