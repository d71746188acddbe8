"""Scales, ticks and labels that do not collide."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.explain.charts.scales import Linear, month_ticks, spread


def test_ends_of_the_range_are_ends_of_the_axis() -> None:
    scale = Linear(low=-1, high=3, start=100, end=20)

    assert (scale(-1), scale(1), scale(3)) == (100, 60, 20)


def test_values_beyond_the_range_stop_at_its_ends() -> None:
    scale = Linear(low=0, high=1, start=0, end=10)

    assert (scale(-5), scale(7)) == (0, 10)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="low < high"):
        Linear(low=2, high=2, start=0, end=1)


@pytest.mark.parametrize(
    ("last_month", "expected"),
    [
        pytest.param(10, (0, 3, 6, 9), id="under a year"),
        pytest.param(60, (0, 12, 24, 36, 48, 60), id="five years"),
        pytest.param(150, (0, 24, 48, 72, 96, 120, 144), id="twelve years"),
    ],
)
def test_month_ticks_are_round(last_month: float, expected: tuple[float, ...]) -> None:
    assert month_ticks(last_month) == expected


@given(st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_spread_labels_keep_their_gap_and_order(places: list[float]) -> None:
    found = spread(places, gap=10, low=0, high=100)

    ordered = sorted(zip(places, found, strict=True))
    moved = [place for _wanted, place in ordered]
    assert all(later - earlier >= 10 - 1e-9 for earlier, later in itertools.pairwise(moved))
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in moved)
