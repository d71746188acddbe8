"""What the viewer keeps and what it drops when the page hands it something else."""

import pytest

from tests.browser.viewer_site.slides import HOT
from tests.browser.viewing import Open, press, rest, until, view_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_rerun_keeps_the_place(open_page: Open) -> None:
    page = open_page("?mode=running")
    press(page, "t")
    before = view_of(page)
    assert "past 60" in page.locator(".hw-status").inner_text()

    page.get_by_text("finish").click()
    until(page, lambda view: view["overlaySwaps"] > before["overlaySwaps"])

    after = view_of(page)
    assert after["reruns"] == before["reruns"] + 1
    assert after["centre"] == before["centre"]
    assert after["mountedAtMs"] == before["mountedAtMs"]
    assert after["overlaySwaps"] > before["overlaySwaps"]
    assert "Reading patches" not in page.locator(".hw-status").inner_text()


def test_another_case_starts_a_new_viewer(open_page: Open) -> None:
    page = open_page()
    press(page, "t")

    other = open_page("?case=case-b")

    view = view_of(other)
    assert view["chosen"] == -1
    assert view["version"] != view_of(page)["version"]
    press(other, "t")
    assert view_of(other)["centre"]["y"] == pytest.approx(HOT[0][1] + 256 + 128, abs=3)


def test_nothing_of_one_case_stays_when_another_is_opened_in_the_same_tab(
    open_page: Open,
) -> None:
    page = open_page()
    viewer, crop = page.locator(".hw-viewer"), page.get_by_label("Patch at full resolution")
    press(page, "t")
    press(page, "Enter")
    first = crop.inner_text()
    assert "9.00\u00d7 uniform" in first

    page.get_by_text("case-b").click()
    viewer.and_(page.get_by_label("Slide case-b")).wait_for()
    until(page, lambda view: view["firstOverlayMs"] is not None)

    shown = viewer.inner_text() + viewer.evaluate("element => element.outerHTML")
    assert viewer.count() == 1
    assert crop.is_hidden()
    assert view_of(page)["chosen"] == -1
    for trace in ("case-a", "9.00", "rank 1 of", "7.50"):
        assert trace not in shown, trace

    page.get_by_text("case-a").click()
    viewer.and_(page.get_by_label("Slide case-a")).wait_for()
    until(page, lambda view: view["firstOverlayMs"] is not None)
    assert crop.is_hidden()
    viewer.focus()
    press(page, "t")
    press(page, "Enter")
    assert crop.inner_text() == first


def test_a_corrected_pixel_size_changes_every_length_on_screen(open_page: Open) -> None:
    page = open_page()
    press(page, "t")
    press(page, "Enter")
    assert "256 px = 128" in page.get_by_label("Patch at full resolution").inner_text()
    before = view_of(page)

    page.get_by_text("correct the pixel size").click()
    until(page, lambda view: view["mountedAtMs"] > before["mountedAtMs"])
    until(page, lambda view: view["firstOverlayMs"] is not None)
    rest(page)
    page.locator(".hw-viewer").focus()

    assert "0.250 µm/px entered by hand" in page.locator(".hw-status").inner_text()
    assert page.locator(".hw-scale").inner_text().endswith("(pixel size entered by hand)")
    assert view_of(page)["scale"] == pytest.approx(before["scale"], rel=0.01)
    assert view_of(page)["magnification"] == pytest.approx(
        2 * before["magnification"], rel=0.01
    )
    length, unit = page.locator(".hw-scale-text").inner_text().split(" (")[0].split("\u202f")
    micrometres = float(length) * (1000 if unit == "mm" else 1)
    width = page.locator(".hw-scale-line").bounding_box()["width"]
    assert micrometres == pytest.approx(width / view_of(page)["scale"] * 0.25, rel=0.02)
    press(page, "t")
    press(page, "Enter")
    assert "256 px = 64" in page.get_by_label("Patch at full resolution").inner_text()


def test_the_numbers_of_a_map_leave_with_it(open_page: Open) -> None:
    page = open_page()
    crop, readout = page.get_by_label("Patch at full resolution"), page.locator(".hw-readout")
    press(page, "t")
    press(page, "Enter")
    assert "Where the model read from (cross-attention, all layers" in crop.inner_text()
    box = page.locator(".hw-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    readout.wait_for()
    assert "9.00\u00d7 uniform" in readout.inner_text()

    page.get_by_label("Map", exact=True).select_option("gradient")  # the pointer stays
    rest(page)

    assert "What raised or lowered the risk (by gradient)" in crop.inner_text()
    assert "raised risk by 8.00 · rank 1 of 210 (1 raised most)" in crop.inner_text()
    assert "raised risk by 8.00   rank 1 of 210" in readout.inner_text()
    assert "uniform" not in crop.inner_text() + readout.inner_text()

    page.get_by_text("take the maps away").click()
    until(page, lambda view: view["shownMap"] is None)

    assert crop.is_hidden()
    assert readout.is_hidden()
    assert view_of(page)["chosen"] == -1
    assert view_of(page)["chosenBox"] is None


def test_a_patch_number_is_not_carried_to_another_lattice(open_page: Open) -> None:
    page = open_page("?mode=running")
    press(page, "t")
    press(page, "Enter")
    before = view_of(page)
    assert before["chosen"] >= 0

    page.get_by_text("finish").click()
    until(page, lambda view: view["overlaySwaps"] > before["overlaySwaps"])

    after = view_of(page)
    assert after["mountedAtMs"] == before["mountedAtMs"]
    assert (after["chosen"], after["chosenBox"]) == (-1, None)
    assert page.get_by_label("Patch at full resolution").is_hidden()
    assert page.locator(".hw-thumb[aria-current=true]").count() == 0


def test_the_viewer_fills_the_window_again_and_rests(open_page: Open) -> None:
    page = open_page("?mode=filling")
    viewer = page.locator(".hw-viewer")

    def gap() -> float:
        box = viewer.bounding_box()
        return page.viewport_size["height"] - box["y"] - box["height"]

    before = viewer.bounding_box()
    assert abs(gap() - 8) <= 1
    page.get_by_text("take the panel away").click()
    page.locator("#panel").wait_for(state="detached")
    rest(page)

    assert viewer.bounding_box()["height"] > before["height"] + 100
    assert abs(gap() - 8) <= 1
    page.evaluate(
        """() => {
          window.resizes = 0;
          const viewer = document.querySelector(".hw-viewer");
          new ResizeObserver(() => window.resizes++).observe(viewer);
        }"""
    )
    page.wait_for_timeout(1500)
    assert page.evaluate("window.resizes") == 1  # the first call of an observer
