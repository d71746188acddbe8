"""A result in words: the sentences that stand above every chart, made from numbers alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.cohort_view import CohortView, GroupSummary
from app.model_facts import Concordance
from healnet.explain.charts.styles import ordinal
from healnet.survival.landmarks import survival_at

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction

MONTHS_A_YEAR = 12
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
GROUP_WORDS = {
    "lower": "Lower-risk group",
    "intermediate": "Intermediate-risk group",
    "higher": "Higher-risk group",
}
SMALL_P = 0.001
SAME_MONTH = 0.05


@dataclass(frozen=True, kw_only=True)
class HeadlineWords:
    """The headline, in the order in which it is read.

    Attributes:
        group: "Higher-risk group".
        percentile: "82nd percentile".
        reference: "of 284 reference patients (name, held-out folds)".
        survival: "Estimated 5-year overall survival 58 of 100".
        range: "range across five models 47-66, percentiles 61st to 93rd", or that there is only
            one model.
    """

    group: str
    percentile: str
    reference: str
    survival: str
    range: str

    @property
    def sentence(self) -> str:
        """The whole headline as text that can be copied."""
        return (
            f"{self.group}, {self.percentile} {self.reference}. {self.survival} ({self.range})."
        )


def headline(
    prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView
) -> HeadlineWords:
    """Return the headline of a prediction."""
    horizon = horizon_survival(prediction, bundle)
    low, high = (
        _of_hundred(_survival(curve, bundle, horizon.months))
        for curve in (prediction.survival_low, prediction.survival_high)
    )
    num_models = len(prediction.member_risks)
    return HeadlineWords(
        group=GROUP_WORDS[prediction.risk_group],
        percentile=f"{ordinal(prediction.risk_percentile)} percentile",
        reference=f"of {cohort.num_patients} reference patients "
        f"({bundle.cohort_name}, held-out folds)",
        survival=f"Estimated {horizon.span} {bundle.endpoint} {horizon.of_hundred} of 100",
        range=f"range across {spelled(num_models)} models {low}\u2013{high}, "
        f"{_percentile_range(prediction)}"
        if num_models > 1
        else "one model, which did not see this patient",
    )


def _percentile_range(prediction: "Prediction") -> str:
    """Return where the models put the patient: a group is no harder than that."""
    ranks = prediction.member_percentiles.values()
    return f"percentiles {ordinal(min(ranks))} to {ordinal(max(ranks))}"


@dataclass(frozen=True, kw_only=True)
class HorizonSurvival:
    """What the headline says of survival, and between which time points it was read.

    Attributes:
        months: The horizon.
        span: The same as people say it: "5-year".
        survival: Share alive, in [0, 1].
        before: The model's last time point up to the horizon, months; 0 is the start.
        after: Its next one; the same where the horizon is a time point, to a day or two.
    """

    months: float
    span: str
    survival: float
    before: float
    after: float

    @property
    def of_hundred(self) -> int:
        """Survivors of a hundred, as the headline says."""
        return _of_hundred(self.survival)


def horizon_survival(prediction: "Prediction", bundle: "ModelBundle") -> HorizonSurvival:
    """Return the survival that the headline states: the one number for sentence and chart."""
    months = prediction.headline_months
    years = int(months // MONTHS_A_YEAR) if months % MONTHS_A_YEAR == 0 else 0
    edges = (0.0, *bundle.time_bins.right_edges)
    return HorizonSurvival(
        months=months,
        span=f"{years}-year" if years else f"{months:.0f}-month",
        survival=_survival(prediction.survival, bundle, months),
        before=max(edge for edge in edges if edge <= months + SAME_MONTH),
        after=min(edge for edge in edges if edge >= months - SAME_MONTH),
    )


def interpolation_words(found: HorizonSurvival) -> str:
    """Return where the headline's survival stands on the chart, and how it was read."""
    dot = f"Open dot: the {found.span} survival of the headline"
    if found.before == found.after:
        return (
            f"{dot}, which the model states for this month. Between its dots the dotted line "
            "holds the last one: it does not mean that nothing happens there."
        )
    return (
        f"{dot}, read between the model's time points at {found.before:.0f} and "
        f"{found.after:.0f} months with a constant hazard. The steps are what the model states."
    )


def c_words(found: Concordance | None) -> str:
    """Return a concordance with its interval, or why there is none."""
    if found is None:
        return "C not shown (too few events)"
    return f"C {found.value:.2f} ({found.low:.2f}\u2013{found.high:.2f})"


def median_words(summary: GroupSummary) -> str:
    """Return the median survival of a group: ``31 months (24-40)`` or "not reached"."""
    median = summary.median
    if median.months is None:
        return "not reached"
    low, high = (
        "?" if edge is None else f"{edge:.0f}" for edge in (median.lower, median.upper)
    )
    upper = "not reached" if median.upper is None else high
    return f"{median.months:.0f} months ({low}\u2013{upper})"


def p_words(p_value: float | None, missing: str = "") -> str:
    """Return a p-value with two significant figures, or why there is none."""
    if p_value is None:
        return f"log-rank p not shown ({missing})"
    if p_value < SMALL_P:
        return "log-rank p < 0.001"
    return f"log-rank p = {p_value:.2g}"


def spelled(number: int) -> str:
    """Return a small number as a word."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def _survival(curve: NDArray[np.float64], bundle: "ModelBundle", months: float) -> float:
    return survival_at(curve, bundle.time_bins, months, interpolation="constant_hazard")


def _of_hundred(survival: float) -> int:
    return round(100 * survival)
