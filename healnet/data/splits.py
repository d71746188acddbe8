"""Who trains and who validates: folds by patient, with the same share of events in each.

A patient, with all slides and tables, is on one side only. This is checked whenever folds are
made or read, not only in tests.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from healnet.data.cohort import Cohort
from healnet.exceptions import CohortError
from healnet.omics.text_rows import open_text_table

_FILE = re.compile(r"splits?_(\d+)\.csv")
_FIRST = 5


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One split of the patients.

    Attributes:
        train: Case ids to learn from.
        validation: Case ids to judge on.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a patient on both sides, twice on one side, or an empty side."""
        both = sorted(set(self.train) & set(self.validation))
        if both:
            raise CohortError(
                f"{len(both)} patients are in training and in validation: "
                f"{', '.join(both[:_FIRST])}",
                code="COHORT-LEAK",
                why="the model would be judged on patients it has learned",
            )
        for side in (self.train, self.validation):
            if not side or len(set(side)) < len(side):
                raise CohortError(
                    "a side of a split is empty or names a patient twice", code="COHORT-SPLIT"
                )


def patient_folds(
    patients: Cohort | tuple[Sequence[str], Sequence[bool]], k: int = 5, seed: int = 0
) -> tuple[Fold, ...]:
    """Return k folds in which every patient is validated once.

    Patients with and without event are dealt out in turn after shuffling, so that the folds
    differ by at most one event and at most one patient.

    Args:
        patients: A cohort, or case ids and events.
        k: Number of folds, at least 2.
        seed: Of the shuffle.

    Raises:
        CohortError: ``COHORT-SPLIT`` if there are fewer patients than folds.
    """
    case_ids, event = _ids_and_events(patients)
    if not 1 < k <= len(case_ids):
        raise CohortError(
            f"{len(case_ids)} patients cannot make {k} folds", code="COHORT-SPLIT"
        )
    number = _deal(event, k, seed)
    return tuple(
        Fold(
            train=tuple(case_ids[number != fold].tolist()),
            validation=tuple(case_ids[number == fold].tolist()),
        )
        for fold in range(k)
    )


def hold_out(
    patients: Cohort | tuple[Sequence[str], Sequence[bool]],
    *,
    share: float = 0.15,
    seed: int = 0,
) -> Fold:
    """Return one split with about this share in validation, e.g. for early stopping.

    Raises:
        CohortError: ``COHORT-SPLIT`` if one side would be empty.
    """
    case_ids, event = _ids_and_events(patients)
    if not 0 < share < 1:
        raise CohortError(f"share must lie in (0, 1); got {share}", code="COHORT-SPLIT")
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(event), dtype=np.bool_)
    for side in (True, False):
        members = generator.permutation(np.flatnonzero(event == side))
        chosen[members[: round(share * len(members))]] = True
    return Fold(
        train=tuple(case_ids[~chosen].tolist()), validation=tuple(case_ids[chosen].tolist())
    )


def read_splits(folder: Path) -> tuple[Fold, ...]:
    """Return the folds in ``splits_0.csv, splits_1.csv, ...`` (columns ``train`` and ``val``).

    The shorter column is padded with blanks, as in the PORPOISE and SurvPath releases.

    Raises:
        CohortError: If there is no such file, a column is missing, a number is left out, or a
            patient is on both sides.
    """
    found = (
        {int(m[1]): p for p in folder.iterdir() if (m := _FILE.fullmatch(p.name))}
        if (folder.is_dir())
        else {}
    )
    if sorted(found) != list(range(len(found))) or not found:
        raise CohortError(
            "no files splits_0.csv, splits_1.csv, ... without a gap",
            code="COHORT-SPLIT",
            where=folder.name,
        )
    return tuple(_read_fold(found[number]) for number in sorted(found))


def check_folds(folds: Sequence[Fold], case_ids: Sequence[str]) -> None:
    """Refuse folds that name unknown patients, or validate a patient twice.

    Raises:
        CohortError: ``COHORT-SPLIT``.
    """
    known = set(case_ids)
    named = [case_id for fold in folds for case_id in (*fold.train, *fold.validation)]
    unknown = sorted(set(named) - known)
    if unknown:
        raise CohortError(
            f"the splits name {len(unknown)} patients who are not in the cohort: "
            f"{', '.join(unknown[:_FIRST])}",
            code="COHORT-SPLIT",
            fix="use the splits that belong to this cohort",
        )
    validated = [case_id for fold in folds for case_id in fold.validation]
    if len(set(validated)) < len(validated):
        raise CohortError("a patient is validated in two folds", code="COHORT-SPLIT")


def _read_fold(path: Path) -> Fold:
    table = open_text_table(path)
    sides: dict[str, list[str]] = {"train": [], "val": []}
    for name in sides:
        if name not in table.columns:
            raise CohortError(f"no column {name}", code="COHORT-SPLIT", where=path.name)
    for _, cells in table.rows():
        for name, members in sides.items():
            cell = cells[table.columns.index(name)].strip()
            members.extend([cell] if cell else [])
    return Fold(train=tuple(sides["train"]), validation=tuple(sides["val"]))


def _ids_and_events(
    patients: Cohort | tuple[Sequence[str], Sequence[bool]],
) -> tuple[ndarray, ndarray]:
    ids, events = (
        (patients.case_ids, patients.event) if isinstance(patients, Cohort) else patients
    )
    case_ids, event = np.asarray(ids, dtype=object), np.asarray(events, dtype=np.bool_)
    if len(case_ids) != len(event) or len(set(case_ids.tolist())) < len(case_ids):
        raise CohortError(
            "splits need every patient once, with an event flag each", code="COHORT-SPLIT"
        )
    return case_ids, event


def _deal(event: ndarray, k: int, seed: int) -> ndarray:
    generator = np.random.default_rng(seed)
    order = np.concatenate(
        [generator.permutation(np.flatnonzero(event == side)) for side in (True, False)]
    )
    number = np.empty(len(event), dtype=np.int64)
    number[order] = np.arange(len(event)) % k
    return number
