"""A map has a bar of a true length and a scale with numbers and their unit."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.explain.charts.map_legend import WIDTH, MapLegend, ScaleBar, scale_bar
from healnet.explain.charts.styles import in_a_page
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import read_prediction
from healnet.explain.reference_curves import reference_curves
from healnet.explain.report_context import ReportContext
from healnet.explain.report_facts import slide_pictures
from healnet.predict import write_prediction


@pytest.mark.parametrize(
    ("pixels", "mpp", "label", "share"),
    [
        pytest.param(10_000, 0.5, "1 mm", 0.2, id="5 mm wide"),
        pytest.param(4_000, 0.5, "500 \u00b5m", 0.25, id="2 mm wide"),
        pytest.param(80_000, 0.25, "5 mm", 0.25, id="20 mm wide"),
    ],
)
def test_the_bar_is_as_long_as_it_says(
    pixels: int, mpp: float, label: str, share: float
) -> None:
    bar = scale_bar(pixels, mpp)

    assert bar.label == label
    assert bar.share == pytest.approx(share)


@given(pixels=st.integers(1, 10**6), mpp=st.floats(0.05, 20))
def test_every_bar_fits_its_picture(pixels: int, mpp: float) -> None:
    assert 0.13 < scale_bar(pixels, mpp).share <= 0.36


def test_a_bar_without_a_pixel_size_claims_no_length() -> None:
    bar = scale_bar(10_000, None)

    assert bar.label.startswith("2,000 pixels")
    assert "mm" not in bar.label


def test_the_bar_shrinks_with_its_picture() -> None:
    legend = MapLegend(
        colours=("#000000",),
        marks=((0.0, "0"),),
        unit="x uniform",
        bar=ScaleBar(share=0.25, label="1 mm"),
    )

    ends = [
        float(re.search(r'<line x1="0" y1="9" x2="([\d.]+)"', legend.svg(picture_width=w))[1])
        for w in (WIDTH, WIDTH / 2)
    ]

    assert ends == [0.25 * WIDTH, 0.125 * WIDTH]


def test_maps_carry_their_numbers_unit_and_scale(
    prediction: Prediction, tmp_path: Path
) -> None:
    months, event = np.array([12.0, 30.0]), np.array([True, False])
    context = ReportContext(
        title="x",
        written=date(2026, 1, 1),
        cohort="c",
        endpoint="overall survival",
        curves=reference_curves(months, event, ["lower", "higher"]),
        um_per_pixel={"=cmd.svs": 2.0},  # the table quotes this name
    )
    folder = write_prediction(tmp_path / "p", prediction, context=context, report=True)
    page = (folder / "report.html").read_text()

    (slide,) = slide_pictures(read_prediction(folder))

    # two columns of 256 pixels at 2 um are 1024 um wide
    assert slide.attention_legend.bar == ScaleBar(share=200 / 1024, label="200 \u00b5m")
    assert slide.attention_legend.marks == ((0.0, "0"), (0.5, "1"), (1.0, "2.00"))
    assert [text for _, text in slide.attribution_legend.marks] == ["-0.25", "0", "+0.25"]
    for words in ("200 \u00b5m", "x uniform", "change of the risk per patch", "+0.25"):
        assert words in page


def test_a_tall_picture_is_narrower_and_so_is_its_bar(
    prediction: Prediction, tmp_path: Path
) -> None:
    folder = write_prediction(tmp_path / "p", prediction)
    (slide,) = slide_pictures(read_prediction(folder))
    pixels = np.zeros((60, 10, 3), np.uint8)
    tall = replace(slide, attention=pixels, attribution=pixels)

    assert slide.share_of(1.5) == 1  # 3 cells high, 2 wide: just as tall as allowed
    assert tall.share_of(1.5) == 0.25


def test_colours_of_the_scale_are_those_of_the_map(
    prediction: Prediction, tmp_path: Path
) -> None:
    folder = write_prediction(tmp_path / "p", replace(prediction))

    (slide,) = slide_pictures(read_prediction(folder))

    darkest = "#" + bytes(slide.attention[0, 1]).hex()  # the patch read most
    lowest = "#" + bytes(slide.attribution[0, 1]).hex()  # the patch that lowered it most
    assert slide.attention_legend.colours[-1] == darkest
    assert slide.attribution_legend.colours[0] == lowest


def test_the_style_of_the_pictures_touches_nothing_else_of_a_page() -> None:
    selectors = re.findall(r"([^{}]+)\{", in_a_page())

    assert len(selectors) > 10
    assert all(selector.strip().startswith(".hn-chart") for selector in selectors)
    assert "#0F4C81" in in_a_page()
