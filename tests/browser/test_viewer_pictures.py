"""What leaves the page: saved pictures, and full screen."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.browser.viewing import Open, Page, press, rest, stage_of, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]


TEXTS = """() => {
  window.drawnTexts = [];
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.drawnTexts.push(text);
    return fillText.call(this, text, ...rest);
  };
}"""


def picture_of(page: Page) -> tuple[NDArray[np.int64], str]:
    """Save a picture: its pixels, and the words that were drawn into it."""
    page.evaluate("window.drawnTexts && (window.drawnTexts.length = 0)")
    with page.expect_download() as download:
        page.keyboard.press("s")
    pixels = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    return pixels, "\n".join(page.evaluate("window.drawnTexts"))


def has_ramp(picture: NDArray[np.int64]) -> bool:
    """Whether the foot of a picture shows the colours: many different ones in a row."""
    row = picture[-2 * 84 + 2 * 17, 24:340]
    return len(np.unique(row, axis=0)) > 60


def test_a_saved_picture_is_sharp_and_says_what_it_shows(open_page: Open) -> None:
    page = open_page()
    page.evaluate(TEXTS)
    page.get_by_text("correct the pixel size").click()
    page.locator(".hw-scale", has_text="entered by hand").wait_for()
    until(page, lambda view: view["firstOverlayMs"] is not None)
    page.locator(".hw-viewer").focus()
    press(page, "t")
    screen = stage_of(page)

    picture, words = picture_of(page)
    after = stage_of(page)

    stage = page.locator(".hw-stage").bounding_box()
    assert picture.shape[:2] == (2 * (round(stage["height"]) + 84), 2 * round(stage["width"]))
    assert np.abs(after - screen).max() <= 2  # the screen is as before
    middle, across = picture.shape[0] // 2 - 84, picture.shape[1] // 2
    assert np.abs(picture[middle, across] - screen[middle // 2, across // 2]).max() <= 4
    assert "Research use only" in words
    assert "Synthetic study." in words
    assert "(pixel size entered by hand)" in words
    assert "Where the model read from (cross-attention, all layers, mean of heads)" in words
    assert has_ramp(picture)


def test_a_saved_picture_has_colours_in_its_foot_only_where_it_shows_colours(
    open_page: Open,
) -> None:
    page = open_page()
    page.evaluate(TEXTS)

    page.get_by_role("button", name="Outline").click()
    rest(page)
    outline, words = picture_of(page)
    page.get_by_role("button", name="Tint").click()
    rest(page)
    page.keyboard.down(" ")
    held, held_words = picture_of(page)
    page.keyboard.up(" ")
    page.keyboard.press("o")
    rest(page)
    off, off_words = picture_of(page)

    assert not any(has_ramp(picture) for picture in (outline, held, off))
    assert "Where the model read from" in words
    assert "top 10" in words
    assert "Where the model read from" not in held_words + off_words
    assert "Synthetic study." in held_words


def test_full_screen_keeps_the_line_on_research_use_and_the_study(open_page: Open) -> None:
    page = open_page()
    banner = page.locator(".hw-banner")
    assert banner.is_hidden()

    page.keyboard.press("f")
    banner.wait_for()

    assert "Research use only" in banner.inner_text()
    assert "Synthetic study." in banner.inner_text()
