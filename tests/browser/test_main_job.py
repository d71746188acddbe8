"""The main job in a real browser: from the first page to the coloured map with its estimate."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT
from app.viewer.component import DIST
from tests.browser.conftest import Server, Watch, start_server

pytestmark = [pytest.mark.slow, pytest.mark.browser]

Page = Any
DEMO = Path(os.environ.get("HEALNET_TEST_DEMO", ROOT / "assets" / "demo"))
HEADLINE = re.compile(
    r"(Lower|Intermediate|Higher)-risk group, \d+(st|nd|rd|th) percentile\s+"
    r"of \d+ reference patients \(.+\)\. Estimated \d+-(year|month) .+ \d+ of 100 \(.+\)\."
)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    shutil.copy(test_data / "slides" / "CMU-1-Small-Region.svs", folder / "small.svs")
    (folder / "broken.svs").write_text("this is text")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, slides: Path) -> Iterator[Server]:
    if not (DIST / "viewer.js").is_file():
        pytest.skip("the viewer is not built: python hatch_build.py")
    if not (DEMO / "model" / "manifest.json").is_file():
        pytest.skip("the shipped study is not built: healnet demo --rebuild")
    environment = {
        "HEALNET_WORKSPACE": str(tmp_path_factory.mktemp("workspace")),
        "HEALNET_DEMO": str(DEMO),
        "HEALNET_SLIDE_ROOTS": str(slides),
    }
    server = start_server(ROOT / "run_app.py", environment=environment)
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def page(chromium: Any, watch: Watch) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("console", lambda told: watch.messages.append(f"{told.type}: {told.text}"))
    page.on("pageerror", lambda error: watch.messages.append(f"error: {error}"))
    page.on("request", lambda request: watch.requests.append(request.url))
    yield page
    context.close()
    assert watch.foreign == []
    assert [told for told in watch.messages if told.startswith("error")] == []


def wait_for_map(page: Page, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    view = None
    while time.monotonic() < deadline:
        view = page.evaluate("window.healnetViewer ?? null")
        if view is not None and view.get("firstOverlayMs") is not None:
            return view
        page.wait_for_timeout(50)
    pytest.fail(f"no map within {seconds:g} s: {view}")


def is_in_view(page: Page, selector: str) -> bool:
    box = page.locator(selector).first.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 900


def test_two_clicks_lead_to_the_map_with_headline_legend_scale_and_banner(
    page: Page, server: Server
) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Open demo case").click()
    wait_for_map(page, seconds=150)
    page.locator(".hn-headline").wait_for()

    assert HEADLINE.search(page.locator(".hn-headline").inner_text().replace("\n", " "))
    assert page.locator(".hn-scope").count() == 0
    legend = page.get_by_label("Legend of the map")
    assert "What raised or lowered the risk" in legend.inner_text()  # attention is uniform here
    legend.get_by_role("button", name="Show where the model read from").click()
    legend.get_by_text("Where the model read from", exact=True).wait_for()
    for selector in (".hn-banner", ".hn-headline", ".hw-scale", ".hn-chart"):
        assert is_in_view(page, selector)
    assert "Research use only" in page.locator(".hn-banner").inner_text()
    assert "Synthetic study" in page.locator(".hn-banner").inner_text()


def test_the_estimate_stands_above_the_fold(page: Page, server: Server) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Open demo case").click()
    page.locator(".hn-headline").wait_for()

    strip, curves = (page.locator(".hn-rail .hn-chart").nth(index) for index in (0, 1))
    box = curves.bounding_box()

    assert strip.get_by_text("both", exact=True).is_visible()
    assert box["y"] + box["height"] <= 900
    for words in ("lower risk", "intermediate", "higher risk", "this patient (model)"):
        assert curves.get_by_text(words, exact=True).first.is_visible()


def test_a_shared_link_opens_the_same_case(page: Page, server: Server) -> None:
    case_id = sorted(path.name for path in (DEMO / "cases").iterdir())[0]

    page.goto(f"{server.address}/case?case={case_id}")
    wait_for_map(page, seconds=60)

    assert page.locator(".hn-case b").inner_text() == case_id


def test_the_keyboard_alone_opens_a_case(page: Page, server: Server) -> None:
    page.goto(server.address)
    row = page.locator(".hn-worklist tbody tr").first
    row.wait_for()

    row.focus()
    page.keyboard.press("Enter")

    page.locator(".hn-case").wait_for()


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_nothing_scrolls_sideways(page: Page, server: Server, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(server.address)
    page.get_by_role("button", name="Open demo case").click()
    page.locator(".hn-headline").wait_for()

    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert overflow <= 0


def test_an_own_slide_is_opened_analysed_and_read(page: Page, server: Server) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Open slide from folder").click()
    choose(page, "small.svs")
    page.get_by_role("button", name="Open slide", exact=True).click()
    page.locator(".hn-case").wait_for()

    page.get_by_role("button", name="Analyse").click()
    page.locator(".hn-progress").wait_for()
    page.locator(".hn-headline").wait_for(timeout=120_000)
    page.locator(".hn-progress").wait_for(state="detached", timeout=120_000)

    wait_for_map(page, seconds=30)
    shown = page.locator(".hn-rail").first.inner_text()
    assert "No omic profile for this case." in shown
    assert "not one of the synthetic study" in shown
    assert page.locator(".hn-scope").inner_text().startswith("Out of scope: ")
    assert page.locator(".hn-headline b").get_attribute("class") == "hn-text-scope"


def test_a_broken_file_is_refused_in_words_and_the_next_case_works(
    page: Page, server: Server
) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Open slide from folder").click()
    choose(page, "broken.svs")

    page.get_by_role("button", name="Open slide", exact=True).click()

    refusal = page.locator(".hn-refusal")
    refusal.wait_for()
    assert "broken.svs" in refusal.inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open demo case").click()
    wait_for_map(page, seconds=60)


def test_a_dialog_is_as_dark_as_the_page_that_it_stands_over(
    page: Page, server: Server
) -> None:
    page.goto(server.address)
    page.locator("[data-theme-switch]").click()
    page.get_by_role("button", name="Open slide from folder").click()
    choose(page, "broken.svs")
    page.get_by_role("button", name="Open slide", exact=True).click()
    page.locator(".hn-refusal").wait_for()

    colour = page.evaluate("getComputedStyle(document.querySelector('.hn-refusal')).color")
    ground = page.evaluate(
        "getComputedStyle(document.querySelector('[role=dialog]')).backgroundColor"
    )

    assert min(map(int, re.findall(r"\d+", colour)[:3])) > 200  # light letters
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60  # on dark ground


def test_an_uploaded_slide_becomes_a_case(page: Page, server: Server, slides: Path) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Upload").click()

    page.locator(".hn-upload input").set_input_files(slides / "small.svs")

    page.locator(".hn-case").wait_for(timeout=60_000)
    assert page.locator(".hn-case b").inner_text() == "small"


def test_a_refused_upload_says_why(page: Page, server: Server, slides: Path) -> None:
    page.goto(server.address)
    page.get_by_role("button", name="Upload").click()

    page.locator(".hn-upload input").set_input_files(slides / "broken.svs")

    answer = page.locator(".hn-answer")
    answer.wait_for(timeout=60_000)
    assert "broken.svs" in answer.inner_text()


def choose(page: Page, name: str) -> None:
    """Choose an entry of the open list of slides."""
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(re.escape(name))).click()
