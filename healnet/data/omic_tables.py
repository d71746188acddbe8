"""The omic tables that belong to a cohort: read, and joined to its patients by id."""

from collections.abc import Mapping, Sequence

import pandas as pd

from healnet.data.cohort_settings import CohortSettings
from healnet.exceptions import CohortError, Notice
from healnet.omics.schema_fit import NUMERIC_MODALITIES
from healnet.omics.text_rows import genes_in_rows
from healnet.omics.wide_table import load_table

_FIRST = 5


def read_omic_tables(
    settings: CohortSettings, case_ids: Sequence[str]
) -> tuple[Mapping[str, pd.DataFrame], tuple[Notice, ...]]:
    """Return the tables by modality, with the rows of the cohort's patients only.

    Raises:
        CohortError: ``COHORT-NO-OVERLAP`` if a table has none of the patients.
        TableError: If a table cannot be read.
    """
    tables: dict[str, pd.DataFrame] = {}
    notices: list[Notice] = []
    for modality, path in settings.omics.items():
        loaded = load_table(path, numeric=modality in NUMERIC_MODALITIES)
        frame, said = join_ids(
            loaded.frame, case_ids, modality=modality, fold=settings.id_match == "fold"
        )
        tables[modality] = frame
        notices += [*loaded.notices, *said]
    return tables, tuple(notices)


def join_ids(
    frame: pd.DataFrame, case_ids: Sequence[str], *, modality: str, fold: bool
) -> tuple[pd.DataFrame, tuple[Notice, ...]]:
    """Return the rows of the given patients, in their order, under the cohort's ids.

    Args:
        frame: Index ``case_id``.
        case_ids: Of the cohort.
        modality: For messages.
        fold: Ids also match if they differ in case, blanks and dashes only.
    """
    row_of = _row_of(list(map(str, frame.index)), case_ids, fold=fold)
    found = [case_id for case_id in case_ids if case_id in row_of]
    if not found:
        _refuse_patients_in_columns(frame, case_ids, modality)
        raise _no_overlap(modality, list(map(str, frame.index)), case_ids)
    joined = frame.loc[[row_of[case_id] for case_id in found]]
    joined.index = pd.Index(found, name="case_id", dtype=object)
    return joined, _overlap_notice(modality, len(found), len(case_ids), len(frame))


def _row_of(ids: Sequence[str], case_ids: Sequence[str], *, fold: bool) -> dict[str, str]:
    exact = set(ids)
    if not fold:
        return {case_id: case_id for case_id in case_ids if case_id in exact}
    folded = _folded(ids, "the table")
    patients = _folded(case_ids, "the cohort")
    return {case_id: folded[key] for key, case_id in patients.items() if key in folded}


def _folded(ids: Sequence[str], place: str) -> dict[str, str]:
    """Return ids by their folded form; no two may share one."""
    folded: dict[str, str] = {}
    for one in ids:
        first = folded.setdefault(_fold(one), one)
        if first != one:
            raise CohortError(
                f"{first} and {one} are the same id when case, blanks and dashes do not count",
                code="COHORT-ID-MATCH",
                where=place,
                why="values of one patient would be given to two",
                fix="make the ids differ, or write id_match: exact in the YAML file",
            )
    return folded


def _fold(case_id: str) -> str:
    return case_id.strip().casefold().replace("_", "-").replace(" ", "-")


def _refuse_patients_in_columns(
    frame: pd.DataFrame, case_ids: Sequence[str], modality: str
) -> None:
    patients = set(map(_fold, case_ids))
    count = sum(_fold(str(name)) in patients for name in frame.columns)
    if 2 * count > len(frame.columns):
        what = f"{count:,} of {len(frame.columns):,} column names are patients of the cohort"
        raise genes_in_rows(what, f"{modality} table")


def _no_overlap(modality: str, ids: Sequence[str], case_ids: Sequence[str]) -> CohortError:
    folded = {_fold(row_id) for row_id in ids}
    near = sum(_fold(case_id) in folded for case_id in case_ids)
    fix = "use the same ids in both tables"
    if near:
        fix = (
            f"{near} would match if case, blanks and dashes did not count: if that is right, "
            "write id_match: fold in the YAML file"
        )
    return CohortError(
        f"0 of {len(case_ids)} patients have a row in the {modality} table of {len(ids)} rows",
        code="COHORT-NO-OVERLAP",
        where=f"cohort ids {', '.join(case_ids[:_FIRST])}; {modality} ids "
        f"{', '.join(ids[:_FIRST])}",
        why="no value could be given to any patient",
        fix=fix,
    )


def _overlap_notice(modality: str, found: int, patients: int, rows: int) -> tuple[Notice, ...]:
    if found == patients == rows:
        return ()
    return (
        Notice(
            code="COHORT-OVERLAP",
            what=f"{found:,} of {patients:,} patients have a row in the {modality} table; "
            f"{rows - found:,} rows belong to nobody",
            why=f"for the other patients {modality} is absent, and no value is filled in",
        ),
    )
