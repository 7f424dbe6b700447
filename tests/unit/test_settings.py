"""The settings file: what fits is used, what does not is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tether.errors import USAGE, TetherError
from tether.settings import PORT_DEFAULT, LogSettings, Settings, load, quota_bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refused(path: Path, text: str | bytes, env: dict[str, str] | None = None) -> TetherError:
    """The error for a settings file; it names the file (unless the environment is at fault) and a next step."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TetherError) as caught:
        load(path, env or {})
    assert caught.value.status == USAGE
    assert caught.value.hint
    return caught.value


def test_without_a_file_everything_has_its_default(path: Path) -> None:
    assert load(path, {}) == Settings()
    assert load(path, {}).web.port == PORT_DEFAULT == 4789


def test_a_file_replaces_what_it_names(path: Path) -> None:
    path.write_text('[web]\nport = 5000\n[log]\nkeep = "all"\n[attach]\ndetach_keys = "none"\n')
    settings = load(path, {})
    assert (settings.web.port, settings.log.keep, settings.attach.detach_keys) == (5000, "all", "none")
    assert settings.session == Settings().session


def test_the_environment_wins_over_the_file(path: Path) -> None:
    path.write_text("[web]\nport = 5000\n")
    settings = load(path, {"TETHER_PORT": "6000", "TETHER_DETACH_KEYS": "ctrl-a d"})
    assert (settings.web.port, settings.attach.detach_keys) == (6000, "ctrl-a d")
    assert load(path, {"TETHER_PORT": "", "TETHER_DETACH_KEYS": ""}).web.port == 5000


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[web]\nport = 'high'\n", "web.port"),
        ("[web]\nport = 0\n", "web.port"),
        ("[web]\nport = 65536\n", "web.port"),
        ("[log]\nkeep = 'some'\n", "log.keep"),
        ("[log]\nquota_bytes = 1000\n", "log.quota_bytes"),
        ("[log]\nquota_bytes = -1\n", "log.quota_bytes"),
        ("[session]\nstop_grace_s = -1\n", "session.stop_grace_s"),
        ("[session]\nstop_grace_s = nan\n", "session.stop_grace_s"),
        ("[session]\nring_bytes = 100\n", "session.ring_bytes"),
        ("[web]\nprot = 1\n", "prot"),
        ("[wbe]\nport = 1\n", "wbe"),
        ("web = 3\n", "web"),
    ],
)
def test_what_does_not_fit_is_named_with_its_file(path: Path, text: str, key: str) -> None:
    error = refused(path, text)
    assert str(path) in error.message
    assert key in error.message


@pytest.mark.parametrize("text", ["[web\n", "port = = 1\n", b"\xff\xfe", b"\0", "[web]\n[web]\n"])
def test_what_is_no_toml_is_named_with_its_file(path: Path, text: str | bytes) -> None:
    assert str(path) in refused(path, text).message


def test_a_directory_in_the_files_place_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(TetherError, match="can't be read"):
        load(path, {})


@pytest.mark.parametrize("port", ["http", "-1", "80.0", "٤٧٨٩", " 80"])
def test_a_port_in_the_environment_that_is_no_number_is_named(path: Path, port: str) -> None:
    assert "TETHER_PORT" in refused(path, "", {"TETHER_PORT": port}).message


def test_a_port_in_the_environment_out_of_range_is_refused(path: Path) -> None:
    refused(path, "", {"TETHER_PORT": "70000"})


def test_the_environment_does_not_repair_a_wrong_section(path: Path) -> None:
    refused(path, "web = 3\n", {"TETHER_PORT": "5000"})


def test_the_quota_is_what_is_set_or_a_share_of_the_disk_or_nothing(tmp_path: Path) -> None:
    assert quota_bytes(LogSettings(keep="all"), tmp_path) is None
    assert quota_bytes(LogSettings(quota_bytes=1 << 30), tmp_path) == 1 << 30
    default = quota_bytes(LogSettings(), tmp_path)
    assert default is not None
    assert 0 < default <= 10 << 30
