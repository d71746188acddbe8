"""``context.json``: what a report says beside the result, of which the result knows nothing.

How the user calls the case, when the prediction was written, whom the patient is compared with
and how large a pixel is. It may be absent: the report then says less, never something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np

from healnet.exceptions import ConfigError
from healnet.explain.charts.kaplan_meier import GroupCurve
from healnet.explain.charts.scales import month_ticks
from healnet.explain.prediction import Prediction
from healnet.explain.reference_curves import ReferenceCurves
from healnet.explain.result_json import to_json
from healnet.explain.shape_of_json import Shape, misfit
from healnet.survival.risk_groups import GROUP_NAMES

CONTEXT = "context.json"
_MOST_MONTHS = 1200.0
_SHAPE: Shape = {
    "title": str,
    "written": str,
    "cohort": {
        "name": str, "endpoint": str, "patients": int, "events": int, "last_month": float,
        "reliable_until": float,
        "groups": [{
            "name": str, "patients": int,
            "steps": [{"time_months": float, "survival": float, "low": float, "high": float}],
            "at_risk": [{"time_months": float, "at_risk": int, "events": int, "censored": int}],
        }],
    },
    "um_per_pixel": dict,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportContext:
    """What a report says beside the result.

    Attributes:
        title: How the user calls the case.
        written: Day of the prediction.
        cohort: Name of the reference cohort.
        endpoint: What its curves count, e.g. "overall survival".
        curves: Its groups.
        um_per_pixel: Micrometres per level-0 pixel by name of the slide, where known.
    """

    title: str
    written: date
    cohort: str
    endpoint: str
    curves: ReferenceCurves
    um_per_pixel: Mapping[str, float]


def pixel_sizes(prediction: Prediction) -> dict[str, float]:
    """Return micrometres per level-0 pixel by name of the slide, where known."""
    features = [slide.features for slide in prediction.slides]
    return {one.name: one.mpp for one in features if one.mpp is not None}


def context_json(context: ReportContext, *, result_sha256: str) -> str:
    """Return the context of the very result that has this hash."""
    curves = context.curves
    cohort = {
        "name": context.cohort,
        "endpoint": context.endpoint,
        "patients": curves.patients,
        "events": curves.events,
        "last_month": curves.last_month,
        "reliable_until": curves.reliable_until,
        "groups": [_group_values(group) for group in curves.groups],
    }
    values = {
        "result_sha256": result_sha256,
        "title": context.title,
        "written": context.written.isoformat(),
        "cohort": cohort,
        "um_per_pixel": dict(context.um_per_pixel),
    }
    return to_json(values)


def parse_context(values: Mapping[str, object], *, result_sha256: str) -> ReportContext | None:
    """Return the context, or None where it is that of an earlier result.

    Raises:
        ConfigError: ``PREDICTION-FOLDER`` if it is of another shape or cannot be.
    """
    if values.get("result_sha256") != result_sha256:
        return None
    fault = misfit(values, _SHAPE)
    if fault:
        raise _refusal(f"cannot be used: {fault}")
    cohort = cast("Mapping[str, object]", values["cohort"])
    try:
        written = date.fromisoformat(str(values["written"]))
    except ValueError as error:
        raise _refusal("names no day") from error
    return ReportContext(
        title=str(values["title"]),
        written=written,
        cohort=str(cohort["name"]),
        endpoint=str(cohort["endpoint"]),
        curves=_curves(cohort),
        um_per_pixel=_positive(cast("Mapping[str, int | float]", values["um_per_pixel"])),
    )


def _group_values(group: GroupCurve) -> dict[str, object]:
    columns = (group.time_months, group.survival, group.lower, group.upper)
    names = ("time_months", "survival", "low", "high")
    counts = ("at_risk", "events", "censored")
    return {
        "name": group.name,
        "patients": group.size,
        "steps": [
            dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)
        ],
        "at_risk": [
            {"time_months": float(month), **dict(zip(counts, row, strict=True))}
            for month, row in group.table.items()
        ],
    }


def _curves(cohort: Mapping[str, object]) -> ReferenceCurves:
    last_month = float(cast("float", cohort["last_month"]))
    if not 0 < last_month <= _MOST_MONTHS:
        raise _refusal("has a follow-up that cannot be")
    entries = cast("list[Mapping[str, object]]", cohort["groups"])
    if not entries:
        raise _refusal("has no group")
    return ReferenceCurves(
        groups=tuple(_group(entry, last_month) for entry in entries),
        patients=int(cast("int", cohort["patients"])),
        events=int(cast("int", cohort["events"])),
        last_month=last_month,
        reliable_until=float(cast("float", cohort["reliable_until"])),
    )


def _group(entry: Mapping[str, object], last_month: float) -> GroupCurve:
    steps = cast("list[Mapping[str, float]]", entry["steps"])
    counts = cast("list[Mapping[str, int]]", entry["at_risk"])
    months, survival, low, high = (
        np.array([step[name] for step in steps], dtype=np.float64)
        for name in ("time_months", "survival", "low", "high")
    )
    table = {
        float(row["time_months"]): (row["at_risk"], row["events"], row["censored"])
        for row in counts
    }
    is_curve = len(steps) > 0 and months[0] == 0 and (np.diff(months) >= 0).all()
    is_curve = is_curve and bool((low <= survival).all() and (survival <= high).all())
    if entry["name"] not in GROUP_NAMES or not is_curve or low.min() < 0 or high.max() > 1:
        raise _refusal("has a group or a curve that cannot be")
    if tuple(table) != month_ticks(last_month):
        raise _refusal("has a table of numbers at risk with other months")
    return GroupCurve(
        name=str(entry["name"]), time_months=months, survival=survival, lower=low, upper=high,
        size=int(cast("int", entry["patients"])), table={**table},
    )  # fmt: skip


def _positive(sizes: Mapping[str, int | float]) -> dict[str, float]:
    if any(size <= 0 for size in sizes.values()):
        raise _refusal("has a pixel size that cannot be")
    return {str(name): float(size) for name, size in sizes.items()}


def _refusal(what: str) -> ConfigError:
    return ConfigError(
        f"{CONTEXT} {what}",
        code="PREDICTION-FOLDER",
        where=CONTEXT,
        why="the report would say something wrong beside the result",
        fix="delete the file; the report then says less",
    )
