"""Kaplan-Meier: the textbook, two independent packages, and the table under the axis."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sksurv.nonparametric import kaplan_meier_estimator

from healnet.exceptions import SurvivalError
from healnet.survival.kaplan_meier import kaplan_meier
from healnet.survival.outcome import check_outcome
from tests.survival.conftest import Outcomes

COHORTS = ["tcga_blca", "tcga_coadread", "tcga_kirp", "tcga_paad"]


def random_outcome(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return small cohorts with ties and any share of censoring."""
    generator = np.random.default_rng(seed)
    size = int(generator.integers(1, 80))
    times = generator.integers(1, generator.integers(3, 60), size).astype(float)
    return times, generator.random(size) < generator.random()


def test_the_textbook_example(leukaemia: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    curve = kaplan_meier(*leukaemia["treated"])

    # Kleinbaum and Klein, Survival Analysis, table 2.1
    weeks = [6, 7, 10, 13, 16, 22, 23]
    expected = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert [curve.at(float(week)) for week in weeks] == pytest.approx(expected, abs=5e-5)
    assert curve.median().months == 23
    assert kaplan_meier(*leukaemia["placebo"]).median().months == 8


@pytest.mark.parametrize(
    "cohort", [*COHORTS, pytest.param("tcga_brca", marks=pytest.mark.slow)]
)
def test_real_cohorts_equal_the_reference(
    test_data: Path, outcomes: Outcomes, cohort: str
) -> None:
    stored = json.loads((test_data / "reference" / "survival_reference.json").read_text())
    patients = outcomes(cohort)

    curve = kaplan_meier(patients["time_months"].to_numpy(), patients["event"].to_numpy())

    for months, survival in stored[cohort]["km"].items():
        assert curve.at(float(months)) == pytest.approx(survival, abs=1e-6)
    reached = stored[cohort]["median_survival_months"]
    assert curve.median().months == (None if reached in (None, "inf") else reached)
    assert curve.events.sum() == stored[cohort]["events"]


@given(seed=st.integers(0, 2**20), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_curve_and_bands_equal_scikit_survival(seed: int, confidence: float) -> None:
    times, events = random_outcome(seed)

    curve = kaplan_meier(times, events, confidence)

    expected_times, survival, (lower, upper) = kaplan_meier_estimator(
        events, times, conf_level=confidence, conf_type="log-log"
    )
    np.testing.assert_array_equal(curve.time_months, expected_times)
    np.testing.assert_allclose(curve.survival, survival, atol=1e-10)
    alive = survival > 1e-12
    np.testing.assert_allclose(curve.lower[alive], lower[alive], atol=1e-10)
    np.testing.assert_allclose(curve.upper[alive], upper[alive], atol=1e-10)
    assert np.isnan(curve.lower[~alive]).all()  # no variance estimate: not defined, not 0
    assert np.isnan(curve.upper[~alive]).all()


@given(seed=st.integers(0, 2**20))
def test_curve_and_bands_equal_scipy(seed: int) -> None:
    times, events = random_outcome(seed)
    # SciPy leaves the bands open where the curve is 1 or 0.
    curve = kaplan_meier(times, events)
    inside = (curve.survival > 1e-12) & (curve.survival < 1 - 1e-12)

    sf = stats.ecdf(stats.CensoredData.right_censored(times, ~events)).sf

    np.testing.assert_allclose(sf.evaluate(curve.time_months), curve.survival, atol=1e-12)
    if inside.all() and len(times) > 1:
        interval = sf.confidence_interval(method="log-log")
        at = interval.low.quantiles
        rows = np.searchsorted(curve.time_months, at)
        np.testing.assert_allclose(curve.lower[rows], interval.low.probabilities, atol=1e-12)
        np.testing.assert_allclose(curve.upper[rows], interval.high.probabilities, atol=1e-12)


@given(seed=st.integers(0, 2**20), ticks=st.lists(st.floats(0, 80), min_size=1, max_size=6))
def test_at_every_tick_the_three_counts_add_up_to_everybody(
    seed: int, ticks: list[float]
) -> None:
    times, events = random_outcome(seed)

    table = kaplan_meier(times, events).table(ticks)

    assert (table.at_risk + table.events + table.censored == len(times)).all()
    for i, tick in enumerate(ticks):
        assert table.at_risk[i] == (times >= tick).sum()
        assert table.events[i] == (events & (times < tick)).sum()


@given(seed=st.integers(0, 2**20))
def test_the_curve_falls_inside_its_bands(seed: int) -> None:
    curve = kaplan_meier(*random_outcome(seed))

    shown = np.isfinite(curve.lower)
    assert (np.diff(curve.survival) <= 0).all()
    assert (curve.lower[shown] <= curve.survival[shown] + 1e-12).all()
    assert (curve.upper[shown] >= curve.survival[shown] - 1e-12).all()
    assert ((curve.lower[shown] >= 0) & (curve.upper[shown] <= 1)).all()


def test_without_events_the_curve_stays_at_one_and_has_no_median() -> None:
    curve = kaplan_meier(np.array([3.0, 5.0]), np.array([False, False]))

    assert curve.at(4.0) == 1.0
    assert curve.at(5.1) is None  # nobody was followed that long
    assert curve.median() == (None, None, None)


def test_the_median_has_an_interval_where_the_bands_cross_one_half() -> None:
    times, events = np.arange(1.0, 41.0), np.ones(40, dtype=bool)

    median = kaplan_meier(times, events).median()

    # Exact binomial reasoning: half of 40 are gone at 20; both bands cross around it.
    assert median.months == 20
    assert median.lower is not None
    assert median.upper is not None
    assert 10 < median.lower < 20 < median.upper < 30


def test_a_curve_that_touches_one_half_by_rounding_has_reached_it() -> None:
    times = np.array([1.0, 2.0, 3.0, 4.0])

    curve = kaplan_meier(times, np.array([True, False, True, False]))  # (3/4) (1/2)
    touching = kaplan_meier(times[:3], np.array([True, True, False]))  # (2/3) (1/2) and 2/3

    assert curve.median().months == 3
    assert touching.median().months == 2


def test_the_axis_can_be_greyed_where_few_remain() -> None:
    curve = kaplan_meier(np.arange(1.0, 21.0), np.ones(20, dtype=bool))

    assert curve.reliable_until(10) == 11  # 10 patients have times 11 to 20
    assert curve.reliable_until(21) == 0.0


@pytest.mark.parametrize(
    ("times", "events", "code"),
    [
        ([], [], "SURVIVAL-EMPTY"),
        ([1.0], [True, False], "SURVIVAL-LENGTH"),
        ([1.0, -3.0], [True, False], "SURVIVAL-TIME"),
        ([1.0, np.nan], [True, False], "SURVIVAL-TIME"),
        ([1.0, np.inf], [True, False], "SURVIVAL-TIME"),
    ],
)
def test_an_unusable_outcome_is_refused(
    times: list[float], events: list[bool], code: str
) -> None:
    with pytest.raises(SurvivalError) as refusal:
        check_outcome(np.array(times, dtype=float), np.array(events, dtype=bool))

    assert refusal.value.code == code


def test_an_impossible_level_or_time_is_refused() -> None:
    times, events = np.array([1.0]), np.array([True])

    with pytest.raises(SurvivalError, match="confidence"):
        kaplan_meier(times, events, 1.0)
    with pytest.raises(SurvivalError, match="-1"):
        kaplan_meier(times, events).at(-1.0)
