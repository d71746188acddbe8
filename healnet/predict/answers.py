"""The members' answers about one case, and what they make together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from healnet.bundle.model_bundle import ModelBundle
from healnet.bundle.time_axis import Answer
from healnet.data.case import Case
from healnet.data.clinical_columns import refuse_impossible_row
from healnet.data.collate import collate
from healnet.data.encoded_case import EncodedCase, encode_case
from healnet.data.input_spec import SLIDE, InputSpec
from healnet.exceptions import HealNetError, ModalityError
from healnet.explain.prediction import SubsetRisk
from healnet.model.tokens import Tokens
from healnet.omics.name_match import refuse_few_values

TokensByName = Mapping[str, Tokens]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One member with the case as that member takes it.

    Attributes:
        number: Of the member.
        encoded: Its tables in the member's scale, and what was noticed.
        tokens: Everything it can read, as a batch of one; the bag is shared by all members.
        answer: About everything the member can read of the case.
    """

    number: int
    encoded: EncodedCase
    tokens: TokensByName
    answer: Answer


def read_case(bundle: ModelBundle, case: Case, numbers: Iterable[int]) -> tuple[Reading, ...]:
    """Return what each member makes of a case; members that can read nothing are left out.

    Raises:
        HealNetError: What the first member says, if none can read anything.
        TableError: ``OMICS-FEW-VALUES`` if too little of a table is measured; ``TABLE-CELL``
            if a clinical value cannot be.
    """
    readings: list[Reading] = []
    first_refusal: HealNetError | None = None
    bag: Tokens | None = None
    for number in numbers:
        try:
            encoded = encode_checked(case, bundle.ensemble[number].inputs)
        except ModalityError as error:
            first_refusal = first_refusal or error
            continue
        tokens = collate([_without_slide(encoded)]) if _has_tables(encoded) else {}
        if SLIDE in encoded.tokens:
            bag = bag or collate([_only_slide(encoded)])[SLIDE]  # the same for all members
            tokens = {SLIDE: bag, **tokens}
        answer = bundle.ask(number, tokens)
        readings.append(
            Reading(
                number=number, encoded=_without_slide(encoded), tokens=tokens, answer=answer
            )
        )
    if not readings:
        raise first_refusal or ModalityError(
            "no model can read this case", code="MODEL-NO-INPUT"
        )
    return tuple(readings)


def encode_checked(case: Case, inputs: InputSpec) -> EncodedCase:
    """Return the tokens of a case whose tables are possible and measured well enough.

    Raises:
        HealNetError: As :func:`healnet.data.encoded_case.encode_case`; ``OMICS-FEW-VALUES`` and
            ``TABLE-CELL`` for a row with too little, or with what cannot be.
    """
    encoded = encode_case(case, inputs)
    for name, report in encoded.match.items():
        if name in encoded.tokens:
            refuse_few_values(report, inputs.tables[name].floor)
        if name == "clinical":
            refuse_impossible_row(case.tables[name], inputs.tables[name], case.case_id)
    return encoded


def _has_tables(encoded: EncodedCase) -> bool:
    return any(name != SLIDE for name in encoded.tokens)


def _without_slide(encoded: EncodedCase) -> EncodedCase:
    kept = {name: one for name, one in encoded.tokens.items() if name != SLIDE}
    return replace(encoded, tokens=kept)


def _only_slide(encoded: EncodedCase) -> EncodedCase:
    return replace(encoded, tokens={SLIDE: encoded.tokens[SLIDE]})


def modalities_read(bundle: ModelBundle, readings: Sequence[Reading]) -> tuple[str, ...]:
    """Return what at least one forward pass really read, in reading order."""
    read = {name for one in readings for name in one.answer.modalities}
    return tuple(name for name in bundle.modalities if name in read)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Several answers as one.

    Attributes:
        risk: Mean.
        low: Lowest.
        high: Highest.
        risks: By member.
        percentiles: By member, among the patients that member held out.
        percentile: Their mean.
        survival: Mean S.
        survival_low: Lowest S.
        survival_high: Highest S.
    """

    risk: float
    low: float
    high: float
    risks: Mapping[int, float]
    percentiles: Mapping[int, float]
    percentile: float
    survival: Float64[ndarray, " k"]
    survival_low: Float64[ndarray, " k"]
    survival_high: Float64[ndarray, " k"]

    @property
    def hazards(self) -> Float64[ndarray, " k"]:
        """Probability of the event in each bin given survival up to it."""
        before = np.concatenate([[1.0], self.survival[:-1]])
        alive = before > 0
        hazards = np.ones_like(before)
        hazards[alive] = 1 - self.survival[alive] / before[alive]
        clipped: Float64[ndarray, " k"] = np.clip(hazards, 0.0, 1.0)
        return clipped


def combine(bundle: ModelBundle, answers: Mapping[int, Answer]) -> Ensemble:
    """Return the mean of the members, with the lowest and the highest beside it."""
    risks = {number: answer.risk for number, answer in answers.items()}
    percentiles = {
        number: bundle.percentile(answer, member=number) for number, answer in answers.items()
    }
    survival = np.stack([answer.survival for answer in answers.values()])
    return Ensemble(
        risk=float(np.mean(list(risks.values()))),
        low=min(risks.values()),
        high=max(risks.values()),
        risks=risks,
        percentiles=percentiles,
        percentile=float(np.mean(list(percentiles.values()))),
        survival=survival.mean(axis=0),
        survival_low=survival.min(axis=0),
        survival_high=survival.max(axis=0),
    )


def subset_risks(
    bundle: ModelBundle, readings: Sequence[Reading], used: tuple[str, ...]
) -> dict[tuple[str, ...], SubsetRisk]:
    """Return the risk with each modality alone, with all tables, and with everything."""
    found = {}
    for subset in _subsets(used):
        answers = {}
        for one in readings:
            kept = {name: tokens for name, tokens in one.tokens.items() if name in subset}
            if kept:
                answers[one.number] = bundle.ask(one.number, kept)
        joint = combine(bundle, answers)
        found[subset] = SubsetRisk(
            risk=joint.risk, percentile=joint.percentile, low=joint.low, high=joint.high
        )
    return found


def _subsets(used: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    tables = tuple(name for name in used if name != SLIDE)
    wanted = [*((name,) for name in used), *([tables] if tables else []), used]
    return tuple(dict.fromkeys(wanted))
