"""The reference groups of a model as curves to draw, from the outcomes of its patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from healnet.explain.charts.kaplan_meier import GroupCurve
from healnet.explain.charts.scales import month_ticks
from healnet.survival.kaplan_meier import KaplanMeier, kaplan_meier
from healnet.survival.risk_groups import GROUP_NAMES


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceCurves:
    """The observed survival of the reference groups: curves and counts, no single patient.

    Attributes:
        groups: Those that have patients, lower risk first.
        patients: Of all groups.
        events: Of all groups.
        last_month: Longest follow-up.
        reliable_until: Month beyond which fewer than ten remain at risk in some group.
    """

    groups: tuple[GroupCurve, ...]
    patients: int
    events: int
    last_month: float
    reliable_until: float


def reference_curves(
    time_months: Float64[ndarray, " n"], event: Bool[ndarray, " n"], group: Sequence[str]
) -> ReferenceCurves:
    """Return the Kaplan-Meier curves of the groups with 95 % bands.

    Args:
        time_months: Follow-up.
        event: True if the event happened.
        group: ``lower``, ``intermediate`` or ``higher``.

    Raises:
        SurvivalError: If the outcome is not usable.
    """
    names = np.array(group)
    last_month = float(time_months.max())
    curves = {
        name: kaplan_meier(time_months[names == name], event[names == name])
        for name in GROUP_NAMES
        if (names == name).any()
    }
    return ReferenceCurves(
        groups=tuple(group_curve(name, curve, last_month) for name, curve in curves.items()),
        patients=len(time_months),
        events=int(event.sum()),
        last_month=last_month,
        reliable_until=min(curve.reliable_until() for curve in curves.values()),
    )


def group_curve(name: str, curve: KaplanMeier, last_month: float) -> GroupCurve:
    """Return the steps to draw: from 1 at time 0, at each event, to the last follow-up.

    Where the curve is at 0 the bands do not exist: the upper keeps its last value and the lower
    goes down with the curve, so that the curve never leaves its band.
    """
    drawn = curve.events > 0
    drawn[-1] = True
    ticks = month_ticks(last_month)
    counts = curve.table(ticks)
    survival = np.concatenate([[1.0], curve.survival[drawn]])
    rows = zip(counts.at_risk, counts.events, counts.censored, strict=True)
    return GroupCurve(
        name=name,
        time_months=np.concatenate([[0.0], curve.time_months[drawn]]),
        survival=survival,
        lower=np.minimum(_carried(np.concatenate([[1.0], curve.lower[drawn]])), survival),
        upper=_carried(np.concatenate([[1.0], curve.upper[drawn]])),
        size=int(curve.at_risk[0]),
        table={
            tick: (int(at_risk), int(events), int(censored))
            for tick, (at_risk, events, censored) in zip(ticks, rows, strict=True)
        },
    )


def _carried(values: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    index = np.where(np.isfinite(values), np.arange(values.size), 0)
    carried: Float64[ndarray, " n"] = values[np.maximum.accumulate(index)]
    return carried
