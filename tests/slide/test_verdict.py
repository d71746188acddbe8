"""What a slide states about its pixel size is believed only where it can be true."""

import pytest

from healnet.slide.properties import SlideProperties
from healnet.slide.verdict import properties_from


def verdict(mpp: tuple[str, str], objective: str = "") -> SlideProperties:
    level = {"width": 1000, "height": 800, "downsample": 1.0}
    found = {
        "mpp": list(mpp), "objective": objective, "levels": [level], "bad": [], "checked": [1],
    }  # fmt: skip
    return properties_from(found, "a.svs", ())


@pytest.mark.parametrize(
    "mpp", [("0", "0.5"), ("0.5", "0"), ("-0.2", "0.6"), ("0.5", "900"), ("", "0"), ("0", "")]
)
def test_an_impossible_axis_makes_the_pixel_size_unknown(mpp: tuple[str, str]) -> None:
    found = verdict(mpp)

    assert found.mpp is None
    assert found.mpp_source is None
    assert found.mpp_declared in (0.0, -0.2, 900.0)  # the user is told which number it was


@pytest.mark.parametrize(
    ("mpp", "expected"), [(("0.5", "0.5"), 0.5), (("", "0.5"), 0.5), (("0.25", ""), 0.25)]
)
def test_one_stated_axis_stands_for_both(mpp: tuple[str, str], expected: float) -> None:
    assert verdict(mpp).mpp == expected
    assert verdict(("", "")).mpp is None


@pytest.mark.parametrize("mpp", [("0.25", "0.25"), ("0.25", ""), ("", "0.25")])
def test_the_objective_is_compared_also_with_a_single_axis(mpp: tuple[str, str]) -> None:
    (notice,) = verdict(mpp, "20").notices

    assert notice.code == "SLIDE-MPP-OBJECTIVE"
    assert verdict(mpp, "40").notices == ()


def test_pixels_that_are_not_square_are_said() -> None:
    found = verdict(("0.5", "0.6"))

    assert found.mpp == 0.55
    assert [notice.what for notice in found.notices] == [
        "pixels are 0.5 x 0.6 um; the mean is used"
    ]
