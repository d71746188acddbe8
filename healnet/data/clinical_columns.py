"""The clinical columns of a cohort table: numbers or categories, every bad cell named."""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from healnet.data.cohort_settings import CohortSettings
from healnet.data.problems import Place, Problems
from healnet.exceptions import CohortError, TableError
from healnet.omics.number_cells import MISSING, parse_cell
from healnet.omics.raw_values import number_of
from healnet.omics.table_schema import TableSchema
from healnet.omics.text_rows import shown

# What a column of this name may hold; anything else is a slip of the pen or another coding.
RANGES = {"age": (0.0, 120.0), "age_years": (0.0, 120.0), "age_at_diagnosis": (0.0, 120.0)}
SEXES = frozenset({"f", "m", "female", "male", "0", "1", "0.0", "1.0", "true", "false"})
SEX_COLUMNS = frozenset({"sex", "gender", "is_female", "is_male"})


def clinical_table(
    columns: Mapping[str, Sequence[str]],
    places: Sequence[Place],
    *,
    taken: Set[str],
    settings: CohortSettings,
    problems: Problems,
) -> pd.DataFrame | None:
    """Return the clinical columns with index ``case_id``; None if there are none.

    A column in which most cells are text is a category; otherwise its text cells are problems.

    Raises:
        CohortError: ``COHORT-HEADER`` if the settings name a column that is not there.
    """
    names = settings.clinical
    if names is None:
        names = tuple(name for name in columns if name not in taken)
    lacking = [name for name in names if name not in columns]
    if lacking:
        raise CohortError(
            f"no clinical column {', '.join(lacking)}",
            code="COHORT-HEADER",
            where=problems.name,
            fix="correct the list clinical in the YAML file",
        )
    if not names:
        return None
    index = pd.Index([place.case_id for place in places], name="case_id", dtype=object)
    typed = {name: _typed(name, columns[name], places, problems) for name in names}
    return pd.DataFrame({name: cells.to_numpy() for name, cells in typed.items()}, index=index)


def refuse_impossible_row(row: Mapping[str, object], schema: TableSchema, case_id: str) -> None:
    """Refuse a patient with a value that a column of this name cannot hold in a cohort.

    Args:
        row: Raw value by column name.
        schema: Of the model; a column that held other values in training is not judged.
        case_id: For the message.

    Raises:
        TableError: ``TABLE-CELL``.
    """
    numbers = [one for one in schema.features if one.kind != "category"]
    seen = {one.column.lower(): (one.low, one.high) for one in numbers}
    for column, value in row.items():
        low, high = RANGES.get(column.strip().lower(), (-np.inf, np.inf))
        first, last = seen.get(column.strip().lower(), (np.nan, np.nan))
        if not low <= first <= last <= high:
            continue
        number = number_of(value, column)
        if number < low or number > high:
            raise TableError(
                f"{shown(str(value))!r}; {low:g} to {high:g} expected",
                code="TABLE-CELL",
                where=f"clinical table, row {shown(case_id)}, column {column}",
                why="the risk would be that of an impossible patient",
                fix="correct the value, or leave it empty if it is not known",
            )


def _typed(
    name: str, cells: Sequence[str], places: Sequence[Place], problems: Problems
) -> pd.Series:
    parsed = {cell: parse_cell(cell) for cell in set(cells)}
    num_text = sum(parsed[cell] is None for cell in cells)
    num_seen = sum(np.isfinite([number for c in cells if (number := parsed[c]) is not None]))
    _note_problems(name, cells, places, problems)
    if num_text > num_seen:
        texts = [None if cell.strip().lower() in MISSING else cell.strip() for cell in cells]
        return pd.Series(texts, dtype=object)
    if name.lower() not in {*RANGES, *SEX_COLUMNS}:
        for cell, place in zip(cells, places, strict=True):
            if parsed[cell] is None:
                problems.add(place, name, f"{shown(cell)!r} is not a number")
    return pd.Series([parsed[cell] for cell in cells], dtype=np.float64)


def _note_problems(
    name: str, cells: Sequence[str], places: Sequence[Place], problems: Problems
) -> None:
    """Note the cells that a column of this name cannot hold."""
    wrong = {cell: text for cell in set(cells) if (text := _impossible(name.lower(), cell))}
    if wrong:
        for cell, place in zip(cells, places, strict=True):
            if cell in wrong:
                problems.add(place, name, f"{shown(cell)!r}; {wrong[cell]} expected")


def _impossible(name: str, cell: str) -> str:
    """Return what a column of this name holds instead; empty if the cell is possible."""
    text = cell.strip().lower()
    if text in MISSING:
        return ""
    if name in SEX_COLUMNS and text not in SEXES:
        return "female or male"
    if name not in RANGES:
        return ""
    low, high = RANGES[name]
    number = parse_cell(cell)
    return "" if number is not None and low <= number <= high else f"{low:g} to {high:g}"
