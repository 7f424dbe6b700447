"""Nothing is exposed unless it was said, and what is said must fit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tether import exposure
from tether.errors import TetherError
from tether.exposure import Exposure, Lan, Tunnel, chosen, interfaces


def test_without_a_file_nothing_is_exposed(tmp_path: Path) -> None:
    assert exposure.load(tmp_path / "exposure.toml") == Exposure()
    assert exposure.names(Exposure(), "host") == (frozenset(), frozenset())


def test_what_is_saved_is_loaded_and_private(tmp_path: Path) -> None:
    path = tmp_path / "exposure.toml"
    wanted = Exposure(
        Lan("192.168.1.20", 4790, 'et"h0', "/a b/c.pem", "/k"), Tunnel("cloudflare", ["a.example.com"], "team", "aud")
    )
    exposure.save(path, wanted)
    assert exposure.load(path) == wanted
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    exposure.save(path, Exposure())
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[lan]\naddress = '0.0.0.0'", "every address"),
        ("[lan]\naddress = '::'", "every address"),
        ("[lan]\naddress = '127.0.0.1'", "this machine itself"),
        ("[lan]\naddress = '8.8.8.8'", "whole internet"),
        ("[lan]\naddress = 'eth0'", "no IP address"),
        ("[lan]\naddress = '10.0.0.1'\nport = 0", "no port"),
        ("[lan]\naddress = '10.0.0.1'\nkey = 'k'", "belong together"),
        ("[lan]\naddress = '10.0.0.1'\nopen = true", "open"),
        ("[tunnel]\nkind = 'tailscale'\nhosts = ['*.ts.net']", "no host name"),
        ("[tunnel]\nkind = 'tailscale'\nhosts = ['a.ts.net:80']", "no host name"),
        ("[tunnel]\nkind = 'ngrok'\nhosts = []", "kind"),
        ("[tunnel]\nkind = 'cloudflare'\nhosts = ['a.b']\naccess_team = 't'", "belong together"),
        ("lan = 1", "lan"),
        ("[lan", "exposure.toml"),
        ("\xff", "exposure.toml"),
    ],
)
def test_what_does_not_fit_is_named_and_exposes_nothing(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "exposure.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TetherError, match=r"exposure\.toml") as error:
        exposure.load(path)
    assert named in error.value.message


def test_names_are_exact() -> None:
    hosts, origins = exposure.names(
        Exposure(Lan("192.168.1.20", 4790), Tunnel("tailscale", ["box.tail1.ts.net"])), "Box.lan"
    )
    assert hosts == {"192.168.1.20:4790", "box.local:4790", "box.tail1.ts.net"}
    assert origins == {f"https://{host}" for host in hosts}
    assert exposure.names(Exposure(Lan("fd00::1", 443)), "_")[0] == {"[fd00::1]"}


def test_an_interface_is_found_by_name_or_the_error_lists_them() -> None:
    found = {"eth0": ["192.168.1.20", "fd00::1"], "lo": ["127.0.0.1"]}
    assert interfaces.choose("eth0", found) == "192.168.1.20"
    with pytest.raises(TetherError) as error:
        interfaces.choose("wlan9", found)
    assert "eth0 (192.168.1.20, fd00::1)" in error.value.hint


def test_this_machines_interfaces_are_listed() -> None:
    assert ["127.0.0.1"] in [texts[:1] for texts in interfaces.addresses().values()]


def test_local_names() -> None:
    assert chosen.local_names("My-Box.example.com") == ["my-box.local"]
    assert chosen.local_names("bad_name") == []
