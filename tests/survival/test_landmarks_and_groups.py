"""Reading a predicted curve, and placing a risk among reference patients."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.exceptions import SurvivalError
from healnet.survival.landmarks import survival_at
from healnet.survival.risk_groups import RiskGroups, risk_percentile
from healnet.survival.time_bins import TimeBins

BINS = TimeBins(inner_months=(12.0, 24.0, 48.0), horizon_months=120.0)
CURVE = np.array([0.9, 0.6, 0.5, 0.2])


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (0.0, 1.0),
        (11.9, 1.0),
        (12.0, 0.9),
        (36.0, 0.6),
        (48.0, 0.5),
        (119.0, 0.5),
        (120.0, 0.2),
    ],
)
def test_a_value_belongs_to_the_right_edge_of_its_bin(months: float, expected: float) -> None:
    assert survival_at(CURVE, BINS, months) == expected


def test_within_a_bin_a_constant_hazard_halves_the_logarithm() -> None:
    at_edge = survival_at(CURVE, BINS, 24.0, interpolation="constant_hazard")
    between = survival_at(CURVE, BINS, 36.0, interpolation="constant_hazard")

    assert at_edge == 0.6
    assert between == pytest.approx(np.sqrt(0.6 * 0.5))


@given(
    logits=st.lists(st.floats(-8, 8), min_size=4, max_size=4),
    months=st.lists(st.floats(0, 120), min_size=2, max_size=2),
    interpolation=st.sampled_from(["step", "constant_hazard"]),
)
def test_survival_never_rises_with_time(
    logits: list[float], months: list[float], interpolation: str
) -> None:
    curve = np.cumprod(1 / (1 + np.exp(np.array(logits))))
    early, late = (
        survival_at(curve, BINS, m, interpolation=interpolation)  # type: ignore[arg-type]
        for m in sorted(months)
    )

    assert 0 <= late <= early + 1e-12 <= 1 + 1e-12


def test_a_curve_at_zero_stays_there() -> None:
    curve = np.array([0.5, 0.0, 0.0, 0.0])

    assert survival_at(curve, BINS, 30.0, interpolation="constant_hazard") == 0.0


def test_nothing_is_said_beyond_the_follow_up() -> None:
    with pytest.raises(SurvivalError) as refusal:
        survival_at(CURVE, BINS, 121.0)

    assert refusal.value.code == "SURVIVAL-HORIZON"


@pytest.mark.parametrize(
    "curve",
    [
        np.array([0.9, 0.6, 0.5]),
        np.array([0.9, 0.95, 0.5, 0.2]),
        np.array([1.2, 0.6, 0.5, 0.2]),
        np.array([0.9, np.nan, 0.5, 0.2]),
        np.array([0.9, 0.6, 0.5, -0.1]),
    ],
)
def test_what_is_no_survival_curve_is_refused(curve: np.ndarray) -> None:
    with pytest.raises(SurvivalError, match="not a survival curve"):
        survival_at(curve, BINS, 1.0)


@given(seed=st.integers(0, 2**20))
def test_tertiles_hold_a_third_of_the_reference_each(seed: int) -> None:
    risk = np.random.default_rng(seed).normal(size=300)

    groups = RiskGroups.fit(risk)

    names = [groups.assign(float(value)) for value in risk]
    assert [names.count(n) for n in ("lower", "intermediate", "higher")] == [100, 100, 100]


def test_cut_offs_are_frozen_and_their_edges_belong_upwards() -> None:
    groups = RiskGroups(cut_low=-2.0, cut_high=-1.0)

    assert [groups.assign(r) for r in (-2.1, -2.0, -1.5, -1.0)] == [
        "lower",
        "intermediate",
        "intermediate",
        "higher",
    ]
    assert RiskGroups.from_dict(json.loads(json.dumps(groups.to_dict()))) == groups


@pytest.mark.parametrize("risk", [np.zeros(50), np.array([1.0, 2.0])])
def test_risks_that_hardly_differ_make_no_groups(risk: np.ndarray) -> None:
    with pytest.raises(SurvivalError) as refusal:
        RiskGroups.fit(risk)

    assert refusal.value.code == "SURVIVAL-CUTS"


@pytest.mark.parametrize(
    "stored", [{}, {"cut_low": 1.0}, {"cut_low": "x", "cut_high": 2.0}, {"cut_low": 2, "a": 1}]
)
def test_damaged_groups_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises(SurvivalError, match="cut_low"):
        RiskGroups.from_dict(stored)


def test_percentile_counts_lower_risks_and_half_of_equal_ones() -> None:
    reference = np.array([1.0, 2.0, 2.0, 3.0])

    assert risk_percentile(0.0, reference) == 0.0
    assert risk_percentile(2.0, reference) == 50.0
    assert risk_percentile(2.5, reference) == 75.0
    assert risk_percentile(9.0, reference) == 100.0


def test_no_number_has_no_group_and_no_percentile() -> None:
    with pytest.raises(SurvivalError):
        RiskGroups(cut_low=0.0, cut_high=1.0).assign(float("nan"))
    with pytest.raises(SurvivalError):
        risk_percentile(1.0, np.array([]))
