"""Kaplan-Meier curve with confidence bands, the median, and the table under the axis.

Source: Kaplan and Meier, JASA 53, 1958. Variance: Greenwood. Bands: log-log (Borgan and
Liestol, Scand. J. Statist. 17, 1990), which stay inside [0, 1] and hold in small groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy import ndarray
from scipy import special

from healnet.exceptions import SurvivalError
from healnet.survival.outcome import check_outcome


class Median(NamedTuple):
    """Median survival and its interval, months. None: not reached."""

    months: float | None
    lower: float | None
    upper: float | None


class RiskTable(NamedTuple):
    """Counts under the axis: still at risk at each tick; events and censored up to it."""

    time_months: Float[ndarray, " t"]
    at_risk: Int64[ndarray, " t"]
    events: Int64[ndarray, " t"]
    censored: Int64[ndarray, " t"]


@dataclass(frozen=True, kw_only=True, eq=False)
class KaplanMeier:
    """A step curve: from ``time_months[i]`` on, the value is ``survival[i]``; before it, 1.

    Attributes:
        time_months: Every different time in the data, increasing.
        survival: Estimated P(T > time).
        lower: Pointwise lower bound. NaN where it does not exist: when the curve is at 0.
        upper: Pointwise upper bound, likewise.
        at_risk: Patients still under observation just before each time.
        events: Events at each time.
        censored: Censored at each time.
        confidence: Level of the bounds.
    """

    time_months: Float[ndarray, " t"]
    survival: Float[ndarray, " t"]
    lower: Float[ndarray, " t"]
    upper: Float[ndarray, " t"]
    at_risk: Int64[ndarray, " t"]
    events: Int64[ndarray, " t"]
    censored: Int64[ndarray, " t"]
    confidence: float = 0.95

    @property
    def last_months(self) -> float:
        """Longest follow-up; the curve ends here."""
        return float(self.time_months[-1])

    def at(self, months: float) -> float | None:
        """Return P(T > months), or None beyond the longest follow-up.

        Once the curve has reached 0 it stays there, whatever the follow-up.
        """
        if months < 0 or not np.isfinite(months):
            raise SurvivalError(f"no survival at {months} months", code="SURVIVAL-TIME")
        if months > self.last_months and self.survival[-1] > 0:
            return None
        index = int(np.searchsorted(self.time_months, months, side="right")) - 1
        return 1.0 if index < 0 else float(self.survival[index])

    def median(self) -> Median:
        """Return the first time at which the curve is at or below one half, with interval.

        The interval is the times at which the two bands cross one half (Brookmeyer and
        Crowley, Biometrics 38, 1982). None where a curve never does: not reached.
        """
        return Median(
            self._first_at_half(self.survival),
            self._first_at_half(self.lower),
            self._first_at_half(self.upper),
        )

    def table(self, ticks: Sequence[float]) -> RiskTable:
        """Return the counts at the given times, months.

        At risk: time >= tick. Events and censored: time < tick. So at every tick the three
        numbers add up to all patients.
        """
        before = np.searchsorted(self.time_months, np.asarray(ticks, dtype=np.float64))
        events = np.concatenate(([0], self.events.cumsum()))[before]
        censored = np.concatenate(([0], self.censored.cumsum()))[before]
        at_risk = self.at_risk[0] - events - censored
        return RiskTable(np.asarray(ticks, dtype=np.float64), at_risk, events, censored)

    def reliable_until(self, min_at_risk: int = 10) -> float:
        """Return the last time with at least ``min_at_risk`` patients at risk; 0 if never."""
        enough = self.at_risk >= min_at_risk
        return float(self.time_months[enough][-1]) if enough.any() else 0.0

    def _first_at_half(self, curve: Float[ndarray, " t"]) -> float | None:
        # Products like (3/4)(2/3) miss one half by a rounding error.
        reached = np.flatnonzero(curve <= 0.5 + 1e-12)
        return float(self.time_months[reached[0]]) if len(reached) else None


def kaplan_meier(
    time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"], confidence: float = 0.95
) -> KaplanMeier:
    """Return the curve of a group of patients.

    Patients censored at a time count as at risk at that time.

    Args:
        time_months: Follow-up, months.
        event: True if the event happened.
        confidence: Level of the pointwise log-log bands.

    Raises:
        SurvivalError: If the outcome is not usable, or the level not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise SurvivalError(f"confidence must lie in (0, 1); got {confidence}")
    time_months, event = check_outcome(time_months, event)
    times, index = np.unique(time_months, return_inverse=True)
    events = np.bincount(index, weights=event, minlength=len(times)).astype(np.int64)
    leaving = np.bincount(index, minlength=len(times)).astype(np.int64)
    at_risk = len(time_months) - np.concatenate(([0], leaving.cumsum()[:-1])).astype(np.int64)
    survival = np.cumprod(1 - events / at_risk)
    lower, upper = _log_log_band(survival, events, at_risk, confidence)
    return KaplanMeier(
        time_months=times,
        survival=survival,
        lower=lower,
        upper=upper,
        at_risk=at_risk,
        events=events,
        censored=leaving - events,
        confidence=confidence,
    )


def _log_log_band(
    survival: Float[ndarray, " t"],
    events: Int64[ndarray, " t"],
    at_risk: Int64[ndarray, " t"],
    confidence: float,
) -> tuple[Float[ndarray, " t"], Float[ndarray, " t"]]:
    inside = (survival > 0) & (survival < 1)
    alive = np.maximum(at_risk - events, 1)  # 0 only where the curve is 0: masked below
    greenwood = np.cumsum(events / (at_risk * alive))
    log_survival = np.log(np.where(inside, survival, 0.5))
    width = special.ndtri((1 + confidence) / 2) * np.sqrt(greenwood) / -log_survival
    outside = np.where(survival >= 1, 1.0, np.nan)
    lower = np.where(inside, np.exp(log_survival * np.exp(width)), outside)
    upper = np.where(inside, np.exp(log_survival * np.exp(-width)), outside)
    return lower, upper
