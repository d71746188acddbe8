"""The time of which the headline speaks: one rule for the screen and for every report."""

import numpy as np

from healnet.bundle.model_bundle import ModelBundle
from healnet.bundle.reference import Reference
from healnet.survival.kaplan_meier import kaplan_meier
from healnet.survival.risk_groups import GROUP_NAMES

LANDMARK_MONTHS = (60.0, 36.0, 24.0, 12.0)
MIN_AT_RISK = 10  # in every group


def reliable_months(reference: Reference) -> float:
    """Return the months up to which every risk group has at least ten patients at risk."""
    group = np.array(reference.group)
    rows = [group == name for name in GROUP_NAMES if (group == name).any()]
    curves = [kaplan_meier(reference.time_months[row], reference.event[row]) for row in rows]
    return min(curve.reliable_until(MIN_AT_RISK) for curve in curves)


def headline_months(bundle: ModelBundle) -> float:
    """Return the longest of 5, 3, 2 and 1 years that model and reference both cover.

    The model's own horizon, months, where they cover not even one year.
    """
    horizon = bundle.time_bins.horizon_months
    covered = min(horizon, reliable_months(bundle.reference))
    return next((months for months in LANDMARK_MONTHS if months <= covered), horizon)
