"""Telling when a profile does not look like those the model was trained on.

Two checks on the raw numbers, before they are cut off: single values far outside the range seen
in training, and the profile as a whole lying far from the training mean, as it does when
counts are given for logarithms or the columns are mixed up.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import Notice
from healnet.omics.feature_spec import FeatureSpec

MIN_FEATURES = 20  # below this a median over features says little
MIN_PATIENTS = 20
_MARGIN = 2.0  # times the 99th percentile of the training patients
_QUANTILE = 0.99
_FIRST = 3


def deviation(
    features: Sequence[FeatureSpec], raw: Float[ndarray, "n p"]
) -> Float[ndarray, " n"]:
    """Return each patient's median distance from the training mean, standard deviations.

    Over observed number features; NaN for a patient with fewer than 20 of them.
    """
    columns = _numbers(features)
    mean = np.array([features[i].mean for i in columns])
    sd = np.array([features[i].sd for i in columns])
    distance = np.abs(raw[:, columns] - mean) / sd
    enough = np.isfinite(distance).sum(axis=1) >= MIN_FEATURES
    result = np.full(len(raw), np.nan)
    if enough.any():
        result[enough] = np.nanmedian(distance[enough], axis=1)
    return result


def deviation_limit(
    features: Sequence[FeatureSpec], raw: Float[ndarray, "n p"]
) -> float | None:
    """Return twice the 99th percentile of the training patients' distances.

    None with fewer than 20 number features or 20 patients.
    """
    if len(_numbers(features)) < MIN_FEATURES:
        return None
    distances = deviation(features, raw)
    distances = distances[np.isfinite(distances)]
    if len(distances) < MIN_PATIENTS:
        return None
    return float(_MARGIN * np.quantile(distances, _QUANTILE))


def range_notices(
    modality: str,
    features: Sequence[FeatureSpec],
    raw: Float[ndarray, " p"],
    *,
    limit: float | None,
) -> tuple[Notice, ...]:
    """Return what a reader must know about the values of one patient."""
    notices = [*_profile_notice(modality, features, raw, limit)]
    low = np.array([feature.low for feature in features])
    high = np.array([feature.high for feature in features])
    usable = np.array(
        [feature.is_usable and feature.kind != "category" for feature in features]
    )
    width = high - low
    far = usable & ((raw < low - width) | (raw > high + width))
    if far.any():
        found = np.flatnonzero(far)
        named = "; ".join(
            f"{features[i].name} = {raw[i]:g} (training {low[i]:g} to {high[i]:g})"
            for i in found[:_FIRST]
        )
        notices.append(
            Notice(
                code="OMICS-RANGE",
                what=f"{len(found):,} {modality} values lie far outside the training range",
                where=named + (" ..." if len(found) > _FIRST else ""),
                why="the model has never seen such values; they were cut off",
                fix="check the unit and the measurement",
            )
        )
    return tuple(notices)


def _profile_notice(
    modality: str,
    features: Sequence[FeatureSpec],
    raw: Float[ndarray, " p"],
    limit: float | None,
) -> tuple[Notice, ...]:
    distance = deviation(features, raw[None])[0] if limit is not None else np.nan
    if limit is None or not distance > limit:
        return ()
    columns = _numbers(features)
    seen = raw[columns][np.isfinite(raw[columns])]
    looks = "these look like raw counts" if _are_counts(seen) else "is the unit another one?"
    unit = features[columns[0]].unit
    low = min(features[i].low for i in columns)
    high = max(features[i].high for i in columns)
    return (
        Notice(
            code="OMICS-SCALE",
            what=f"the {modality} profile is unlike those of the training patients: half of "
            f"its values are more than {distance:.1f} standard deviations away",
            where=f"{modality} table, values {seen.min():g} to {seen.max():g}",
            why=f"{looks}; training values were {low:g} to {high:g} {unit}".rstrip(),
            fix="give the values in the unit used in training",
        ),
    )


def _are_counts(values: Float[ndarray, " m"]) -> bool:
    is_whole = values == np.round(values)
    return bool(is_whole.mean() > 0.99 and values.min() >= 0 and values.max() > 100)  # noqa: PLR2004


def _numbers(features: Sequence[FeatureSpec]) -> list[int]:
    return [i for i, f in enumerate(features) if f.kind == "number" and f.is_usable]
