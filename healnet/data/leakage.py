"""Signs that a cohort would flatter a model: said when it is read, before anything is trained.

Axis names: n patient, p column.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.data.outcome_copies import copies_of_the_event
from healnet.exceptions import CohortError, Notice
from healnet.survival.outcome import MIN_EVENTS_TO_TRAIN

MAX_RANK_CORRELATION = 0.95
TWIN_CORRELATION = 0.999
MIN_TWIN_COLUMNS = 50  # continuous columns below which equal profiles are no surprise
MAX_TWIN_PATIENTS = 5_000  # patients squared x 8 bytes: 200 MB
_MIN_VALUES = 10
_FIRST = 3


def check_can_train(cohort: Cohort) -> None:
    """Refuse a cohort from which nothing can be learned; predicting for it is allowed.

    Raises:
        CohortError: ``COHORT-FEW-EVENTS``.
    """
    num_events = int(cohort.event.sum())
    if num_events < MIN_EVENTS_TO_TRAIN:
        raise CohortError(
            f"{num_events} events in {len(cohort)} patients; at least {MIN_EVENTS_TO_TRAIN} "
            "are needed to train",
            code="COHORT-FEW-EVENTS",
            where=cohort.name,
            why="a model would learn chance",
            fix="add patients with an event, or use a trained model for prediction",
        )


def check_shared_files(cohort: Cohort) -> None:
    """Refuse a slide or feature file that is given to two patients, or twice to one.

    Raises:
        CohortError: ``COHORT-SHARED-SLIDE`` or ``COHORT-DOUBLE-SLIDE``.
    """
    owner: dict[Path, str] = {}
    for patient in cohort.patients:
        paths = [path.resolve() for path in (*patient.slides, *patient.features)]
        _refuse_doubles(paths, patient.case_id, cohort.name)
        for path in paths:
            first = owner.setdefault(path, patient.case_id)
            if first != patient.case_id:
                raise CohortError(
                    f"{path.name} belongs to {first} and to {patient.case_id}",
                    code="COHORT-SHARED-SLIDE",
                    where=cohort.name,
                    why="the same slide could be learned from and judged on",
                    fix="give each slide to one patient",
                )


def _refuse_doubles(paths: list[Path], case_id: str, name: str) -> None:
    double = next((path.name for path in paths if paths.count(path) > 1), None)
    if double is not None:
        raise CohortError(
            f"{double} is given more than once to {case_id}",
            code="COHORT-DOUBLE-SLIDE",
            where=name,
            why="its patches would count twice",
            fix="name each file once",
        )


def check_shared_content(cases: Iterable[Case], name: str) -> None:
    """Refuse one slide, or one feature file, that two patients have under different names.

    Args:
        cases: Patients with their features read.
        name: Of the cohort, for the message.

    Raises:
        CohortError: ``COHORT-SHARED-SLIDE``.
    """
    owner: dict[str, tuple[str, str]] = {}
    for case in cases:
        for slide in case.slides:
            for content in {slide.slide_sha256, slide.source_sha256} - {None, ""}:
                first = owner.setdefault(str(content), (case.case_id, slide.name))
                if first[0] != case.case_id:
                    raise CohortError(
                        f"{first[1]} of {first[0]} and {slide.name} of {case.case_id} are the "
                        "same slide",
                        code="COHORT-SHARED-SLIDE",
                        where=name,
                        why="the same slide could be learned from and judged on",
                        fix="give each slide to one patient",
                    )


def leakage_notices(
    cohort: Cohort, *, chosen_columns: tuple[str, ...] | None = None
) -> tuple[Notice, ...]:
    """Return what looks as if the answer were among the inputs, or a patient there twice.

    Args:
        cohort: What was read.
        chosen_columns: Clinical columns that the user named as inputs; None: nobody chose.

    Raises:
        CohortError: ``COHORT-OUTCOME-INPUT`` if a clinical column that nobody chose is such.
    """
    notices = []
    for modality, table in cohort.tables.items():
        position = {case_id: i for i, case_id in enumerate(cohort.case_ids)}
        rows = [position[str(case_id)] for case_id in table.index]
        is_outcome = outcome_columns(table, cohort.time_months[rows], cohort.event[rows])
        found = [str(name) for name in table.columns[is_outcome]]
        if modality == "clinical":
            _refuse_unchosen(sorted(set(found) - set(chosen_columns or ())), cohort.name)
        notices += _outcome_notice(modality, found)
        values = table.select_dtypes("number").to_numpy(dtype=np.float64)
        notices += _twin_notice(modality, twins(table.index, values))
    return tuple(notices)


def outcome_columns(
    table: pd.DataFrame, time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"]
) -> Bool[ndarray, " p"]:
    """Return which columns order the patients as time does, or tell who had the event.

    Spearman correlation beyond 0.95 with time, over all patients or over those with an event;
    or a copy of the event, in any coding (:mod:`healnet.data.outcome_copies`).
    """
    found = copies_of_the_event(table, event)
    is_number = np.array([kind.kind in "biuf" for kind in table.dtypes], dtype=np.bool_)
    values = table.loc[:, is_number].to_numpy(dtype=np.float64)
    if values.shape[1] == 0:
        return found
    everybody = np.ones(len(event), dtype=np.bool_)
    for chosen in (everybody, event):
        correlation = _rank_correlation(values[chosen], time_months[chosen])
        found[is_number] |= np.abs(correlation) > MAX_RANK_CORRELATION
    return found


def twins(ids: pd.Index, values: Float[ndarray, "n p"]) -> list[tuple[str, str]]:
    """Return pairs of patients whose continuous profiles correlate beyond 0.999."""
    varied = np.array([len(np.unique(column)) for column in values.T]) > len(values) / 2
    if varied.sum() < MIN_TWIN_COLUMNS or not 1 < len(values) <= MAX_TWIN_PATIENTS:
        return []
    scaled = np.nan_to_num(_standardised(values[:, varied], axis=0))
    scaled = np.clip(scaled, -5, 5)  # one wild value is no likeness
    scaled = _standardised(scaled, axis=1)
    likeness = np.triu(scaled @ scaled.T / varied.sum(), k=1)
    return [(str(ids[i]), str(ids[j])) for i, j in np.argwhere(likeness > TWIN_CORRELATION)]


def _rank_correlation(
    values: Float[ndarray, "n p"], time: Float[ndarray, " n"]
) -> Float[ndarray, " p"]:
    """Return Spearman's correlation with time over observed values; 0 where there are few."""
    result = np.zeros(values.shape[1])
    is_whole = np.isfinite(values).all(axis=0)
    if is_whole.any() and len(time) >= _MIN_VALUES:
        result[is_whole] = _correlation(_ranks(values[:, is_whole]), _ranks(time[:, None]))
    for column in np.flatnonzero(~is_whole):
        seen = np.isfinite(values[:, column])
        if seen.sum() >= _MIN_VALUES:
            ranks = _ranks(values[seen, column, None])
            result[column] = _correlation(ranks, _ranks(time[seen, None]))[0]
    return result


