"""A real browser and a real server, both on this machine only."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.viewer.component import DIST
from tests.browser.viewing import Open, Page, rest, until

ROOT = Path(__file__).parents[2]
SITE = Path(__file__).parent / "viewer_site" / "site_app.py"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(kw_only=True)
class Watch:
    """What a page said and asked for while a test ran."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        """Requests that left this machine."""
        mine = ("http://localhost:", "http://127.0.0.1:", "ws://localhost:", "data:", "blob:")
        return [address for address in self.requests if not address.startswith(mine)]


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A running Chromium, or a skip that says what is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = os.environ.get("HEALNET_CHROMIUM", "")
    program = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: set HEALNET_CHROMIUM to one")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@dataclass(kw_only=True)
class Server:
    """A Streamlit server in a process of its own."""

    process: subprocess.Popen[bytes]
    address: str


def start_server(script: Path, *, environment: dict[str, str], seconds: float = 120) -> Server:
    """Start a Streamlit app and wait until it answers."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process=process, address=f"http://localhost:{port}")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2).close()  # noqa: S310
        except OSError:
            time.sleep(0.2)
        else:
            return server
    process.kill()
    pytest.fail(f"{script.name} did not answer within {seconds:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def viewer_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (DIST / "viewer.js").is_file():
        pytest.skip("the viewer is not built: python hatch_build.py")
    folder = tmp_path_factory.mktemp("site")
    from tests.browser.viewer_site.slides import make_site  # noqa: PLC0415  (loads torch)

    make_site(folder)
    server = start_server(SITE, environment={"VIEWER_SITE": str(folder)})
    yield server
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def open_page(chromium: Any, viewer_site: Server, watch: Watch) -> Iterator[Open]:
    """Open a page of the site and wait for its map; afterwards nothing may have gone wrong."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)  # a busy machine is not a fault of the viewer

    def open_one(query: str = "", *, has_map: bool = True) -> Page:
        page = context.new_page()
        page.on("console", lambda told: watch.messages.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: watch.messages.append(f"error: {error}"))
        page.on("request", lambda request: watch.requests.append(request.url))
        page.goto(f"{viewer_site.address}/{query}")
        until(page, lambda view: view["firstSharpPaintMs"] is not None)
        if has_map:
            until(page, lambda view: view["firstOverlayMs"] is not None)
        rest(page)
        return page

    yield open_one
    context.close()
    assert watch.foreign == []
    assert [told for told in watch.messages if told.startswith("error")] == []
