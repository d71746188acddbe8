"""The published numbers: what they are judged on, and whose censoring they take."""

import numpy as np
import pytest

from healnet.data.cohort import Cohort
from healnet.survival.concordance import uno_concordance
from healnet.train.metrics import measure
from healnet.train.out_of_fold import OutOfFold
from tests.train.planted import planted_cohort


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return planted_cohort(tmp_path_factory.mktemp("c"), patients=120, slides=False)


def held_out(cohort: Cohort, rows: np.ndarray, fold: np.ndarray) -> OutOfFold:
    risk = np.random.default_rng(3).normal(size=len(rows)) - np.log(cohort.time_months[rows])
    return OutOfFold(
        case_ids=tuple(cohort.case_ids[row] for row in rows),
        fold=fold,
        risk=risk,
        shown_risk=risk,
        available=(("rna", "clinical"),) * len(rows),
        subset_risk={},
    )


def uno(cohort: Cohort, judged: np.ndarray, trained: np.ndarray, risk: np.ndarray) -> float:
    return uno_concordance(
        risk,
        cohort.time_months[judged],
        cohort.event[judged],
        train_time_months=cohort.time_months[trained],
        train_event=cohort.event[trained],
        tau_months=float(np.quantile(cohort.time_months[trained], 0.9)),
    )


@pytest.mark.slow
def test_the_censoring_of_a_single_split_is_that_of_its_training_patients(
    people: Cohort,
) -> None:
    judged, trained = np.arange(60), np.arange(60, 120)
    out = held_out(people, judged, np.zeros(60, np.int64))

    found = measure(out, people, replicates=100)

    expected = uno(people, judged, trained, out.risk)
    assert expected != uno(people, judged, judged, out.risk)
    assert found["folds"][0]["uno"] == pytest.approx(expected)
    assert found["pooled"]["uno"] == pytest.approx(expected)


@pytest.mark.slow
def test_the_censoring_of_a_fold_is_that_of_the_other_folds(people: Cohort) -> None:
    rows = np.arange(120)
    out = held_out(people, rows, rows % 2)

    found = measure(out, people, replicates=100)

    for number, one in enumerate(found["folds"]):
        here = rows[rows % 2 == number]
        others = rows[rows % 2 != number]
        assert one["uno"] == pytest.approx(uno(people, here, others, out.risk[here]))
    assert [one["patients"] for one in found["folds"]] == [60, 60]
    assert found["pooled"]["patients"] == 120
