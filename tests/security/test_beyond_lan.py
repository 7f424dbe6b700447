"""Beyond this machine by the local network: closed until the owner opens it, and then for paired devices alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.network import inside


@pytest.mark.timeout(260)
def test_the_local_network_in_one_of_our_own() -> None:
    """The door with TLS, where no packet can leave the machine."""
    done = inside(str(Path(__file__).parent / "beyond_lan.py"))
    if done is None:
        pytest.skip("this system does not let us make a network of our own")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout
