"""Settings: from the environment, and the check of the server's own."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.settings import (
    LOCAL_ADDRESSES,
    REQUIRED_OPTIONS,
    ROOT,
    check_server,
    read_settings,
    run_options,
    server_differences,
)
from app.tiles.security import TRUSTED_HOSTS
from healnet.exceptions import ConfigError


def good(name: str) -> object:
    return {"server.address": "127.0.0.1", **REQUIRED_OPTIONS}[name]


def test_the_shipped_configuration_passes_its_own_check() -> None:
    shipped = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    defaults = {"server.enableAgentApi": False}

    def get_option(name: str) -> object:
        section, key = name.split(".")
        return shipped[section].get(key, defaults.get(name))

    assert server_differences(get_option) == ()


@pytest.mark.parametrize("name", sorted(REQUIRED_OPTIONS))
def test_each_setting_that_differs_is_named(name: str) -> None:
    found = server_differences(lambda asked: "other" if asked == name else good(asked))

    assert len(found) == 1
    assert name in found[0]


def test_every_address_that_is_allowed_is_also_answered() -> None:
    assert set(LOCAL_ADDRESSES) <= set(TRUSTED_HOSTS)


def test_an_address_that_is_open_to_the_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0") as caught:
        check_server(lambda name: "0.0.0.0" if name == "server.address" else good(name))  # noqa: S104

    assert caught.value.code == "CONFIG-SERVER"


def test_folders_come_from_the_environment(tmp_path: Path) -> None:
    roots = os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])

    found = read_settings({"HEALNET_WORKSPACE": str(tmp_path), "HEALNET_SLIDE_ROOTS": roots})

    assert found.workspace == tmp_path
    assert found.slide_roots == (tmp_path / "a", tmp_path / "b", tmp_path / "inbox")


@pytest.mark.parametrize("limit", ["abc", "-1", "0", "inf"])
def test_a_limit_that_is_no_number_above_zero_is_refused(limit: str) -> None:
    with pytest.raises(ConfigError):
        read_settings({"HEALNET_MAX_SLIDE_GB": limit})


def test_port_and_screen_come_from_the_environment() -> None:
    environment = {"STREAMLIT_SERVER_PORT": "20123", "STREAMLIT_SERVER_HEADLESS": "true"}

    assert run_options(environment) == {"server.port": 20123, "server.headless": True}
    assert run_options({}) == {}


@pytest.mark.parametrize("port", ["abc", "-1", "0", "65536", "8501x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ConfigError, match="not a port"):
        run_options({"STREAMLIT_SERVER_PORT": port})


@pytest.mark.slow
def test_the_server_does_not_start_with_other_settings(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HEALNET_WORKSPACE": str(tmp_path),
        "STREAMLIT_SERVER_PORT": "20987",
        "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "run_app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "[CONFIG-SERVER]" in ended.stderr
    assert "client.showErrorDetails" in ended.stderr
    assert "Traceback" not in ended.stderr
