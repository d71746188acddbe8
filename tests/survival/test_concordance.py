"""Concordance: equal to scikit-survival, in the right direction, defined or refused."""

import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw
from sksurv.util import Surv

from healnet.exceptions import SurvivalError
from healnet.survival.concordance import (
    bootstrap_concordance,
    concordance,
    concordance_interval,
    uno_concordance,
)
from healnet.survival.concordant_pairs import count_pairs
from healnet.survival.outcome import event_notices
from tests.survival.conftest import Outcomes

COHORTS = ["tcga_blca", "tcga_coadread", "tcga_kirp", "tcga_paad"]


def random_cohort(seed: int, size: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return risk, time, event with ties in time and in risk and any share of censoring."""
    generator = np.random.default_rng(seed)
    size = size or int(generator.integers(2, 150))
    times = generator.integers(1, generator.integers(3, 2 * size + 4), size) / 7
    events = generator.random(size) < generator.uniform(0.05, 0.95)
    risk = generator.integers(0, generator.integers(2, 2 * size + 4), size) / 3
    return risk, times, events


def by_hand(risk: np.ndarray, times: np.ndarray, events: np.ndarray) -> float:
    """Return the definition, pair by pair."""
    score = pairs = 0.0
    for i in np.flatnonzero(events):
        for j in range(len(times)):
            if times[j] > times[i] or (times[j] == times[i] and not events[j]):
                pairs += 1
                score += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    return score / pairs if pairs else float("nan")


@given(seed=st.integers(0, 2**20))
def test_harrell_equals_scikit_survival(seed: int) -> None:
    risk, times, events = random_cohort(seed)
    try:
        expected = concordance_index_censored(events, times, risk, tied_tol=0)[0]
    except (ValueError, ZeroDivisionError, RuntimeWarning):  # what it refuses, we refuse
        with pytest.raises(SurvivalError):
            concordance(risk, times, events)
        return

    assert concordance(risk, times, events) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 2**20), size=st.integers(2, 25))
def test_harrell_equals_the_definition_on_both_paths(seed: int, size: int) -> None:
    risk, times, events = random_cohort(seed, size)
    expected = by_hand(risk, times, events)

    counts = count_pairs(risk, times, events, np.ones((1, size)))

    if np.isfinite(expected):
        assert counts.concordant[0] / counts.comparable[0] == pytest.approx(expected, abs=1e-12)
        assert concordance(risk, times, events) == pytest.approx(expected, abs=1e-12)
    else:
        assert counts.comparable[0] == 0


@given(seed=st.integers(0, 2**20), quantile=st.floats(0.3, 0.9))
@pytest.mark.slow
def test_uno_equals_scikit_survival(seed: int, quantile: float) -> None:
    risk, times, events = random_cohort(seed, 150)
    tau = float(np.quantile(times, quantile))
    outcome = Surv.from_arrays(events, times)
    try:
        expected = concordance_index_ipcw(outcome, outcome, risk, tau=tau, tied_tol=0)[0]
    except (ValueError, ZeroDivisionError, RuntimeWarning):
        expected = float("nan")

    def ours() -> float:
        return uno_concordance(
            risk, times, events, train_time_months=times, train_event=events, tau_months=tau
        )

    if np.isfinite(expected):
        assert ours() == pytest.approx(expected, abs=1e-9)
    else:
        with pytest.raises(SurvivalError):
            ours()


def test_uno_takes_censoring_from_training_patients_only() -> None:
    risk, times, events = random_cohort(1, 200)
    train_times, train_events = random_cohort(2, 200)[1:]
    tau = float(np.quantile(times, 0.5))

    value = uno_concordance(
        risk,
        times,
        events,
        train_time_months=train_times,
        train_event=train_events,
        tau_months=tau,
    )

    expected = concordance_index_ipcw(
        Surv.from_arrays(train_events, train_times), Surv.from_arrays(events, times), risk, tau
    )
    assert value == pytest.approx(expected[0], abs=1e-9)


def test_uno_without_censoring_is_harrell() -> None:
    risk, times, _ = random_cohort(5, 60)
    everybody = np.ones(60, dtype=bool)

    value = uno_concordance(
        risk, times, everybody, train_time_months=times, train_event=everybody
    )

    assert value == pytest.approx(concordance(risk, times, everybody), abs=1e-12)


def test_the_published_folds_give_the_published_concordance(test_data: Path) -> None:
    folder = test_data / "reference"
    published = pd.read_csv(folder / "mcat_published_cindex.csv")
    published = published.set_index(["run", "cancer", "fold"])["cindex_sksurv"]
    folds = pd.read_csv(folder / "mcat_published_risks.csv.gz").groupby(published.index.names)
    found = {}

    for key, fold in folds:
        risk, times = fold["risk"].to_numpy(float), fold["survival_months"].to_numpy(float)
        events = fold["censorship"].to_numpy() == 0
        found[key] = concordance(risk, times, events)

        oracle = concordance_index_censored(events, times, risk)[0]
        assert found[key] == pytest.approx(oracle, abs=1e-12)
        if len(np.unique(risk)) == len(risk):  # else six decimals have made new ties
            assert found[key] == pytest.approx(published[key], abs=1e-6)

    assert len(found) == len(published) == 110
    means = {
        c: np.mean([found["MCAT_concat", c, k] for k in range(5)]) for c in ("blca", "brca")
    }
    assert means == pytest.approx({"blca": 0.624, "brca": 0.580}, abs=5e-4)


@pytest.mark.parametrize(
    "cohort", [*COHORTS, pytest.param("tcga_brca", marks=pytest.mark.slow)]
)
def test_age_as_risk_equals_the_reference(
    test_data: Path, outcomes: Outcomes, cohort: str
) -> None:
    stored = json.loads((test_data / "reference" / "survival_reference.json").read_text())
    patients = outcomes(cohort).dropna(subset=["age"])

    value = concordance(
        patients["age"].to_numpy(),
        patients["time_months"].to_numpy(),
        patients["event"].to_numpy(),
    )

    assert value == pytest.approx(
        stored[cohort]["cindex_age_as_risk"]["harrell_sksurv"], abs=1e-6
    )


def test_higher_risk_means_an_earlier_event() -> None:
    times, events = np.array([1.0, 2.0, 3.0]), np.ones(3, dtype=bool)

    assert concordance(np.array([3.0, 2.0, 1.0]), times, events) == 1.0
    assert concordance(np.array([1.0, 2.0, 3.0]), times, events) == 0.0
    assert concordance(np.ones(3), times, events) == 0.5


def test_risks_closer_than_single_precision_are_still_ordered() -> None:
    risk = 1.0 + np.array([3e-12, 2e-12, 1e-12])

    assert concordance(risk, np.array([1.0, 2.0, 3.0]), np.ones(3, dtype=bool)) == 1.0


@given(seed=st.integers(0, 2**20))
def test_days_for_months_and_any_rising_scale_of_risk_change_nothing(seed: int) -> None:
    risk, times, events = random_cohort(seed, 50)
    events[times.argmin()] = True

    value = concordance(risk, times, events)

    assert concordance(np.exp(risk / 50), times * 30.4375, events) == value
    assert concordance(-risk, times, events) == pytest.approx(1 - value, abs=1e-12)


@pytest.mark.parametrize(
    ("times", "events"),
    [
        pytest.param([1.0, 2.0, 3.0], [False] * 3, id="nobody died"),
        pytest.param([1.0, 2.0, 3.0], [False, False, True], id="one event, the longest time"),
        pytest.param([2.0, 2.0], [True, True], id="all at once"),
        pytest.param([2.0], [True], id="one patient"),
    ],
)
def test_without_a_comparable_pair_it_is_not_defined(
    times: list[float], events: list[bool]
) -> None:
    with pytest.raises(SurvivalError, match="not defined") as refusal:
        concordance(np.arange(float(len(times))), np.array(times), np.array(events))

    assert refusal.value.code == "SURVIVAL-NO-PAIRS"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_risk_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(SurvivalError, match="not finite"):
        concordance(np.array([1.0, bad]), np.array([1.0, 2.0]), np.array([True, True]))


def test_bootstrap_equals_scikit_survival_on_the_same_resamples() -> None:
    risk, times, events = random_cohort(11, 120)

    values = bootstrap_concordance(risk, times, events, replicates=30, seed=4)

    generator = np.random.default_rng(4)
    for value in values:
        drawn = generator.integers(120, size=120)
        expected = concordance_index_censored(
            events[drawn], times[drawn], risk[drawn], tied_tol=0
        )[0]
        assert value == pytest.approx(expected, abs=1e-12)


def test_large_cohorts_take_another_path_to_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    risk, times, events = random_cohort(12, 90)
    table = bootstrap_concordance(risk, times, events, replicates=40, seed=1)
    plain = concordance(risk, times, events)

    module = importlib.import_module("healnet.survival.concordance")
    monkeypatch.setattr(module, "TABLE_LIMIT", 10)
    monkeypatch.setattr(module, "CHUNK_VALUES", 90 * 7)  # seven replicates at a time

    np.testing.assert_allclose(
        bootstrap_concordance(risk, times, events, replicates=40, seed=1), table, atol=1e-12
    )
    assert concordance(risk, times, events) == pytest.approx(plain, abs=1e-12)


def test_interval_is_the_percentiles_of_the_resamples_and_repeats() -> None:
    risk, times, events = random_cohort(13, 100)
    values = bootstrap_concordance(risk, times, events, replicates=1000, seed=0)

    low, high = concordance_interval(risk, times, events)

    assert (low, high) == (np.quantile(values, 0.025), np.quantile(values, 0.975))
    assert low < concordance(risk, times, events) < high
    assert concordance_interval(risk, times, events, seed=1) != (low, high)


@pytest.mark.slow
def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    truth = 0.640  # of log hazard = 0.5 x under this censoring, from 400,000 patients
    hits, runs = 0, 200
    for run in range(runs):
        x = generator.normal(size=100)
        died = generator.exponential(np.exp(-0.5 * x))
        left = generator.exponential(1.0, 100)
        low, high = concordance_interval(
            x, np.minimum(died, left), died <= left, replicates=200, seed=run
        )
        hits += low <= truth <= high

    assert 0.89 <= hits / runs <= 0.99


def test_no_interval_from_a_handful_of_events() -> None:
    times = np.arange(1.0, 61.0)
    events = np.zeros(60, dtype=bool)
    events[3] = True

    with pytest.raises(SurvivalError, match="too few"):
        concordance_interval(np.arange(60.0), times, events)


def test_two_hundred_thousand_patients_in_seconds_without_a_square_table() -> None:
    generator = np.random.default_rng(0)
    size = 200_000
    risk = generator.normal(size=size)
    times, events = generator.exponential(np.exp(-risk)), generator.random(size) < 0.5

    value = concordance(risk, times, events)

    # Of two patients the riskier dies first with probability sigmoid(|difference|), and the
    # difference of two standard normals has variance 2.
    difference = np.abs(np.sqrt(2) * stats.norm.ppf(np.linspace(0, 1, 10_002)[1:-1]))
    assert value == pytest.approx((1 / (1 + np.exp(-difference))).mean(), abs=0.002)


def test_few_events_are_said() -> None:
    assert event_notices(50) == ()
    (notice,) = event_notices(25)
    assert notice.code == "SURVIVAL-FEW-EVENTS"
    assert "0.07" in notice.why
