"""Beyond this machine: closed until the owner opens it, and then for paired devices alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.network import inside


@pytest.mark.timeout(260)
@pytest.mark.parametrize("tests", ["beyond_lan.py", "beyond_tunnels.py"])
def test_in_a_network_of_our_own(tests: str) -> None:
    """The local network's door and the tunnels, where no packet can leave the machine."""
    done = inside(str(Path(__file__).parent / tests))
    if done is None:
        pytest.skip("this system does not let us make a network of our own")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout
