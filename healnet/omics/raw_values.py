"""Raw token values of one patient or of a whole table; NaN where there is none."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import Notice, TableError
from healnet.omics.feature_spec import FeatureSpec
from healnet.omics.number_cells import MISSING, parse_cell
from healnet.omics.text_rows import shown


def raw_frame(features: Sequence[FeatureSpec], frame: pd.DataFrame) -> Float[ndarray, "n p"]:
    """Return the values of a frame that has every column of the features."""
    values = np.empty((len(frame), len(features)))
    numbers = [i for i, feature in enumerate(features) if feature.kind != "category"]
    names = [features[i].column for i in numbers]
    values[:, numbers] = frame[names].to_numpy(dtype=np.float64)
    levels = {f.column: None for f in features if f.kind == "category"}
    cells = {name: [level_of(cell) for cell in frame[name]] for name in levels}
    for i, feature in enumerate(features):
        if feature.kind == "category":
            values[:, i] = [_flag(cell, feature.level) for cell in cells[feature.column]]
    return values


def raw_row(
    features: Sequence[FeatureSpec],
    row: Mapping[str, object],
    sources: Mapping[str, str | None],
) -> tuple[Float[ndarray, " p"], tuple[Notice, ...]]:
    """Return the values of one patient, and a notice if a category is new.

    Args:
        features: Of the schema.
        row: Raw value by column name of the patient's table.
        sources: For each column of the schema the name in the patient's table, or None.

    Raises:
        TableError: ``TABLE-CELL`` if a value is not a number where one belongs.
    """
    values = _numbers(features, row, sources)
    known: dict[str, list[str]] = {}
    for feature in features:
        if feature.kind == "category" and sources[feature.column] is not None:
            known.setdefault(feature.column, []).append(feature.level)
    given = {column: level_of(row[str(sources[column])]) for column in known}
    chosen = {column: _known_level(given[column], known[column]) for column in known}
    for i, feature in enumerate(features):
        if feature.column in chosen:
            values[i] = _flag(chosen[feature.column], feature.level)
    new = {c: cell for c, cell in given.items() if cell is not None and chosen[c] is None}
    return values, _new_level_notices(new)


def number_of(value: object, column: str) -> float:
    """Return a raw value as a number; NaN if it is missing.

    Raises:
        TableError: ``TABLE-CELL`` if it is text or infinite.
    """
    number: float | None
    if value is None or value is pd.NA:
        return float("nan")
    if isinstance(value, str):
        number = parse_cell(value)
    else:
        number = float(value) if isinstance(value, (int, float, np.number, np.bool_)) else None
    if number is None or np.isinf(number):
        raise TableError(
            f"{shown(str(value))!r} is not a number",
            code="TABLE-CELL",
            where=f"column {column}",
            fix="use digits with a decimal point, or leave it empty if the value is missing",
        )
    return number


def level_of(value: object) -> str | None:
    """Return a raw value as the text of a category; None if it is missing.

    A whole number loses its ``.0``: a column of the levels 1, 2 and 2A is text in a cohort, and
    numbers in the table of one patient.
    """
    if value is None or value is pd.NA:
        return None
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return None
        value = int(value) if float(value).is_integer() else float(value)
    text = str(value).strip()
    return None if text.lower() in MISSING else text


def _numbers(
    features: Sequence[FeatureSpec],
    row: Mapping[str, object],
    sources: Mapping[str, str | None],
) -> Float[ndarray, " p"]:
    cells = [
        None if f.kind == "category" or (source := sources[f.column]) is None else row[source]
        for f in features
    ]
    if {type(cell) for cell in cells} <= {float, type(None)}:  # the plain case, much faster
        values = np.array(cells, dtype=np.float64)
        if not np.isinf(values).any():
            return values
    return np.array(
        [number_of(cell, f.column) for cell, f in zip(cells, features, strict=True)],
        dtype=np.float64,
    )


def _known_level(text: str | None, levels: Sequence[str]) -> str | None:
    """Return the level a text means: as spelled, else the same letters in another case."""
    if text is None or text in levels:
        return text
    same = [level for level in levels if level.lower() == text.lower()]
    return same[0] if len(same) == 1 else None


def _flag(cell: str | None, level: str) -> float:
    return float("nan") if cell is None else float(cell == level)


def _new_level_notices(new: Mapping[str, str]) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            code="OMICS-NEW-LEVEL",
            what=f"{column} is {shown(cell)!r}, which no training patient had",
            where=f"column {column}",
            why="the model does not read it",
        )
        for column, cell in new.items()
    )
