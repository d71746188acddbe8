"""Splits: by patient, with equal shares of events, and nobody on two sides."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.data.read_cohort import read_cohort
from healnet.data.splits import Fold, check_folds, hold_out, patient_folds, read_splits
from healnet.exceptions import CohortError


def patients(size: int, share: float, seed: int = 0) -> tuple[list[str], list[bool]]:
    events = np.random.default_rng(seed).random(size) < share
    return [f"P{i:03d}" for i in range(size)], events.tolist()


@given(
    size=st.integers(2, 120),
    k=st.integers(2, 10),
    share=st.floats(0, 1),
    seed=st.integers(0, 999),
)
def test_nobody_is_on_two_sides_and_everybody_is_validated_once(
    size: int, k: int, share: float, seed: int
) -> None:
    k = min(k, size)
    ids, events = patients(size, share, seed)

    folds = patient_folds((ids, events), k, seed)

    assert len(folds) == k
    assert sorted(i for fold in folds for i in fold.validation) == ids
    for fold in folds:
        assert not set(fold.train) & set(fold.validation)
        assert set(fold.train) | set(fold.validation) == set(ids)


@given(size=st.integers(10, 120), k=st.integers(2, 5), seed=st.integers(0, 999))
def test_folds_differ_by_at_most_one_event_and_one_patient(
    size: int, k: int, seed: int
) -> None:
    ids, events = patients(size, 0.4, seed)
    happened = dict(zip(ids, events, strict=True))

    folds = patient_folds((ids, events), k, seed)

    sizes = [len(fold.validation) for fold in folds]
    counts = [sum(happened[i] for i in fold.validation) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    assert max(counts) - min(counts) <= 1


def test_the_seed_alone_decides() -> None:
    chosen = patients(50, 0.5)

    assert patient_folds(chosen, 5, 1) == patient_folds(chosen, 5, 1)
    assert patient_folds(chosen, 5, 1) != patient_folds(chosen, 5, 2)
    assert hold_out(chosen, seed=1) == hold_out(chosen, seed=1)


@given(size=st.integers(20, 200), share=st.floats(0.1, 0.5), seed=st.integers(0, 999))
def test_held_out_patients_have_the_share_of_events_of_all(
    size: int, share: float, seed: int
) -> None:
    ids, events = patients(size, 0.5, seed)
    happened = dict(zip(ids, events, strict=True))

    fold = hold_out((ids, events), share=share, seed=seed)

    assert set(fold.train) | set(fold.validation) == set(ids)
    assert abs(len(fold.validation) - share * size) <= 1
    assert abs(sum(happened[i] for i in fold.validation) - share * sum(events)) <= 0.5


@pytest.mark.parametrize("source", ["porpoise", "survpath"])
@pytest.mark.parametrize("cohort", ["tcga_blca", "tcga_coadread"])
def test_published_splits_are_read_and_disjoint(
    test_data: Path, source: str, cohort: str
) -> None:
    folds = read_splits(test_data / "omics" / "splits" / source / cohort)

    assert len(folds) == 5
    validated = [i for fold in folds for i in fold.validation]
    assert len(set(validated)) == len(validated)
    for fold in folds:
        assert not set(fold.train) & set(fold.validation)
        assert set(fold.train) | set(fold.validation) == set(validated)


def test_published_splits_belong_to_the_published_cohort(test_data: Path) -> None:
    omics = test_data / "omics"
    cohort = read_cohort(omics / "porpoise_mutsig" / "tcga_paad_all_clean.csv.zip")
    folds = read_splits(omics / "splits" / "porpoise" / "tcga_paad")

    check_folds(folds, cohort.case_ids)

    assert sum(len(fold.validation) for fold in folds) == len(cohort)
    with pytest.raises(CohortError, match="not in the cohort"):
        check_folds(read_splits(omics / "splits" / "porpoise" / "tcga_kirp"), cohort.case_ids)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (",train,val\n0,a,b\n1,c,a\n", "1 patients are in training and in validation: a"),
        (",train,val\n0,a,b\n1,a,\n", "names a patient twice"),
        (",train,val\n0,a,\n", "empty"),
        (",train,test\n0,a,b\n", "no column val"),
    ],
)
def test_a_split_that_leaks_or_lacks_a_side_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "splits_0.csv").write_text(content)

    with pytest.raises(CohortError, match=message):
        read_splits(tmp_path)


def test_a_missing_fold_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="without a gap"):
        read_splits(tmp_path)
    (tmp_path / "splits_1.csv").write_text("train,val\na,b\n")
    with pytest.raises(CohortError, match="without a gap"):
        read_splits(tmp_path)
    with pytest.raises(CohortError, match="without a gap"):
        read_splits(tmp_path / "nowhere")


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(CohortError, match="2 patients cannot make 3 folds"):
        patient_folds((["a", "b"], [True, False]), 3)
    with pytest.raises(CohortError, match="every patient once"):
        patient_folds((["a", "a"], [True, False]), 2)
    with pytest.raises(CohortError, match="share"):
        hold_out((["a", "b"], [True, False]), share=1.0)
    with pytest.raises(CohortError, match="validated in two folds"):
        check_folds(
            [Fold(train=("a",), validation=("b",)), Fold(train=("a",), validation=("b",))],
            ["a", "b"],
        )
