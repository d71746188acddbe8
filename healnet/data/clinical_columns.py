"""The clinical columns of a cohort table: numbers or categories, every bad cell named."""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from healnet.data.cohort_settings import CohortSettings
from healnet.data.problems import Place, Problems
from healnet.exceptions import CohortError
from healnet.omics.number_cells import MISSING, parse_cell
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


def _typed(
    name: str, cells: Sequence[str], places: Sequence[Place], problems: Problems
) -> pd.Series:
    numbers = [parse_cell(cell) for cell in cells]
    num_text = sum(number is None for number in numbers)
    num_seen = sum(number is not None and np.isfinite(number) for number in numbers)
    _check_known_column(name, cells, places, problems)
    if num_text > num_seen:
        texts = [None if cell.strip().lower() in MISSING else cell.strip() for cell in cells]
        return pd.Series(texts, dtype=object)
    for cell, number, place in zip(cells, numbers, places, strict=True):
        if number is None and name.lower() not in {*RANGES, *SEX_COLUMNS}:
            problems.add(place, name, f"{shown(cell)!r} is not a number")
    return pd.Series([np.nan if number is None else number for number in numbers], dtype=float)


def _check_known_column(
    name: str, cells: Sequence[str], places: Sequence[Place], problems: Problems
) -> None:
    lowered = name.lower()
    for cell, place in zip(cells, places, strict=True):
        text = cell.strip().lower()
        if text in MISSING:
            continue
        if lowered in SEX_COLUMNS and text not in SEXES:
            problems.add(place, name, f"{shown(cell)!r}; female or male expected")
        if lowered in RANGES:
            low, high = RANGES[lowered]
            number = parse_cell(cell)
            if number is None or not low <= number <= high:
                problems.add(place, name, f"{shown(cell)!r}; {low:g} to {high:g} expected")
