"""Colours follow the law of Beer and Lambert."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.study.stain import (
    MACENKO_EOSIN,
    MACENKO_HAEMATOXYLIN,
    Densities,
    StainProfile,
    draw_stain,
    to_rgb,
)

PLAIN = StainProfile(
    haematoxylin=MACENKO_HAEMATOXYLIN,
    eosin=MACENKO_EOSIN,
    strength_h=1.0,
    strength_e=1.0,
    white=(240.0, 240.0, 240.0),
)


def densities(haematoxylin: float, eosin: float, red_cells: float = 0.0) -> Densities:
    planes = [np.full((2, 3), value, np.float32) for value in (haematoxylin, eosin, red_cells)]
    return Densities(haematoxylin=planes[0], eosin=planes[1], red_cells=planes[2])


def test_no_stain_is_the_colour_of_the_glass() -> None:
    rgb = to_rgb(densities(0, 0), PLAIN)

    assert (rgb == 240).all()


def test_colours_by_hand() -> None:
    rgb = to_rgb(densities(1.0, 0.5), PLAIN)

    expected = [
        240 * np.exp(-(1.0 * h + 0.5 * e))
        for h, e in zip(MACENKO_HAEMATOXYLIN, MACENKO_EOSIN, strict=True)
    ]
    assert rgb[0, 0] == pytest.approx(expected, abs=0.51)


@given(haematoxylin=st.floats(0, 2.5), eosin=st.floats(0, 1.5), more=st.floats(0.01, 1.0))
def test_more_stain_is_never_brighter(haematoxylin: float, eosin: float, more: float) -> None:
    less = to_rgb(densities(haematoxylin, eosin), PLAIN).astype(int)

    assert (to_rgb(densities(haematoxylin + more, eosin), PLAIN) <= less).all()
    assert (to_rgb(densities(haematoxylin, eosin + more), PLAIN) <= less).all()


def test_haematoxylin_is_blue_and_eosin_is_pink() -> None:
    blue = to_rgb(densities(1.5, 0), PLAIN)[0, 0].astype(int)
    pink = to_rgb(densities(0, 1.0), PLAIN)[0, 0].astype(int)

    assert blue[2] > blue[0] > blue[1]
    assert pink[0] > pink[2] > pink[1]


def test_slides_of_a_site_resemble_each_other_more_than_those_of_another() -> None:
    profiles = {
        site: np.array(
            [
                draw_stain(np.random.default_rng([site, order]), site=site).white
                for order in range(20)
            ]
        )
        for site in (0, 1)
    }

    between = np.abs(profiles[0].mean(axis=0) - profiles[1].mean(axis=0)).max()

    assert between > profiles[0].std(axis=0).max()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"strength_h": 0.0}, "above 0"), ({"white": (20.0, 240.0, 240.0)}, "white point")],
)
def test_impossible_profiles_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **change)
