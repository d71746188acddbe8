"""What a prediction holds: the numbers, what they were made from, and what moved them.

One object carries the case id, the hashes of every input and the hash of the model, so that no
number can be shown under the name of another patient or model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Float64
from numpy import ndarray

from healnet.data.feature_store import PatchFeatures
from healnet.exceptions import Notice, ShapeError
from healnet.survival.time_bins import TimeBins

MapMethod = Literal["attention", "rollout", "gradient", "perturbation"]
UNLIKE = frozenset({"SLIDE-UNLIKE", "SLIDE-NOT-SYNTHETIC"})  # warnings: out of scope
X_UNIFORM = "x uniform"
LEFT_OUT = "change of risk when left out"
RISK = "risk"


@dataclass(frozen=True, kw_only=True)
class InputHash:
    """SHA-256 of one input, by the role it played (``slide``, ``rna``, ...)."""

    role: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SubsetRisk:
    """The risk when the model is given only some of the modalities.

    Attributes:
        risk: Mean over the members.
        percentile: Mean over the members of the rank, 0 to 100, among the patients whom each
            held out and who were read with everything they have. A mean of ranks lies nearer to
            50 than a rank does.
        low: Lowest member.
        high: Highest member.
    """

    risk: float
    percentile: float
    low: float
    high: float


def effective_share(values: Float[ndarray, " n"]) -> float:
    """Return exp(entropy) of the sizes as a share of their number; 1 is perfectly flat."""
    weights = np.abs(values.astype(np.float64))
    total = weights.sum()
    if total == 0:
        return 1.0
    shares = weights[weights > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()) / len(values))


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchMap:
    """One number a patch.

    Attributes:
        method: How it was made.
        values: One value a patch, in the order of the patches.
        unit: ``x uniform`` (1 is what every patch gets if none stands out) or ``risk``.
        signed: True if negative values lower the risk and positive ones raise it.
        layer: Number of the layer, from 0; None for all.
        head: Number of the head, from 0; None for the mean.
        member: Number of the ensemble member; None for the mean of those used.
        num_regions: How many groups of patches were left out together; None if not by groups.
    """

    method: MapMethod
    values: Float32[ndarray, " n"]
    unit: str
    signed: bool = False
    layer: int | None = None
    head: int | None = None
    member: int | None = None
    num_regions: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that are not numbers."""
        if not np.isfinite(self.values).all():
            raise ShapeError(f"a {self.method} map holds values that are not numbers")

    @property
    def label(self) -> str:
        """What it is, in words for a legend."""
        names = {
            "attention": "cross-attention",
            "rollout": "attention rollout",
            "gradient": "gradient x input",
            "perturbation": LEFT_OUT,
        }
        parts = [names[self.method]]
        if self.method == "attention":
            parts.append("all layers" if self.layer is None else f"layer {self.layer + 1}")
            parts.append("mean of heads" if self.head is None else f"head {self.head + 1}")
        if self.member is not None:
            parts.append(f"model {self.member + 1}")
        return ", ".join(parts)

    @property
    def effective_share(self) -> float:
        """Exponential of the entropy of the absolute values, as a share of the patches.

        1 means perfectly flat: nothing stood out.
        """
        return effective_share(self.values)


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideExplanation:
    """The patches of one slide and the maps on them."""

    features: PatchFeatures
    maps: tuple[PatchMap, ...]

    def find(
        self, method: MapMethod, *, layer: int | None = None, head: int | None = None
    ) -> PatchMap | None:
        """Return the map of this kind, or None if it was not made."""
        wanted = (method, layer, head)
        hits = [m for m in self.maps if (m.method, m.layer, m.head) == wanted]
        return hits[0] if hits else None


@dataclass(frozen=True, kw_only=True)
class FeatureAttribution:
    """What one omic or clinical feature did to the risk.

    Attributes:
        modality: Table it belongs to.
        feature: Name of the feature.
        value: The patient's value as given (number or word).
        cohort_percentile: Rank of the value among the training patients, 0 to 100; None for
            words and where it is not known.
        attribution: Risk added (positive) or taken away (negative) by this value compared with
            the training mean.
    """

    modality: str
    feature: str
    value: float | str | None
    cohort_percentile: float | None
    attribution: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The risk of one case under one model, with its range and its reasons.

    Attributes:
        case_id: Whom it is about.
        model_id: Name of the model.
        model_sha256: Hash of the whole model folder.
        is_synthetic: True if the model learned from invented patients, at first or at all.
        inputs: Hash of every input that was used.
        modalities_used: What the forward pass really read, in reading order.
        risk: Mean of the members; minus the sum of S over the bins, so higher is worse.
        risk_low: Lowest member.
        risk_high: Highest member.
        member_risks: Risk by member number; only the members that were used.
        risk_percentile: Mean over the members of the rank among the patients whom each held
            out, 0 to 100; a mean of several lies nearer to 50 than a single rank.
        member_percentiles: The same by member number.
        risk_group: ``lower``, ``intermediate`` or ``higher``.
        hazards: Probability of the event in each bin given survival up to it.
        survival: S at the right edge of each bin.
        survival_low: Lowest member's S.
        survival_high: Highest member's S.
        bins: The time axis.
        headline_months: Time of which the headline states the survival.
        reference_patients: How many patients the percentile is among.
        subsets: The risk with only these modalities.
        warnings: What a reader must know, in every screen and export.
        slides: Maps by slide.
        attributions: By feature, strongest first.
        convergence_delta: By table: numerical error of the attributions, in risk units.
        unseen: True if the patient is not known from the training of the model.
        notes: Facts that are no warnings, e.g. which members were used.
    """

    case_id: str
    model_id: str
    model_sha256: str
    inputs: tuple[InputHash, ...]
    modalities_used: tuple[str, ...]
    risk: float
    risk_low: float
    risk_high: float
    member_risks: Mapping[int, float]
    risk_percentile: float
    member_percentiles: Mapping[int, float]
    risk_group: str
    hazards: Float64[ndarray, " k"]
    survival: Float64[ndarray, " k"]
    survival_low: Float64[ndarray, " k"]
    survival_high: Float64[ndarray, " k"]
    bins: TimeBins
    headline_months: float
    reference_patients: int
    subsets: Mapping[tuple[str, ...], SubsetRisk] = field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    slides: tuple[SlideExplanation, ...] = ()
    attributions: tuple[FeatureAttribution, ...] = ()
    convergence_delta: Mapping[str, float] = field(default_factory=dict)
    unseen: bool = True
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False
