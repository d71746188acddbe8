"""The legend in a real browser: its words are those of the picture."""

import numpy as np
import pytest

from tests.browser.viewing import Open, press, rest, stage_of, until, view_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_the_threshold_shows_as_many_patches_as_it_says(open_page: Open) -> None:
    page = open_page()

    page.get_by_label("Show the strongest").fill("51")  # 10^(-3 * 0.49) = 3.4 % of 210

    legend = page.get_by_label("Legend of the map").inner_text()
    assert "top 3.4" in legend
    assert "8 patches of 210, \u2265 0.31\u00d7 uniform" in legend  # 3.4 % of 210, rounded up


def test_the_legend_says_what_is_on_screen(open_page: Open) -> None:
    page = open_page()
    legend = page.get_by_label("Legend of the map")

    page.get_by_role("button", name="Percentile").click()
    assert "percentile within this slide" in legend.inner_text()

    page.get_by_label("Map", exact=True).select_option("gradient")
    rest(page)
    assert "percentile of size, with sign" in legend.inner_text()
    page.get_by_role("button", name="Raw").click()
    assert "What raised or lowered the risk\nby gradient" in legend.inner_text()
    assert "risk" in legend.inner_text()
    assert "Rank agreement with attention" in legend.inner_text()


def test_a_map_that_is_nearly_uniform_says_so(open_page: Open) -> None:
    page = open_page("?mode=uniform")
    page.get_by_label("Map", exact=True).select_option("attention")
    rest(page)

    legend = page.get_by_label("Legend of the map")
    assert "Nearly uniform: this map says little about place." in legend.inner_text()
    assert "reading spread over more than 99" in legend.inner_text()
    assert page.get_by_role("button", name="Percentile").is_disabled()
    strip = page.get_by_label("Patches", exact=True).first
    assert "this order means little" in strip.inner_text()
    page.get_by_role("button", name="Bottom").click()
    assert "this order means little" in strip.inner_text()


def test_a_nearly_uniform_map_stays_flat_when_percentiles_were_chosen_before(
    open_page: Open,
) -> None:
    page = open_page("?mode=uniform")
    page.get_by_label("Map", exact=True).select_option("gradient")
    rest(page)
    page.get_by_role("button", name="Percentile").click()

    page.get_by_label("Map", exact=True).select_option("attention")
    rest(page)

    assert view_of(page)["display"]["scaling"] == "percentile"
    raw = page.get_by_role("button", name="Raw")
    assert raw.get_attribute("aria-pressed") == "true"
    assert "percentile" not in page.get_by_label(
        "Legend of the map"
    ).inner_text().lower().replace("raw\npercentile", "")
    press(page, "t")
    tinted = stage_of(page)[
        320:340, 900:1300
    ]  # ground under several patches, beside the square
    assert np.ptp(tinted.reshape(-1, 3), axis=0).max() <= 6


def test_a_nearly_uniform_map_is_not_the_one_that_opens(open_page: Open) -> None:
    page = open_page("?mode=uniform")

    legend = page.get_by_label("Legend of the map")
    assert view_of(page)["shownMap"] == "perturbation-all-mean"
    assert "Opened first: attention is nearly uniform (spread over more" in legend.inner_text()
    page.get_by_role("button", name="Show where the model read from").click()
    rest(page)
    assert view_of(page)["shownMap"] == "attention-all-mean"


def test_one_click_leads_from_a_nearly_uniform_map_to_the_second_one(open_page: Open) -> None:
    page = open_page("?mode=uniform")
    page.get_by_label("Map", exact=True).select_option("attention")
    rest(page)

    page.get_by_role("button", name="Show what raised or lowered the risk").click()
    rest(page)

    legend = page.get_by_label("Legend of the map")
    assert view_of(page)["shownMap"] == "perturbation-all-mean"
    assert "What raised or lowered the risk" in legend.inner_text()
    assert "by leaving patches out" in legend.inner_text()
    assert "lowered risk\nraised risk" in legend.inner_text()
    assert "Nearly uniform:" not in legend.inner_text()


def test_the_choices_and_the_name_of_a_map_count_alike(open_page: Open) -> None:
    page = open_page()
    legend, layer = (
        page.get_by_label("Legend of the map"),
        page.get_by_label("Layer", exact=True),
    )

    layer.select_option(label="Layer 1")
    rest(page)
    page.get_by_label("Head", exact=True).select_option(label="Head 1, model 1")
    rest(page)

    assert "cross-attention, layer 1, head 1, model 1" in legend.inner_text()
    layer.select_option(label="Layer 2")
    rest(page)
    assert "cross-attention, layer 2, mean of heads" in legend.inner_text()


def test_a_folded_legend_is_one_line_and_stays_folded(open_page: Open) -> None:
    page = open_page()
    legend = page.get_by_label("Legend of the map")
    open_height = legend.bounding_box()["height"]

    page.get_by_role("button", name="Fold the legend").click()
    assert legend.bounding_box()["height"] <= 32 < open_height
    assert "Where the model read from" in legend.inner_text()

    page.reload()
    until(page, lambda view: view["firstOverlayMs"] is not None)
    assert legend.bounding_box()["height"] <= 32
    press(page, "k")
    assert legend.bounding_box()["height"] == open_height


def test_a_slider_is_worked_by_the_keyboard(open_page: Open) -> None:
    page = open_page()
    before = view_of(page)
    opacity = page.get_by_label("Opacity", exact=True)
    opacity.focus()

    press(page, "ArrowLeft")
    press(page, "ArrowLeft")

    assert opacity.input_value() == "38"
    assert opacity.evaluate("one => one === one.getRootNode().activeElement")
    press(page, "Home")
    assert opacity.input_value() == "0"
    assert view_of(page)["centre"] == before["centre"]
    opacity.click()  # with the pointer, the keys of the viewer are wanted next
    rest(page)
    press(page, "ArrowRight")
    assert view_of(page)["centre"] != before["centre"]
