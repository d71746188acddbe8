"""Reading a predicted survival curve at a time: a step curve, as the network gives it."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.time_bins import TimeBins

Interpolation = Literal["step", "constant_hazard"]
ROUNDING = 1e-6  # a float32 product may rise by this much where a hazard is 0


def survival_at(
    survival: Float[ndarray, " k"],
    bins: TimeBins,
    months: float,
    *,
    interpolation: Interpolation = "step",
) -> float:
    """Return P(alive at ``months``) from S at the right edges of the bins.

    S(0) = 1 and S_k belongs to the **right** edge of bin k. In between, ``step`` keeps the
    value of the last edge passed, which is all that the network says; ``constant_hazard`` draws
    the logarithm of S as a straight line across each bin, for a fixed horizon inside a wide
    bin. Both agree at the edges.

    Args:
        survival: S_1 to S_K, each in [0, 1], not increasing.
        bins: The bins of the model.
        months: In [0, horizon].
        interpolation: Between the edges.

    Raises:
        SurvivalError: ``SURVIVAL-HORIZON`` beyond the horizon (nothing is known there);
            ``SURVIVAL-CURVE`` if ``survival`` is not a survival curve of these bins.
    """
    _check_curve(survival, bins)
    if not 0 <= months <= bins.horizon_months:
        raise SurvivalError(
            f"{months:g} months lie outside the model's follow-up of {bins.horizon_months:g}",
            code="SURVIVAL-HORIZON",
            why="no training patient was followed that long",
        )
    edges = np.concatenate(([0.0], bins.right_edges))
    values = np.concatenate(([1.0], survival))
    passed = int(np.searchsorted(edges, months, side="right")) - 1
    if interpolation == "step" or passed == bins.num_bins or values[passed] == 0:
        return float(values[passed])
    share = (months - edges[passed]) / (edges[passed + 1] - edges[passed])
    return float(values[passed] * (values[passed + 1] / values[passed]) ** share)


def _check_curve(survival: Float[ndarray, " k"], bins: TimeBins) -> None:
    values = np.concatenate(([1.0], survival))
    is_curve = np.isfinite(values).all() and (np.diff(values) <= ROUNDING).all()
    is_curve = is_curve and values[-1] >= 0
    if len(survival) != bins.num_bins or not is_curve:
        raise SurvivalError(
            f"not a survival curve over {bins.num_bins} bins: {survival.tolist()}",
            code="SURVIVAL-CURVE",
            fix="give S at the right edge of each bin, from 1 downwards",
        )
