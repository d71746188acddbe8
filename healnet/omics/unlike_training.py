"""Telling when a profile does not look like those the model was trained on.

Three checks on the raw numbers, before they are cut off: single values far outside the range
seen in training, other values than 0 and 1 where training knew only these, and the profile as a
whole lying far from the training mean, as it does when counts are given for logarithms or the
columns are mixed up.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import Notice
from healnet.omics.feature_spec import FeatureArrays, FeatureSpec

MIN_FEATURES = 20  # below this a median over features says little
MIN_PATIENTS = 20
_MARGIN = 2.0  # times the 99th percentile of the training patients
_QUANTILE = 0.99
_FIRST = 3
BY_SCALE = frozenset(
    {"OMICS-SCALE", "OMICS-RANGE", "OMICS-CODING"}
)  # codes of the notices here


def deviation(arrays: FeatureArrays, raw: Float[ndarray, "n p"]) -> Float[ndarray, " n"]:
    """Return each patient's median distance from the training mean, standard deviations.

    Over observed number features; NaN for a patient with fewer than 20 of them.
    """
    chosen = arrays.is_number
    distance = np.abs(raw[:, chosen] - arrays.mean[chosen]) / arrays.sd[chosen]
    enough = np.isfinite(distance).sum(axis=1) >= MIN_FEATURES
    result = np.full(len(raw), np.nan)
    if enough.any():
        result[enough] = np.nanmedian(distance[enough], axis=1)
    return result


def deviation_limit(arrays: FeatureArrays, raw: Float[ndarray, "n p"]) -> float | None:
    """Return twice the 99th percentile of the training patients' distances.

    None with fewer than 20 number features or 20 patients.
    """
    if arrays.is_number.sum() < MIN_FEATURES:
        return None
    distances = deviation(arrays, raw)
    distances = distances[np.isfinite(distances)]
    if len(distances) < MIN_PATIENTS:
        return None
    return float(_MARGIN * np.quantile(distances, _QUANTILE))


def range_notices(
    modality: str,
    features: Sequence[FeatureSpec],
    arrays: FeatureArrays,
    raw: Float[ndarray, " p"],
    *,
    limit: float | None,
) -> tuple[Notice, ...]:
    """Return what a reader must know about the values of one patient."""
    profile = () if limit is None else _profile_notice(modality, arrays, raw, limit)
    named = [feature.name for feature in features]
    return (
        *profile,
        *_coding_notice(modality, named, arrays, raw),
        *_far_notice(modality, named, arrays, raw),
    )


def _far_notice(
    modality: str, names: Sequence[str], arrays: FeatureArrays, raw: Float[ndarray, " p"]
) -> tuple[Notice, ...]:
    width = arrays.high - arrays.low
    is_far = (raw < arrays.low - width) | (raw > arrays.high + width)
    found = np.flatnonzero(is_far & arrays.is_number)
    if len(found) == 0:
        return ()
    named = "; ".join(
        f"{names[i]} = {raw[i]:g} (training {arrays.low[i]:g} to {arrays.high[i]:g})"
        for i in found[:_FIRST]
    )
    return (
        Notice(
            code="OMICS-RANGE",
            what=f"{len(found):,} {modality} values lie far outside the training range",
            where=named + (" ..." if len(found) > _FIRST else ""),
            why="the model has never seen such values; they were cut off",
            fix="check the unit and the measurement",
        ),
    )


def _coding_notice(
    modality: str, names: Sequence[str], arrays: FeatureArrays, raw: Float[ndarray, " p"]
) -> tuple[Notice, ...]:
    """Return a notice about other values than 0 and 1 where training knew only these."""
    is_other = np.isfinite(raw) & (raw != 0) & (raw != 1)
    found = np.flatnonzero(is_other & arrays.is_binary)
    if len(found) == 0:
        return ()
    named = "; ".join(f"{names[i]} = {raw[i]:g}" for i in found[:_FIRST])
    return (
        Notice(
            code="OMICS-CODING",
            what=f"{len(found):,} {modality} values are neither 0 nor 1, and no training "
            "patient had others",
            where=named + (" ..." if len(found) > _FIRST else ""),
            why="another coding means something else to the model than to the table",
            fix="give 0 and 1 with the meaning that they had in training",
        ),
    )


def _profile_notice(
    modality: str, arrays: FeatureArrays, raw: Float[ndarray, " p"], limit: float
) -> tuple[Notice, ...]:
    distance = deviation(arrays, raw[None])[0]
    if not distance > limit:
        return ()
    chosen = arrays.is_number & np.isfinite(raw)
    seen, low, high = raw[chosen], arrays.low[chosen].min(), arrays.high[chosen].max()
    looks = "these look like raw counts" if _are_counts(seen) else "is the unit another one?"
    return (
        Notice(
            code="OMICS-SCALE",
            what=f"the {modality} profile is unlike those of the training patients: half of "
            f"its values are more than {distance:.1f} standard deviations away",
            where=f"{modality} table, values {seen.min():g} to {seen.max():g}",
            why=f"{looks}; training values were {low:g} to {high:g}",
            fix="give the values in the unit used in training",
        ),
    )


def _are_counts(values: Float[ndarray, " m"]) -> bool:
    is_whole = values == np.round(values)
    return bool(is_whole.mean() > 0.99 and values.min() >= 0 and values.max() > 100)  # noqa: PLR2004
