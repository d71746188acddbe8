"""Time bins: quartiles of events, as published; frozen, left-closed."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from healnet.exceptions import SurvivalError
from healnet.survival.time_bins import TimeBins
from tests.survival.conftest import Outcomes

COHORTS = ["tcga_blca", "tcga_coadread", "tcga_kirp", "tcga_paad"]


@pytest.mark.parametrize(
    "cohort", [*COHORTS, pytest.param("tcga_brca", marks=pytest.mark.slow)]
)
def test_edges_and_counts_equal_the_reference(
    test_data: Path, outcomes: Outcomes, cohort: str
) -> None:
    stored = json.loads((test_data / "reference" / "survival_reference.json").read_text())
    patients = outcomes(cohort)
    times, events = patients["time_months"].to_numpy(), patients["event"].to_numpy()

    bins = TimeBins.fit(times, events)

    np.testing.assert_allclose(bins.inner_months, stored[cohort]["uncensored_quartiles_months"])
    counts = np.bincount(bins.assign(times), minlength=4)
    assert counts.tolist() == stored[cohort]["patients_per_bin_by_uncensored_quartiles"]
    assert bins.horizon_months == times.max()


@given(seed=st.integers(0, 2**16), num_bins=st.integers(2, 8))
def test_every_bin_gets_its_share_of_the_events(seed: int, num_bins: int) -> None:
    generator = np.random.default_rng(seed)
    times, events = generator.exponential(20, 200), generator.random(200) < 0.5
    assume(events.sum() >= 2 * num_bins)

    bins = TimeBins.fit(times, events, num_bins)

    counts = np.bincount(bins.assign(times[events]), minlength=num_bins)
    assert bins.num_bins == num_bins == len(bins.right_edges)
    assert counts.max() - counts.min() <= 1


def test_censored_patients_do_not_move_the_inner_edges() -> None:
    times, events = np.arange(1.0, 41.0), np.arange(40) % 2 == 0
    more = np.concatenate([times, np.full(100, 3.0)])

    bins = TimeBins.fit(times, events)
    again = TimeBins.fit(more, np.concatenate([events, np.zeros(100, dtype=bool)]))

    assert again.inner_months == bins.inner_months


def test_a_time_on_an_edge_belongs_to_the_bin_that_starts_there() -> None:
    bins = TimeBins(inner_months=(12.0, 24.0), horizon_months=60.0)

    assigned = bins.assign(np.array([0.0, 11.99, 12.0, 24.0, 60.0, 600.0]))

    assert assigned.tolist() == [0, 0, 1, 2, 2, 2]
    assert assigned.dtype == np.int64


def test_dictionary_round_trip_keeps_every_digit() -> None:
    bins = TimeBins(inner_months=(0.1 + 0.2, 1 / 3 + 7), horizon_months=163.17)

    assert TimeBins.from_dict(json.loads(json.dumps(bins.to_dict()))) == bins


@pytest.mark.parametrize(
    ("times", "events"),
    [
        pytest.param([1.0, 2.0, 3.0, 4.0], [True, True, True, False], id="too few events"),
        pytest.param([5.0] * 8, [True] * 8, id="one time only"),
        pytest.param([1.0] * 20 + [2.0, 3.0, 4.0], [True] * 23, id="tied"),
        pytest.param([1.0, 2.0, 3.0], [False] * 3, id="all censored"),
    ],
)
def test_too_few_or_too_tied_events_are_refused(times: list[float], events: list[bool]) -> None:
    with pytest.raises(SurvivalError) as refusal:
        TimeBins.fit(np.array(times), np.array(events))

    assert refusal.value.code == "SURVIVAL-BINS"
    assert "fewer bins" in refusal.value.fix


@pytest.mark.parametrize(
    ("inner", "horizon"), [((2.0, 1.0), 9.0), ((0.0,), 9.0), ((1.0,), 1.0), ((np.nan,), 9.0)]
)
def test_edges_must_be_positive_and_increase(inner: tuple[float, ...], horizon: float) -> None:
    with pytest.raises(SurvivalError, match="increasing"):
        TimeBins(inner_months=inner, horizon_months=horizon)


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"inner_months": [1.0]},
        {"inner_months": 3, "horizon_months": 9.0},
        {"inner_months": ["x"], "horizon_months": 9.0},
        {"inner_months": [1.0], "horizon_months": 9.0, "unit": "days"},
    ],
)
def test_a_damaged_dictionary_is_refused_by_name(stored: dict[str, object]) -> None:
    with pytest.raises(SurvivalError, match="inner_months"):
        TimeBins.from_dict(stored)


def test_a_negative_time_has_no_bin() -> None:
    with pytest.raises(SurvivalError, match="negative"):
        TimeBins(inner_months=(1.0,), horizon_months=2.0).assign(np.array([-3.0]))
