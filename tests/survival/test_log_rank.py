"""Log-rank: the textbook, two packages, strata, and what cannot be compared."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sksurv.compare import compare_survival
from sksurv.util import Surv

from healnet.exceptions import SurvivalError
from healnet.survival.log_rank import log_rank
from tests.survival.conftest import Outcomes

COHORTS = ["tcga_blca", "tcga_coadread", "tcga_kirp", "tcga_paad"]


def test_the_textbook_example(leukaemia: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    (treated, relapse), (placebo, relapse_placebo) = leukaemia["treated"], leukaemia["placebo"]
    group = np.array(["treated"] * 21 + ["placebo"] * 21)

    test = log_rank(
        np.concatenate([treated, placebo]), np.concatenate([relapse, relapse_placebo]), group
    )

    # Kleinbaum and Klein, Survival Analysis, chapter 2: 16.79 on 1 degree of freedom
    assert test.statistic == pytest.approx(16.793, abs=5e-4)
    assert test.degrees_of_freedom == 1
    assert test.p_value == pytest.approx(4.17e-5, rel=1e-2)


@pytest.mark.parametrize(
    "cohort", [*COHORTS, pytest.param("tcga_brca", marks=pytest.mark.slow)]
)
def test_age_above_the_median_equals_the_reference(
    test_data: Path, outcomes: Outcomes, cohort: str
) -> None:
    stored = json.loads((test_data / "reference" / "survival_reference.json").read_text())
    expected = stored[cohort]["logrank_age_gt_median"]
    patients = outcomes(cohort).dropna(subset=["age"])

    test = log_rank(
        patients["time_months"].to_numpy(),
        patients["event"].to_numpy(),
        patients["age"].to_numpy() > expected["median_age"],
    )

    assert test.statistic == pytest.approx(expected["chi2"], abs=1e-4)
    assert test.p_value == pytest.approx(expected["p"], rel=1e-4)


def random_groups(seed: int, num_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tied times, events and groups of which all are compared somewhere."""
    generator = np.random.default_rng(seed)
    group = np.tile(np.arange(num_groups), 20)
    times = generator.integers(1, 25, len(group)).astype(float)
    events = generator.random(len(group)) < 0.6
    return times, events, group


@given(seed=st.integers(0, 2**20), num_groups=st.integers(2, 5))
def test_any_number_of_groups_equals_scikit_survival(seed: int, num_groups: int) -> None:
    times, events, group = random_groups(seed, num_groups)

    test = log_rank(times, events, group)

    statistic, p_value = compare_survival(Surv.from_arrays(events, times), group)
    assert test.statistic == pytest.approx(statistic, rel=1e-9)
    assert test.p_value == pytest.approx(p_value, rel=1e-9)
    assert test.degrees_of_freedom == num_groups - 1


@given(seed=st.integers(0, 2**20))
def test_two_groups_equal_scipy(seed: int) -> None:
    times, events, group = random_groups(seed, 2)
    assume(not (times[events] == times.max()).all())

    test = log_rank(times, events, group)

    parts = [
        stats.CensoredData.right_censored(times[group == g], ~events[group == g])
        for g in (0, 1)
    ]
    oracle = stats.logrank(*parts)
    assert test.statistic == pytest.approx(float(oracle.statistic) ** 2, rel=1e-9)
    assert test.p_value == pytest.approx(float(oracle.pvalue), rel=1e-8)


@given(seed=st.integers(0, 2**20))
def test_labels_and_row_order_do_not_matter(seed: int) -> None:
    times, events, group = random_groups(seed, 3)
    names = np.array(["lower", "intermediate", "higher"])[group]
    order = np.random.default_rng(seed).permutation(len(times))

    test = log_rank(times, events, group)
    again = log_rank(times[order], events[order], names[order])

    assert again.statistic == pytest.approx(test.statistic, rel=1e-9)


def test_strata_are_compared_only_within_themselves() -> None:
    times, events, group = random_groups(3, 2)
    fold = np.repeat([0, 1], len(times) // 2)
    shifted = np.where(fold == 0, times, times + 100)  # folds whose scales differ

    pooled = log_rank(shifted, events, group, strata=fold)
    original = log_rank(times, events, group, strata=fold)

    # Only order within a stratum counts, so a shift of one stratum changes nothing.
    assert pooled.statistic == pytest.approx(original.statistic, rel=1e-12)
    assert pooled.statistic != pytest.approx(log_rank(times, events, group).statistic, rel=1e-3)


def test_one_stratum_is_the_plain_test() -> None:
    times, events, group = random_groups(4, 3)

    assert log_rank(times, events, group, strata=np.zeros(len(times))) == log_rank(
        times, events, group
    )


def test_equal_groups_do_not_differ() -> None:
    times, events = np.repeat([1.0, 2.0, 3.0], 2), np.ones(6, dtype=bool)

    test = log_rank(times, events, np.tile([0, 1], 3))

    assert test.statistic == pytest.approx(0, abs=1e-20)
    assert test.p_value == 1.0


@pytest.mark.parametrize(
    ("times", "events", "group"),
    [
        pytest.param([1.0, 2.0], [True, True], [0, 0], id="one group"),
        pytest.param([1.0, 2.0, 3.0], [False] * 3, [0, 1, 1], id="no event"),
        pytest.param([1.0, 2.0, 3.0], [False, True, True], [0, 1, 1], id="gone before"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    times: list[float], events: list[bool], group: list[int]
) -> None:
    with pytest.raises(SurvivalError) as refusal:
        log_rank(np.array(times), np.array(events), np.array(group))

    assert refusal.value.code == "SURVIVAL-GROUPS"
