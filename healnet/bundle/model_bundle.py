"""A trained model in memory: its members, what they take, and whom they are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from healnet.bundle.domain import SlideDomain
from healnet.bundle.reference import Reference
from healnet.bundle.time_axis import Answer, ask, elapsed_shares, risk_on
from healnet.bundle.trained_on import TrainedOn
from healnet.data.input_spec import InputSpec
from healnet.exceptions import BundleError
from healnet.model.config import HealNetConfig
from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens
from healnet.survival.risk_groups import RiskGroups
from healnet.survival.time_bins import TimeBins


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """One network of the ensemble and everything fitted on its own training patients.

    Attributes:
        network: Frozen, in evaluation mode.
        inputs: What it can read: names and scalers, fitted without the patients it held out. A
            modality that none of its training patients had is left out.
        time_bins: Fitted without them, too.
    """

    network: HealNet
    inputs: InputSpec
    time_bins: TimeBins

    def __post_init__(self) -> None:
        """Freeze the network."""
        self.network.requires_grad_(requires_grad=False).eval()


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelBundle:
    """A trained model.

    Attributes:
        name: Name of the model.
        sha256: Hash over the hashes of its files; empty before it is written.
        created: Day on which it was written, ISO 8601; not part of the hash.
        ensemble: Members; member i held out the patients of fold i.
        time_bins: The axis on which members are averaged and shown.
        inputs: What the model takes, fitted on all training patients.
        reference: Out-of-fold risks of the training patients.
        groups: Cut-offs on the percentile.
        card: What a reader must know about the model.
        slide_domain: Where the training slides lie; None without slides.
        quantiles: By table, quantiles of each feature among the training patients, in the order
            of ``inputs``.
        trained_on: Whom each member has seen, patients of a model it was tuned from included.
    """

    name: str
    sha256: str = ""
    created: str = ""
    ensemble: tuple[Member, ...]
    time_bins: TimeBins
    inputs: InputSpec
    reference: Reference
    groups: RiskGroups
    card: Mapping[str, object]
    slide_domain: SlideDomain | None = None
    quantiles: Mapping[str, Float[ndarray, "p q"]] = field(default_factory=dict)
    trained_on: TrainedOn = field(default_factory=TrainedOn)

    def __post_init__(self) -> None:
        """Refuse a model without members."""
        if not self.ensemble:
            raise BundleError("a model needs at least one member", code="MODEL-EMPTY")

    @property
    def members(self) -> tuple[HealNet, ...]:
        """The networks, frozen and in evaluation mode."""
        return tuple(member.network for member in self.ensemble)

    @property
    def config(self) -> HealNetConfig:
        """Configuration of the first member; the others differ at most in feature counts."""
        return self.ensemble[0].network.config

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of what the model can read, in reading order."""
        return self.config.names

    @property
    def endpoint(self) -> str:
        """What the model estimates, e.g. "overall survival"."""
        return str(self._data_of_card().get("endpoint") or "overall survival")

    @property
    def cohort_name(self) -> str:
        """Name of the reference cohort."""
        data = self._data_of_card()
        return str(data.get("description") or data.get("source") or self.name).rstrip(". ")

    def _data_of_card(self) -> Mapping[str, object]:
        data = self.card.get("data")
        return data if isinstance(data, Mapping) else {}

    @property
    def is_synthetic(self) -> bool:
        """Whether it was trained on invented patients."""
        return bool(self.card.get("is_synthetic", False))

    def ask(self, member: int, tokens: Mapping[str, Tokens]) -> Answer:
        """Return a member's answer about one patient, on the shared time axis."""
        return ask(self.ensemble[member].network, tokens, self._shares[member])

    def percentile(self, answer: Answer, *, member: int) -> float:
        """Return the rank of a member's answer among the patients that this member held out."""
        is_own = self.reference.own_risk is not None
        ranked = answer.own_risk if is_own else answer.risk
        return self.reference.percentile_of(ranked, fold=member)

    def risk(self, logits: Float[Tensor, "b k"], *, member: int) -> Float[Tensor, " b"]:
        """Return a member's risk from its logits; differentiable; higher is worse."""
        return risk_on(logits, self._shares[member])

    @cached_property
    def _shares(self) -> tuple[Float[Tensor, "j k"], ...]:
        return tuple(elapsed_shares(one.time_bins, self.time_bins) for one in self.ensemble)
