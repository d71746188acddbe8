"""The waterfall adds up."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.waterfall import (
    Contribution,
    decimals_for,
    draw_waterfall,
    make_waterfall,
    sum_by_modality,
)

SPACES = {"svg": "http://www.w3.org/2000/svg"}
VALUES = st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=1, max_size=40)


def contributions(values: list[float]) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(name=f"G{index}", modality="rna", value=value, percentile=50)
        for index, value in enumerate(values)
    )


@given(VALUES)
def test_the_largest_and_the_rest_make_the_sum(values: list[float]) -> None:
    scene = make_waterfall(contributions(values))

    assert scene.total == pytest.approx(sum(values), abs=1e-9)
    assert len(scene.largest) + scene.num_others == len(values)
    least = min(abs(part.value) for part in scene.largest)
    rest = sorted((abs(value) for value in values), reverse=True)[10:]
    assert all(value <= least for value in rest)


def test_bars_run_on_from_each_other_and_end_at_the_sum() -> None:
    scene = make_waterfall(contributions([0.5, -0.2, 0.1]), top=2)

    root = ET.fromstring(draw_waterfall(scene))  # noqa: S314  (made by our own function)

    bars = list(root.iterfind(".//svg:rect", SPACES))
    ends = [
        (float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))) for bar in bars
    ]
    first, second, other, total = ends
    assert second[1] == pytest.approx(
        first[1], abs=0.02
    )  # goes back from where the first ended
    assert other[0] == pytest.approx(second[0], abs=0.02)  # goes on from where the second ended
    assert total == pytest.approx((first[0], other[1]), abs=0.02)


def test_signs_differ_by_colour_and_by_sign_in_the_text() -> None:
    root = ET.fromstring(  # noqa: S314  (made by our own function)
        draw_waterfall(make_waterfall(contributions([0.5, -0.25])))
    )

    bars = [bar.get("class") for bar in root.iterfind(".//svg:rect", SPACES)][:2]
    shown = {"".join(node.itertext()) for node in root.iterfind(".//svg:text", SPACES)}
    assert bars == ["fill-higher", "fill-lower"]
    assert {"+0.500", "\u22120.250", "sum"} <= shown
    assert not any("other" in text for text in shown)


def test_features_of_one_kind_are_summed_and_all_kinds_together_are_the_same_sum() -> None:
    parts = [("rna", 0.5), ("slide", 0.25), ("rna", -0.75)]
    found = [Contribution(name="x", modality=kind, value=value) for kind, value in parts]

    kinds = make_waterfall(sum_by_modality(found), total_name="all together")

    assert {one.name: one.value for one in kinds.largest} == {"rna": -0.25, "slide": 0.25}
    assert kinds.total == 0.0
    assert "all together" in draw_waterfall(kinds)
    assert "in cohort" not in draw_waterfall(kinds)


@pytest.mark.parametrize(
    ("largest", "decimals"), [(0.0, 2), (12.0, 2), (0.5, 3), (0.0041, 5), (1.0, 2)]
)
def test_small_contributions_keep_three_significant_figures(
    largest: float, decimals: int
) -> None:
    assert decimals_for([largest, -largest / 2]) == decimals
