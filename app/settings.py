"""Where things are, how much is allowed, and whether the server runs as it must.

The server's own settings live in ``.streamlit/config.toml``. Some ways of starting Streamlit
ignore part of them, so :func:`check_server` compares the values in effect with those required.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from healnet.exceptions import ConfigError

ROOT = Path(__file__).parents[1]
GIGABYTE = 1_000_000_000
MAX_PORT = 65_535

REQUIRED_OPTIONS: Mapping[str, object] = {
    "server.allowedHosts": ["127.0.0.1", "localhost"],
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 50,
    "server.maxMessageSize": 50,
    "server.fileWatcherType": "none",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "client.disableDataExport": True,
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
}
LOCAL_ADDRESSES = ("127.0.0.1", "localhost")  # the hosts that are answered, see app.tiles


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Folders and limits of this installation.

    Attributes:
        workspace: Own cases, jobs and results. Made on first use, readable by its owner only.
        slide_roots: Folders from which slides may be opened without copying.
        demo: The shipped study: model and showcase cases.
        max_slide_bytes: Largest slide file taken by the upload route.
        max_table_bytes: Largest omic or clinical table.
    """

    workspace: Path
    slide_roots: tuple[Path, ...]
    demo: Path = ROOT / "assets" / "demo"
    max_slide_bytes: int = 20 * GIGABYTE
    max_table_bytes: int = 50_000_000

    def __post_init__(self) -> None:
        """Refuse limits that would let nothing in."""
        if self.max_slide_bytes <= 0 or self.max_table_bytes <= 0:
            raise ConfigError(
                "an upload limit is zero or negative",
                code="CONFIG-LIMIT",
                why="no file could be added",
                fix="set HEALNET_MAX_SLIDE_GB to a number above zero",
            )

    @property
    def database(self) -> Path:
        """The SQLite file of the workspace."""
        return self.workspace / "workbench.sqlite"

    @property
    def inbox(self) -> Path:
        """The folder of the workspace from which slides may always be opened."""
        return self.workspace / "inbox"

    @property
    def uploads(self) -> Path:
        """Where the upload route writes slides, under random names."""
        return self.workspace / "uploads"

    @property
    def features(self) -> Path:
        """Where encoded patch features are kept."""
        return self.workspace / "features"

    @property
    def tables(self) -> Path:
        """Where uploaded omic and clinical tables are kept."""
        return self.workspace / "tables"

    @property
    def jobs(self) -> Path:
        """One folder for each background job."""
        return self.workspace / "jobs"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment asks for.

    Args:
        environment: Variables to read; the process's own if left out. ``HEALNET_WORKSPACE``
            is the workspace folder, ``HEALNET_SLIDE_ROOTS`` a list of folders in the
            platform's path syntax, ``HEALNET_DEMO`` the study folder,
            ``HEALNET_MAX_SLIDE_GB`` the upload limit.

    Returns:
        Settings with resolved folders.

    Raises:
        ConfigError: If the upload limit is not a number above zero.
    """
    values = os.environ if environment is None else environment
    home = Path.home()
    workspace = Path(values.get("HEALNET_WORKSPACE") or home / ".healnet-workbench").resolve()
    roots = values.get("HEALNET_SLIDE_ROOTS") or str(home / "slides")
    folders = (Path(part).expanduser().resolve() for part in roots.split(os.pathsep) if part)
    return Settings(
        workspace=workspace,
        slide_roots=(*folders, workspace / "inbox"),
        demo=Path(values.get("HEALNET_DEMO") or ROOT / "assets" / "demo").resolve(),
        max_slide_bytes=_gigabytes(values.get("HEALNET_MAX_SLIDE_GB", "20")),
    )


def run_options(environment: Mapping[str, str] | None = None) -> dict[str, int | bool]:
    """Return the options that the environment may change when started by ``python run_app.py``.

    Streamlit reads them itself only under ``streamlit run``.

    Raises:
        ConfigError: If the port is not a number from 1 to 65535.
    """
    values = os.environ if environment is None else environment
    options: dict[str, int | bool] = {}
    port = values.get("STREAMLIT_SERVER_PORT", "")
    if port:
        if not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
            raise ConfigError(
                f"STREAMLIT_SERVER_PORT is {port!r}, which is not a port",
                code="CONFIG-PORT",
                fix=f"set it to a number from 1 to {MAX_PORT}",
            )
        options["server.port"] = int(port)
    headless = values.get("STREAMLIT_SERVER_HEADLESS", "")
    if headless:
        options["server.headless"] = headless.lower() in {"1", "true", "yes"}
    return options


def server_differences(get_option: Callable[[str], object]) -> tuple[str, ...]:
    """Return one sentence for each server setting that is not as required.

    Args:
        get_option: Looks up the value in effect, e.g. ``streamlit.config.get_option``.
    """
    wrong = [
        f"{name} is {get_option(name)!r}, must be {required!r}"
        for name, required in REQUIRED_OPTIONS.items()
        if get_option(name) != required
    ]
    address = get_option("server.address")
    if address not in LOCAL_ADDRESSES:
        wrong.append(f"server.address is {address!r}, must be one of {LOCAL_ADDRESSES}")
    return tuple(wrong)


def check_server(get_option: Callable[[str], object]) -> None:
    """Refuse to serve with other settings than those of ``.streamlit/config.toml``.

    Raises:
        ConfigError: With every difference in one message.
    """
    wrong = server_differences(get_option)
    if wrong:
        raise ConfigError(
            "the server settings in effect differ from the required ones: " + "; ".join(wrong),
            code="CONFIG-SERVER",
            where=".streamlit/config.toml",
            why="pages or patient data could be open to other machines or shown to others",
            fix="start from the project folder with `python run_app.py` and unset STREAMLIT_* "
            "variables that change these settings (port and headless may be changed)",
        )


def _gigabytes(text: str) -> int:
    try:
        return round(float(text) * GIGABYTE)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"HEALNET_MAX_SLIDE_GB is {text!r}, which is not a number",
            code="CONFIG-LIMIT",
            fix="set it to the largest slide size in gigabytes, e.g. 20",
        ) from error
