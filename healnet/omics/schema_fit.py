"""Fitting a schema: the kind of every column, and its scale, from training patients only."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import TableError
from healnet.omics.feature_spec import FeatureSpec, Kind
from healnet.omics.wide_table import text_columns

MAX_LEVELS = 30
MIN_FOR_SHARE = 20  # patients, from which on half as many levels are too many
TAIL = 0.01  # share of patients on either side that does not judge what is wild
WILD = 10.0  # standard deviations
_TINY = 1e-9
_NEVER_NEGATIVE = re.compile(
    r"(raw )?counts?|(log2\()?(tpm|fpkm|rsem|counts?)( ?\+ ?1\))?|years|months|days",
    re.IGNORECASE,
)
NUMERIC_MODALITIES = ("rna", "cnv", "mutation")


class Scale(NamedTuple):
    """Statistics of each column."""

    mean: Float[ndarray, " p"]
    sd: Float[ndarray, " p"]
    low: Float[ndarray, " p"]
    high: Float[ndarray, " p"]
    is_usable: ndarray


def describe_columns(
    frame: pd.DataFrame, modality: str, units: Mapping[str, str]
) -> tuple[FeatureSpec, ...]:
    """Return one unscaled feature a number or binary column, and one a level of a category.

    Raises:
        TableError: If there is no column, an omic column is text, or a text column has too many
            levels to be a category.
    """
    texts = set(text_columns(frame))
    if texts and modality in NUMERIC_MODALITIES:
        raise TableError(
            f"{len(texts)} columns hold text, first {sorted(texts)[0]!r}",
            code="TABLE-CELL",
            where=f"{modality} table",
            fix="an omic table holds numbers only",
        )
    features: list[FeatureSpec] = []
    for name in map(str, frame.columns):
        unit = units.get(name, units.get(modality, ""))
        if name in texts:
            levels = _levels(frame[name], modality)
            features.extend(
                FeatureSpec(name=f"{name}={x}", column=name, kind="category", level=x)
                for x in levels
            )
        else:
            values = frame[name].to_numpy(dtype=np.float64)
            _check_unit(values, unit, where=f"{modality} table, column {name}")
            kind = _number_kind(values)
            features.append(FeatureSpec(name=name, column=name, kind=kind, unit=unit))
    if not features:
        raise TableError(
            "no column to learn from", code="TABLE-EMPTY", where=f"{modality} table"
        )
    return tuple(features)


def fit_scale(values: Float[ndarray, "n p"]) -> Scale:
    """Return mean, sd and range of each column, over its observed values.

    Ordinary values give the plain mean and standard deviation. A wild one, more than 10
    standard deviations of the inner 98 % away from their mean, is pulled in to there first: one
    measurement of 14,071 among z-scores would otherwise flatten all others to the same number.
    Columns without any variation are unusable.
    """
    seen = np.isfinite(values)
    is_empty = ~seen.any(axis=0)
    filled = np.where(is_empty, 0.0, np.where(seen, values, np.nan))
    low, high = np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)
    centre, reach = _inner_range(filled)
    pulled = np.clip(filled, centre - reach, centre + reach)
    mean, sd = np.nanmean(pulled, axis=0), np.nanstd(pulled, axis=0)
    is_usable = ~is_empty & (sd > _TINY * np.maximum(1.0, np.abs(mean)))
    return Scale(mean, np.where(is_usable, sd, 1.0), low, high, is_usable)


def _inner_range(
    filled: Float[ndarray, "n p"],
) -> tuple[Float[ndarray, " p"], Float[ndarray, " p"]]:
    """Return the mean of the inner values of each column, and how far from it is not wild.

    At least one patient on either side is left out. Where the rest is all equal (a rare 1 among
    0s), nothing is wild.
    """
    low = np.nanquantile(filled, TAIL, axis=0, method="higher")
    high = np.nanquantile(filled, 1 - TAIL, axis=0, method="lower")
    is_inner = (filled >= low) & (filled <= high)
    inner = np.where(is_inner | (high < low), filled, np.nan)
    centre, spread = np.nanmean(inner, axis=0), np.nanstd(inner, axis=0)
    varies = spread > _TINY * np.maximum(1.0, np.abs(centre))
    return centre, np.where(varies, WILD * spread, np.inf)


def _levels(column: pd.Series, modality: str) -> list[str]:
    levels = sorted({str(cell) for cell in column if cell is not None and not pd.isna(cell)})
    is_long = len(column) >= MIN_FOR_SHARE and len(levels) > len(column) / 2
    if is_long or len(levels) > MAX_LEVELS:
        raise TableError(
            f"column {column.name!r} has {len(levels)} different texts",
            code="TABLE-CATEGORY",
            where=f"{modality} table",
            why="it looks like free text or an identifier, not a category",
            fix=f"leave the column out, or group it into at most {MAX_LEVELS} levels",
        )
    return levels


def _check_unit(values: Float[ndarray, " n"], unit: str, *, where: str) -> None:
    if not _NEVER_NEGATIVE.fullmatch(unit.strip()) or not (values < 0).any():
        return
    raise TableError(
        f"negative values in a table declared as {unit}",
        code="TABLE-UNIT",
        where=where,
        why=f"{unit} cannot be {np.nanmin(values):g}",
        fix="correct the unit in the YAML file, or the table",
    )


def _number_kind(values: Float[ndarray, " n"]) -> Kind:
    seen = values[np.isfinite(values)]
    return "binary" if len(seen) and np.isin(seen, (0.0, 1.0)).all() else "number"
