"""Time bins: how continuous follow-up becomes the K outputs of the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.outcome import check_outcome

MIN_BINS = 2
_FIELDS = "time bins need inner_months (numbers) and horizon_months (a number), no more"


@dataclass(frozen=True, kw_only=True)
class TimeBins:
    """K left-closed bins: [0, e1), [e1, e2), ... and a last one up to the horizon.

    Attributes:
        inner_months: The K - 1 inner edges, months, increasing.
        horizon_months: Right edge of the last bin, months: the longest follow-up seen in
            training. Nothing is said about survival beyond it.
    """

    inner_months: tuple[float, ...]
    horizon_months: float

    def __post_init__(self) -> None:
        """Refuse edges that are not finite, positive and increasing."""
        edges = np.array((0.0, *self.inner_months, self.horizon_months))
        if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            raise SurvivalError(
                f"time bin edges must be positive and increasing; got {edges[1:].tolist()}",
                code="SURVIVAL-BINS",
            )

    @classmethod
    def fit(
        cls, time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"], num_bins: int = 4
    ) -> "TimeBins":
        """Return bins that each hold the same share of the events.

        The inner edges are quantiles of the **uncensored** times; the horizon is the longest
        time of anybody. Pass training patients only: edges are part of the model.

        Args:
            time_months: Follow-up, months.
            event: True if the event happened.
            num_bins: Number of bins, at least 2.

        Raises:
            SurvivalError: ``SURVIVAL-BINS`` if there are too few or too tied event times.

        Source:
            Zadeh and Schmid, IEEE TPAMI 43(9), 2021; quartiles as in the published HEALNet.
        """
        time_months, event = check_outcome(time_months, event)
        times = time_months[event]
        num_times = len(np.unique(times))
        if num_bins < MIN_BINS or num_times < num_bins:
            raise SurvivalError(
                f"{num_times} different event times cannot fill {num_bins} time bins",
                code="SURVIVAL-BINS",
                why="every bin needs an event of its own",
                fix="use fewer bins (at least 2) or more patients",
            )
        inner = np.quantile(times, np.arange(1, num_bins) / num_bins)
        horizon = float(time_months.max())
        edges = np.array((0.0, *inner, horizon))
        if (np.diff(edges) <= 0).any():
            raise SurvivalError(
                f"event times are too tied for {num_bins} bins: {edges[1:].round(3).tolist()}",
                code="SURVIVAL-BINS",
                why="two edges fall on the same time",
                fix="use fewer bins, or give times with more digits",
            )
        return cls(inner_months=tuple(inner.tolist()), horizon_months=horizon)

    @property
    def num_bins(self) -> int:
        """K, the number of bins."""
        return len(self.inner_months) + 1

    @property
    def right_edges(self) -> Float[ndarray, " k"]:
        """Right edge of every bin, months."""
        return np.array((*self.inner_months, self.horizon_months))

    def assign(self, time_months: Float[ndarray, " n"]) -> Int64[ndarray, " n"]:
        """Return the bin of each time, in [0, K).

        A time equal to an edge belongs to the bin that starts there. Times beyond the horizon
        go to the last bin.

        Raises:
            SurvivalError: If a time is negative or not finite.
        """
        times, _ = check_outcome(time_months, np.zeros(len(time_months), dtype=np.bool_))
        return np.searchsorted(np.array(self.inner_months), times, side="right").astype(
            np.int64
        )

    def to_dict(self) -> dict[str, object]:
        """Return the edges as JSON values."""
        return {
            "inner_months": list(self.inner_months),
            "horizon_months": self.horizon_months,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TimeBins":
        """Return the bins that :meth:`to_dict` wrote.

        Raises:
            SurvivalError: If a field is missing, unknown or not a number.
        """
        rest = dict(values)
        try:
            inner = tuple(float(edge) for edge in cast("list[float]", rest.pop("inner_months")))
            horizon = float(cast("float", rest.pop("horizon_months")))
        except (KeyError, TypeError, ValueError) as error:
            raise SurvivalError(_FIELDS, code="SURVIVAL-BINS") from error
        if rest:
            raise SurvivalError(f"{_FIELDS}; got also {sorted(rest)}", code="SURVIVAL-BINS")
        return cls(inner_months=inner, horizon_months=horizon)
