"""The viewer in a real browser: what a pathologist sees, presses and reads."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.browser.conftest import Watch
from tests.browser.viewer_site.slides import HOT, SQUARE
from tests.browser.viewing import Open, press, rest, stage_of, view_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ACCENT = np.array([27, 108, 168])


def test_the_first_view_shows_the_tissue_with_a_legend_and_a_scale(open_page: Open) -> None:
    page = open_page()

    legend = page.get_by_label("Legend of the map").inner_text()
    assert "Where the model read from" in legend
    assert "cross-attention, all layers, mean of heads" in legend
    assert "\u00d7 uniform" in legend
    assert "raw · 210 patches" in legend
    assert view_of(page)["display"]["opacity"] == 0.4
    assert view_of(page)["display"]["scaling"] == "raw"
    assert page.locator(".hw-scale").inner_text().endswith(("µm", "mm"))
    assert page.locator(".navigator").is_visible()
    assert "0.500 µm/px from the file" in page.locator(".hw-status").inner_text()


def test_each_press_of_t_centres_the_next_hottest_patch_at_20x(open_page: Open) -> None:
    page = open_page()

    for x, y, score in HOT:
        press(page, "t")
        view = view_of(page)
        assert view["centre"]["x"] == pytest.approx(x + 128, abs=128 * 0.02)
        assert view["centre"]["y"] == pytest.approx(y + 128, abs=128 * 0.02)
        assert view["magnification"] == pytest.approx(20, rel=0.02)
        box = page.locator(".hw-stage").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(100)
        assert f"{score:.2f}\u00d7 uniform" in page.locator(".hw-readout").inner_text()
        assert "256 px = 128" in page.locator(".hw-readout").inner_text()


def test_the_outline_stands_on_the_edge_of_the_patch(open_page: Open) -> None:
    page = open_page()

    press(page, "t")
    page.keyboard.press("o")  # the tint would cover the square's own colour
    page.mouse.move(5, 5)
    rest(page)
    stage = stage_of(page)

    middle = stage.shape[0] // 2 + 40
    square = np.flatnonzero(np.abs(stage[middle] - SQUARE).max(axis=1) < 25)
    outline = np.flatnonzero(np.abs(stage[middle] - ACCENT).max(axis=1) < 40)
    left, right = outline[outline < square.mean()], outline[outline > square.mean()]
    assert square.size > 200
    # the line is 2 px wide and lies half inside, with a pale rim: its middle is the edge
    assert abs(left.mean() - (stage.shape[1] / 2 - 128)) <= 1
    assert abs(right.mean() - (stage.shape[1] / 2 + 127)) <= 1
    assert square.min() - left.mean() <= 4
    assert right.mean() - square.max() <= 4


def test_no_control_of_the_map_asks_the_server_or_moves_the_view(open_page: Open) -> None:
    page = open_page()
    start = view_of(page)
    controls: list[Callable[[], None]] = [
        lambda: page.get_by_role("button", name="Percentile").click(),
        lambda: page.get_by_label("Colour map").select_option("viridis"),
        lambda: page.get_by_label("Show the strongest").fill("60"),
        lambda: page.get_by_role("button", name="Smooth").click(),
        lambda: page.get_by_role("button", name="Spotlight").click(),
        lambda: page.get_by_role("button", name="Outline").click(),
        lambda: page.get_by_role("button", name="Tint").click(),
        lambda: page.get_by_label("Opacity").fill("80"),
        lambda: page.get_by_role("button", name="Raw").click(),
        lambda: page.get_by_label("Upper end of the colours").press("ArrowLeft"),
        lambda: page.keyboard.press("o"),
    ]

    before = stage_of(page)
    for control in controls:
        control()
        page.wait_for_timeout(300)
        after = stage_of(page)
        assert np.abs(after - before).max() > 0
        before = after

    end = view_of(page)
    for name in ("tileRequests", "mapRequests", "reruns", "centre", "scale"):
        assert end[name] == start[name], name


def test_another_layer_costs_no_tile_and_no_rerun(open_page: Open) -> None:
    page = open_page()
    start = view_of(page)

    press(page, "l")

    end = view_of(page)
    assert end["shownMap"] == "attention-0-mean"
    assert "cross-attention, layer 1" in page.get_by_label("Legend of the map").inner_text()
    assert end["mapRequests"] - start["mapRequests"] <= 1
    for name in ("tileRequests", "reruns", "centre", "scale"):
        assert end[name] == start[name], name


def test_space_hides_the_map_while_it_is_held(open_page: Open) -> None:
    page = open_page()
    shown = stage_of(page)

    page.keyboard.down(" ")
    rest(page)
    held = stage_of(page)
    page.keyboard.up(" ")
    rest(page)
    released = stage_of(page)

    assert np.abs(held - shown).max() > 30
    assert np.abs(released - shown).max() < 3


def test_the_spotlight_leaves_the_colour_of_the_tissue_alone(open_page: Open) -> None:
    page = open_page()
    press(page, "t")
    page.keyboard.press("o")
    rest(page)
    bare = stage_of(page)

    page.get_by_role("button", name="Spotlight").click()
    rest(page)
    veiled = stage_of(page)

    middle, across = (side // 2 for side in bare.shape[:2])
    hot = np.s_[middle - 90 : middle + 90, across - 90 : across + 90]
    assert np.abs(bare[hot] - veiled[hot]).max() <= 2
    ground = np.s_[middle - 5 : middle + 5, across + 250 : across + 260]
    assert np.abs(bare[ground] - veiled[ground]).mean() > 2


def test_the_top_the_bottom_and_random_patches_are_one_click_away(open_page: Open) -> None:
    page = open_page()
    strip = page.get_by_label("Patches", exact=True).first

    first = page.locator(".hw-thumb").first.inner_text()
    page.get_by_role("button", name="Bottom").click()
    last = page.locator(".hw-thumb").first.inner_text()
    page.get_by_role("button", name="Random", exact=True).click()

    assert (first, last) == ("9.00\u00d7", "0.10\u00d7")
    assert strip.locator(".hw-thumb").count() == 16


def test_a_double_click_opens_the_patch_at_full_resolution(open_page: Open) -> None:
    page = open_page()
    press(page, "t")
    box = page.locator(".hw-stage").bounding_box()

    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    crop = page.get_by_label("Patch at full resolution")
    page.wait_for_timeout(500)

    assert "9.00\u00d7 uniform · p99 · rank 1 of 210" in crop.inner_text()
    assert crop.locator("img").evaluate("image => image.naturalWidth") == 384
    page.keyboard.press("Escape")
    assert crop.is_hidden()


def test_the_numbers_of_the_crop_are_in_sight_on_a_low_stage(open_page: Open) -> None:
    page = open_page("?mode=filling")
    page.set_viewport_size({"width": 1280, "height": 720})
    rest(page)
    press(page, "t")
    press(page, "Enter")

    crop = page.get_by_label("Patch at full resolution")
    crop.locator("img").wait_for()

    stage, facts = (
        page.locator(name).bounding_box() for name in (".hw-stage", ".hw-crop-facts")
    )
    image = crop.locator("img").bounding_box()
    assert facts["y"] + facts["height"] <= stage["y"] + stage["height"]
    assert image["width"] == image["height"] >= 200
    page.get_by_text("take the panel away").click()
    page.set_viewport_size({"width": 1280, "height": 800})
    rest(page)
    assert crop.evaluate("element => element.scrollHeight <= element.clientHeight")


def test_the_view_is_in_the_address(open_page: Open) -> None:
    page = open_page()
    press(page, "t")
    press(page, "3")
    page.get_by_role("button", name="Outline").click()
    rest(page)
    before = view_of(page)

    again = open_page(page.url.split("/", 3)[3])

    after = view_of(again)
    assert after["centre"] == pytest.approx(before["centre"], rel=0.01)
    assert after["scale"] == pytest.approx(before["scale"], rel=0.02)
    assert after["display"] == before["display"]


def test_keys_of_the_viewer_stay_in_the_viewer(open_page: Open) -> None:
    page = open_page()
    before = view_of(page)

    for key in ("r", "c", "t", "m", "]", "?"):
        page.keyboard.press(key)
    rest(page)

    assert view_of(page)["reruns"] == before["reruns"]
    assert page.get_by_role("dialog").count() == 1  # the sheet of keys, nothing of the host
    assert "Next, previous top patch at 20x" in page.get_by_role("dialog").inner_text()


def test_a_picked_patch_reaches_the_page_where_it_asked(open_page: Open) -> None:
    page = open_page("?mode=picking")

    press(page, "t")
    page.get_by_text("ViewerEvent(kind='picked'").wait_for()

    assert f"x={HOT[0][0]}" in page.get_by_text("event:").inner_text()


def test_tiles_that_cannot_be_read_are_counted_and_can_be_asked_again(
    open_page: Open, watch: Watch
) -> None:
    page = open_page("?mode=bare", has_map=False)
    assert page.get_by_label("Legend of the map").is_hidden()
    page.route("**/wsi/**", lambda route: route.fulfill(status=404))

    page.keyboard.press("5")
    page.wait_for_timeout(3000)
    broken = page.locator(".hw-status-failures").inner_text()
    page.unroute("**/wsi/**")
    page.get_by_text("could not be read").click()
    page.wait_for_timeout(1500)

    assert "could not be read · retry" in broken
    assert page.locator(".hw-status-failures").is_hidden()
    assert view_of(page)["tileFailures"] == 0
    watch.messages.clear()  # the browser itself reports each 404 that this test made
