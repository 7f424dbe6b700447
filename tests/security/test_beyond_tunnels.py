"""Beyond this machine by a tunnel: closed until the owner opens it, and then for paired devices alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.network import inside


@pytest.mark.timeout(260)
def test_tunnels_in_a_network_of_our_own() -> None:
    """Tailscale and Cloudflare, where no packet can leave the machine."""
    done = inside(str(Path(__file__).parent / "beyond_tunnels.py"))
    if done is None:
        pytest.skip("this system does not let us make a network of our own")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout
