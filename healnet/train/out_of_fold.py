"""Risks of patients by the one member that did not see them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from healnet.bundle.model_bundle import Member
from healnet.bundle.time_axis import Answer, ask, elapsed_shares
from healnet.data.collate import collate
from healnet.data.input_spec import SLIDE
from healnet.survival.time_bins import TimeBins
from healnet.train.cohort_cases import CohortCases
from healnet.train.fold_plan import FoldPlan, encode_one

Subset = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFold:
    """Held-out patients, one entry a patient.

    Attributes:
        case_ids: Whom.
        fold: By which member.
        risk: With everything the patient has, on the member's own time bins, which know
            nothing of the patient. All judging and ranking is of these.
        shown_risk: The same on the shared axis.
        available: What the member read of the patient.
        subset_risk: By subset of modalities, the risk with only these; NaN for patients who
            have none of them.
    """

    case_ids: tuple[str, ...]
    fold: Int64[ndarray, " n"]
    risk: Float64[ndarray, " n"]
    shown_risk: Float64[ndarray, " n"]
    available: tuple[Subset, ...]
    subset_risk: Mapping[Subset, Float64[ndarray, " n"]]


def score_held_out(
    data: CohortCases, plans: Sequence[FoldPlan], members: Sequence[Member], shared: TimeBins
) -> OutOfFold:
    """Return the risk of every held-out patient; those whom a member cannot read are left out.

    One patient at a time, exactly as a later prediction will do it.
    """
    subsets = subsets_of(plans)
    rows = [
        row
        for plan, member in zip(plans, members, strict=True)
        for row in _score_fold(data, plan, member, shared, subsets)
    ]
    return OutOfFold(
        case_ids=tuple(row.case_id for row in rows),
        fold=np.array([row.fold for row in rows], dtype=np.int64),
        risk=np.array([row.answer.own_risk for row in rows], dtype=np.float64),
        shown_risk=np.array([row.answer.risk for row in rows], dtype=np.float64),
        available=tuple(row.answer.modalities for row in rows),
        subset_risk={
            subset: np.array([row.subset_risk[subset] for row in rows], dtype=np.float64)
            for subset in subsets
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Row:
    case_id: str
    fold: int
    answer: Answer
    subset_risk: Mapping[Subset, float]


def _score_fold(
    data: CohortCases,
    plan: FoldPlan,
    member: Member,
    shared: TimeBins,
    subsets: Sequence[Subset],
) -> Iterator[_Row]:
    shares = elapsed_shares(member.time_bins, shared)
    for case_id in plan.held_out:
        encoded = encode_one(data, plan, case_id)
        if encoded is None:
            continue
        tokens = collate([encoded])
        answer = ask(member.network, tokens, shares)
        risks = {}
        for subset in subsets:
            kept = {name: one for name, one in tokens.items() if name in subset}
            risks[subset] = ask(member.network, kept, shares).own_risk if kept else np.nan
        yield _Row(
            case_id=case_id,
            fold=plan.number,
            answer=answer,
            subset_risk=risks,
        )


def subsets_of(plans: Sequence[FoldPlan]) -> tuple[Subset, ...]:
    """Return each modality alone, and all tables together, as far as the members know them."""
    names = tuple(dict.fromkeys(name for plan in plans for name in plan.inputs.modalities))
    return proper_subsets(names)


def proper_subsets(names: Sequence[str]) -> tuple[Subset, ...]:
    """Return each modality alone and all tables together; nothing that is everything."""
    tables = tuple(name for name in names if name != SLIDE)
    alone = [(name,) for name in names]
    together = [tables] if len(tables) > 1 else []
    return tuple(one for one in (*alone, *together) if set(one) != set(names))
