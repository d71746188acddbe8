"""The reference cohort of a model as the prognosis panel shows it.

Everything here is out of fold: each patient was ranked by the one model that did not see them,
and the groups were cut at percentiles fixed beforehand.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healnet.exceptions import SurvivalError
from healnet.explain.charts.kaplan_meier import GroupCurve
from healnet.explain.charts.styles import GROUPS
from healnet.explain.reference_curves import group_curve
from healnet.survival.kaplan_meier import KaplanMeier, Median, kaplan_meier
from healnet.survival.log_rank import log_rank

if TYPE_CHECKING:
    from healnet.bundle.reference import Reference

MIN_GROUP = 10  # below it no p-value is shown, and the time axis is greyed
LANDMARKS = (12.0, 36.0, 60.0)  # months


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupSummary:
    """One risk group in numbers.

    Attributes:
        landmarks: Month -> observed survival, for the months that the follow-up covers.
    """

    name: str
    size: int
    num_events: int
    median: Median
    landmarks: dict[float, float]
    curve: GroupCurve


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortView:
    """The reference cohort in numbers.

    Attributes:
        p_value: Log-rank over all groups; None where it is not shown.
        p_missing: Why it is not shown; empty where it is.
        reliable_until: Month from which fewer than ten are at risk in some group.
        last_month: Longest follow-up.
        event_percentiles: Percentile of each patient with an event.
    """

    num_patients: int
    num_events: int
    groups: tuple[GroupSummary, ...]
    p_value: float | None
    reliable_until: float
    last_month: float
    event_percentiles: NDArray[np.float64]
    p_missing: str = ""


def view_cohort(reference: "Reference") -> CohortView:
    """Return the cohort in numbers; computed once for each reference."""
    return _view(_Cohort(reference))


@dataclass(frozen=True)
class _Cohort:
    """A reference that can key a cache: by identity, since it never changes."""

    reference: "Reference"

    def __hash__(self) -> int:
        return id(self.reference)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Cohort) and other.reference is self.reference


@lru_cache(maxsize=8)
def _view(cohort: _Cohort) -> CohortView:
    reference = cohort.reference
    group = np.array(reference.group)
    last_month = float(reference.time_months.max())
    curves = {
        style.name: kaplan_meier(reference.time_months[rows], reference.event[rows])
        for style in GROUPS
        if (rows := group == style.name).any()
    }
    p_value, p_missing = _p_value(reference, group)
    return CohortView(
        num_patients=len(reference),
        num_events=int(reference.event.sum()),
        groups=tuple(_summary(name, curve, last_month) for name, curve in curves.items()),
        p_value=p_value,
        p_missing=p_missing,
        reliable_until=min(curve.reliable_until(MIN_GROUP) for curve in curves.values()),
        last_month=last_month,
        event_percentiles=reference.percentile[reference.event],
    )


def _summary(name: str, curve: KaplanMeier, last_month: float) -> GroupSummary:
    found = {month: curve.at(month) for month in LANDMARKS}
    return GroupSummary(
        name=name,
        size=int(curve.at_risk[0]),
        num_events=int(curve.events.sum()),
        median=curve.median(),
        landmarks={month: value for month, value in found.items() if value is not None},
        curve=group_curve(name, curve, last_month),
    )


def _p_value(reference: "Reference", group: NDArray[np.str_]) -> tuple[float | None, str]:
    """Return the p-value, or None and why it is not shown."""
    sizes = [int((group == style.name).sum()) for style in GROUPS]
    if min(sizes) < MIN_GROUP:
        return None, f"a group has fewer than {MIN_GROUP} patients"
    try:
        return log_rank(reference.time_months, reference.event, group).p_value, ""
    except SurvivalError as error:  # e.g. groups that were never under observation together
        return None, error.what
