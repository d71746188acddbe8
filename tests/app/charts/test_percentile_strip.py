"""The percentile strip puts every mark at its percentile."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.percentile_strip import (
    LEFT,
    RIGHT,
    Estimate,
    StripScene,
    draw_strip,
    event_density,
)
from healnet.explain.charts.styles import ordinal

SPACES = {"svg": "http://www.w3.org/2000/svg"}


def make_scene(percentile: float, **changes: object) -> StripScene:
    values = {
        "event_percentiles": np.linspace(20, 95, 40),
        "cuts": (33.0, 67.0),
        "patient": Estimate(percentile=percentile, low=percentile, high=percentile),
        "members": (percentile,),
        "num_reference": 120,
    }
    return StripScene(**(values | changes))  # type: ignore[arg-type]


def draw(scene: StripScene) -> ET.Element:
    return ET.fromstring(draw_strip(scene))  # noqa: S314  (made by our own function)


@given(percentile=st.floats(0, 100))
def test_the_marker_stands_at_the_percentile(percentile: float) -> None:
    root = draw(make_scene(percentile))

    marker = next(node for node in root.iter() if node.get("class") == "fill-patient")
    expected = LEFT + (RIGHT - LEFT) * percentile / 100
    assert float(marker.get("cx")) == pytest.approx(expected, abs=0.01)


def test_each_set_of_modalities_has_a_row_with_its_percentile() -> None:
    subsets = {
        "slide only": Estimate(percentile=55, low=40, high=63),
        "omics only": Estimate(percentile=88, low=80, high=97),
        "both": Estimate(percentile=82, low=70, high=90),
    }

    root = draw(make_scene(82, subsets=subsets))

    shown = {"".join(node.itertext()) for node in root.iterfind(".//svg:text", SPACES)}
    assert {"slide only", "omics only", "both", "55th", "88th", "82nd"} <= shown


def test_one_model_has_no_range() -> None:
    one = draw(make_scene(50))
    five = draw(
        make_scene(
            50, members=(40.0, 50.0, 60.0), patient=Estimate(percentile=50, low=40, high=60)
        )
    )

    assert not [node for node in one.iter() if node.get("class") == "range"]
    shade = next(node for node in five.iter() if node.get("class") == "range")
    assert float(shade.get("width")) == pytest.approx((RIGHT - LEFT) * 0.2, abs=0.02)


def test_a_range_is_told_only_where_it_is_known() -> None:
    subsets = {
        "slide only": Estimate(percentile=55),
        "both": Estimate(percentile=82, low=70, high=90),
    }

    root = draw(make_scene(82, subsets=subsets))

    tips = [node.text or "" for node in root.iter() if node.tag.endswith("title")]
    assert "slide only: 55th percentile" in tips
    assert "both: 82nd percentile, 70th to 90th across the models" in tips


def test_the_density_keeps_its_mass_between_0_and_100() -> None:
    places = np.linspace(0, 100, 2001)

    heights = event_density(np.array([0.0, 2.0, 50.0, 99.0, 100.0]), places)

    assert np.trapezoid(heights, places) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (21, "21st"), (82, "82nd"), (100, "99th"), (99.7, "99th"), (0.4, "1st")],
)  # fmt: skip
def test_percentiles_are_said_as_people_say_them(number: float, words: str) -> None:
    assert ordinal(number) == words
