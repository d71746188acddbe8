"""Risk groups with cut-offs frozen beforehand, and the percentile among reference patients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.outcome import check_risk

RiskGroup = Literal["lower", "intermediate", "higher"]
_FIELDS = "risk groups need cut_low and cut_high, two numbers, no more"
GROUP_NAMES: tuple[RiskGroup, ...] = ("lower", "intermediate", "higher")


@dataclass(frozen=True, kw_only=True)
class RiskGroups:
    """Two cut-offs, stored with the model and never recomputed on new patients.

    Attributes:
        cut_low: Risks below it are the lower group.
        cut_high: Risks from here on are the higher group.
    """

    cut_low: float
    cut_high: float

    def __post_init__(self) -> None:
        """Refuse cut-offs that leave no intermediate group."""
        cuts = (self.cut_low, self.cut_high)
        if not np.isfinite(cuts).all() or not self.cut_low < self.cut_high:
            raise SurvivalError(
                f"risk groups need two different cut-offs; got {cuts[0]:g} and {cuts[1]:g}",
                code="SURVIVAL-CUTS",
                why="the risks of the reference patients hardly differ",
            )

    @classmethod
    def fit(
        cls, risk: Float[ndarray, " n"], shares: tuple[float, float] = (1 / 3, 2 / 3)
    ) -> "RiskGroups":
        """Return the cut-offs at two quantiles of the reference risks; tertiles by default.

        Args:
            risk: Out-of-fold risks of the training patients: risks of the model on its own
                training patients would flatter the groups.
            shares: The two quantiles.

        Raises:
            SurvivalError: ``SURVIVAL-CUTS`` if the risks do not differ enough.
        """
        risk = check_risk(risk, len(risk))
        if len(risk) < len(GROUP_NAMES) or not 0 < shares[0] < shares[1] < 1:
            raise SurvivalError(
                f"cannot cut {len(risk)} risks at {shares}", code="SURVIVAL-CUTS"
            )
        low, high = np.quantile(risk, shares)
        return cls(cut_low=float(low), cut_high=float(high))

    def assign(self, risk: float) -> RiskGroup:
        """Return the group of one risk.

        Raises:
            SurvivalError: If the risk is not a finite number.
        """
        if not np.isfinite(risk):
            raise SurvivalError(f"a risk of {risk} has no group", code="SURVIVAL-RISK")
        if risk < self.cut_low:
            return "lower"
        return "higher" if risk >= self.cut_high else "intermediate"

    def to_dict(self) -> dict[str, float]:
        """Return the cut-offs as JSON values."""
        return {"cut_low": self.cut_low, "cut_high": self.cut_high}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "RiskGroups":
        """Return the groups that :meth:`to_dict` wrote.

        Raises:
            SurvivalError: If a field is missing, unknown or not a number.
        """
        if set(values) != {"cut_low", "cut_high"}:
            raise SurvivalError(_FIELDS, code="SURVIVAL-CUTS")
        try:
            low, high = (float(cast("float", values[name])) for name in ("cut_low", "cut_high"))
        except (TypeError, ValueError) as error:
            raise SurvivalError(_FIELDS, code="SURVIVAL-CUTS") from error
        return cls(cut_low=low, cut_high=high)


def risk_percentile(risk: float, reference: Float[ndarray, " n"]) -> float:
    """Return where a risk stands among reference risks, in [0, 100].

    The share of lower reference risks, those equal counted one half; 50 is the middle.

    Raises:
        SurvivalError: If the reference is empty or a risk is not a finite number.
    """
    if len(reference) == 0 or not np.isfinite(risk):
        raise SurvivalError("no percentile without risks", code="SURVIVAL-RISK")
    reference = check_risk(reference, len(reference))
    lower, equal = (reference < risk).mean(), (reference == risk).mean()
    return float(100 * (lower + 0.5 * equal))