def _standardised(values: Float[ndarray, "n p"], *, axis: int) -> Float[ndarray, "n p"]:
    """Return observed values with mean 0 and SD 1 along an axis; NaN where nothing varies."""
    centred = values - np.nanmean(values, axis=axis, keepdims=True)
    spread = np.nanstd(values, axis=axis, keepdims=True)
    return np.asarray(centred / np.where(spread > 0, spread, np.nan))


def _ranks(values: Float[ndarray, "n p"]) -> Float[ndarray, "n p"]:
    """Return mid-ranks in each column; pandas, since scipy.stats takes 1 s to import."""
    return pd.DataFrame(values).rank().to_numpy()


def _correlation(
    ranks: Float[ndarray, "n p"], other: Float[ndarray, "n 1"]
) -> Float[ndarray, " p"]:
    a, b = ranks - ranks.mean(axis=0), other - other.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.asarray((a * b).sum(axis=0) / np.where(scale > 0, scale, 1.0))


def _refuse_unchosen(columns: list[str], name: str) -> None:
    if columns:
        raise CohortError(
            f"{len(columns)} clinical columns tell the outcome: {', '.join(columns[:_FIRST])}",
            code="COHORT-OUTCOME-INPUT",
            where=name,
            why="a model would copy the outcome instead of learning to foresee it",
            fix="remove them, or name the inputs in the YAML file, e.g. clinical: [age, sex]",
        )


def _outcome_notice(modality: str, columns: list[str]) -> list[Notice]:
    if not columns:
        return []
    more = " ..." if len(columns) > _FIRST else ""
    return [
        Notice(
            code="COHORT-OUTCOME-INPUT",
            what=f"{len(columns)} {modality} columns tell the outcome or order it almost "
            "perfectly",
            where=f"columns {', '.join(columns[:_FIRST])}{more}",
            why="if this is the outcome or was measured after it, a model would only copy it",
            fix="leave these columns out of the inputs",
        )
    ]


def _twin_notice(modality: str, pairs: list[tuple[str, str]]) -> list[Notice]:
    if not pairs:
        return []
    named = "; ".join(f"{one} and {other}" for one, other in pairs[:_FIRST])
    return [
        Notice(
            code="COHORT-TWINS",
            what=f"{len(pairs)} pairs of patients have nearly the same {modality} profile",
            where=named + (" ..." if len(pairs) > _FIRST else ""),
            why="the same person on both sides of a split makes a model look better than it is",
            fix="give samples of one person one case_id",
        )
    ]
