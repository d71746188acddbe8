"""Take the screenshots of the documentation from the running app: ``make screenshots``.

Starts the app on a free port with a workspace of its own, walks through it in Chromium and
writes one JPEG a page beside this file. The own slide comes from the folder of test data that
``HEALNET_TEST_DATA`` names; without it that picture is left as it is.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import (  # noqa: E402  (the path must be set first)
    CHROMIUM_ARGS,
    CHROMIUM_NAMES,
    start_server,
)
from tests.conftest import TEST_DATA  # noqa: E402

SIZE = {"width": 1440, "height": 900}
MAX_BYTES = 400_000
OWN_SLIDE = "her2st_B4_pyramid.tiff"
PATIENCE_MS = 300_000


def main() -> None:
    """Write all screenshots."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with (
        tempfile.TemporaryDirectory() as folder,
        _app(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        take_all(browser, address)
        browser.close()


def take_all(browser: Browser, address: str) -> None:
    """Walk through the app."""
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.locator(".hn-worklist tbody tr").first.wait_for()
    _keep(page, "cases")
    page.get_by_role("button", name="Open demo case").click()
    _wait_for_map(page)
    _keep(page, "case-study")
    page.get_by_role("tab", name="Omics").click()
    _keep(page, "case-omics")
    page.goto(f"{address}/models")
    page.get_by_text("How well it ranks held-out patients").wait_for()
    _keep(page, "models")
    page.goto(address)
    _open_from_folder(page, "broken.svs")
    page.locator(".hn-refusal").wait_for()
    _keep(page, "refused-file")
    if (TEST_DATA / "slides" / OWN_SLIDE).is_file():
        page.goto(address)
        _open_from_folder(page, OWN_SLIDE)
        page.locator(".hn-case").wait_for()
        page.get_by_role("button", name="Analyse").click()
        page.locator(".hn-progress").wait_for()
        page.locator(".hn-progress").wait_for(state="detached")
        _wait_for_map(page)
        _keep(page, "case-own-slide")


@contextmanager
def _app(folder: Path) -> Iterator[str]:
    slides = folder / "slides"
    slides.mkdir()
    (slides / "broken.svs").write_text("This is a letter, not a slide.")
    if (TEST_DATA / "slides" / OWN_SLIDE).is_file():
        shutil.copy(TEST_DATA / "slides" / OWN_SLIDE, slides / OWN_SLIDE)
    server = start_server(
        ROOT / "run_app.py",
        environment={
            "HEALNET_WORKSPACE": str(folder / "workspace"),
            "HEALNET_SLIDE_ROOTS": str(slides),
            "OMP_NUM_THREADS": str(os.cpu_count() or 1),
        },
    )
    try:
        yield server.address
    finally:
        server.process.terminate()
        server.process.wait(20)


def _open_from_folder(page: Page, name: str) -> None:
    page.get_by_role("button", name="Open slide from folder").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(re.escape(name))).click()
    page.get_by_role("button", name="Open slide", exact=True).click()


def _wait_for_map(page: Page) -> None:
    page.locator(".hn-headline").wait_for()
    while page.evaluate("window.healnetViewer?.firstOverlayMs ?? null") is None:
        page.wait_for_timeout(100)  # the page's own policy forbids to wait in the page


def _keep(page: Page, name: str) -> None:
    page.wait_for_timeout(2500)  # the last tiles, and the cross-fade of the page
    path = HERE / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=82)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)} {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        raise SystemExit(f"{path.name} is larger than {MAX_BYTES / 1000:.0f} kB")


if __name__ == "__main__":
    main()
