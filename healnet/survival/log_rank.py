"""Log-rank test for two or more groups, if wished within strata.

Source: Mantel, Cancer Chemother. Rep. 50, 1966; Kalbfleisch and Prentice, 2002, section 1.5.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from scipy import special

from healnet.exceptions import SurvivalError
from healnet.survival.outcome import check_outcome


class LogRank(NamedTuple):
    """Chi-square statistic, its degrees of freedom (groups - 1) and the p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def log_rank(
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    group: Shaped[ndarray, " n"],
    *,
    strata: Shaped[ndarray, " n"] | None = None,
) -> LogRank:
    """Return the test of "all groups have the same hazard".

    Args:
        time_months: Follow-up, months.
        event: True if the event happened.
        group: Label of each patient's group; at least two different ones.
        strata: Compare only within these (e.g. the fold of an out-of-fold risk). None: all
            patients form one stratum.

    Raises:
        SurvivalError: ``SURVIVAL-GROUPS`` if the statistic does not exist: one group only, or
            no time at which an event could have fallen into more than one group.
    """
    time_months, event = check_outcome(time_months, event)
    labels, member = np.unique(group, return_inverse=True)
    stratum = np.zeros(len(event)) if strata is None else strata
    if len(labels) == 1:
        raise SurvivalError("a log-rank test needs two groups", code="SURVIVAL-GROUPS")
    excess = np.zeros(len(labels))
    variance = np.zeros((len(labels), len(labels)))
    for value in np.unique(stratum):
        rows = stratum == value
        one_hot = np.eye(len(labels))[member[rows]]
        excess_here, variance_here = _excess(time_months[rows], event[rows], one_hot)
        excess += excess_here
        variance += variance_here
    if np.linalg.matrix_rank(variance) < len(labels) - 1:
        raise SurvivalError(
            "these groups cannot be compared: in one of them no event could have happened "
            "while another was under observation",
            code="SURVIVAL-GROUPS",
        )
    statistic = float(excess @ np.linalg.pinv(variance, hermitian=True) @ excess)
    freedom = len(labels) - 1
    return LogRank(statistic, freedom, float(special.chdtrc(freedom, statistic)))


def _excess(
    time: Float[ndarray, " n"], event: Bool[ndarray, " n"], one_hot: Float[ndarray, "n g"]
) -> tuple[Float[ndarray, " g"], Float[ndarray, "g g"]]:
    """Return observed minus expected events by group, and the covariance of that."""
    order = np.argsort(time, kind="stable")
    time, event, one_hot = time[order], event[order], one_hot[order]
    times = np.unique(time[event])
    first = np.searchsorted(time, times)
    still_in = np.cumsum(one_hot[::-1], axis=0)[::-1][first]  # (times, groups)
    index = np.searchsorted(times, time[event])
    deaths = np.zeros((len(times), one_hot.shape[1]))
    np.add.at(deaths, index, one_hot[event])
    at_risk, died = still_in.sum(axis=1), deaths.sum(axis=1)
    share = still_in / at_risk[:, None]
    factor = died * (at_risk - died) / np.maximum(at_risk - 1, 1)
    variance = np.diag(factor @ share) - (share * factor[:, None]).T @ share
    return (deaths - died[:, None] * share).sum(axis=0), variance
