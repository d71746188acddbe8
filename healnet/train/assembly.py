"""From trained members to a model: reference cohort, groups, statistics, card."""

import hashlib
from collections.abc import Sequence

import torch
from jaxtyping import Float64
from numpy import ndarray

from healnet.bundle.domain import SlideDomain
from healnet.bundle.model_bundle import Member, ModelBundle
from healnet.bundle.reference import Reference, hash_case, within_fold_percentiles
from healnet.bundle.trained_on import TrainedOn, hash_entries, slide_hashes
from healnet.data.input_spec import InputSpec
from healnet.exceptions import Notice, SurvivalError
from healnet.survival.outcome import event_notices
from healnet.survival.risk_groups import RiskGroups
from healnet.survival.time_bins import TimeBins
from healnet.train.card import build_card, rare_notices
from healnet.train.cohort_cases import CohortCases
from healnet.train.feature_quantiles import feature_quantiles
from healnet.train.fold_plan import FoldPlan
from healnet.train.metrics import COLLAPSED_SD, measure
from healnet.train.out_of_fold import OutOfFold, score_held_out
from healnet.train.recipe import Recipe

_TERTILES = RiskGroups(cut_low=100 / 3, cut_high=200 / 3)


def assemble(
    data: CohortCases,
    plans: Sequence[FoldPlan],
    members: Sequence[Member],
    *,
    inputs: InputSpec,
    recipe: Recipe,
    start: ModelBundle | None = None,
) -> ModelBundle:
    """Return the model that the members make together, not yet written.

    Args:
        data: The training patients.
        plans: Of the folds.
        members: Trained, one a fold, rounded as they will be stored.
        inputs: What the model takes.
        recipe: Every choice.
        start: The model whose weights they started from.
    """
    cohort = data.cohort.subset(list(data.cases))
    shared = TimeBins.fit(cohort.time_months, cohort.event, recipe.num_bins)
    held_out = score_held_out(data, plans, members, shared)
    metrics = measure(held_out, cohort, replicates=recipe.replicates, seed=recipe.seed)
    notices = (
        *data.notices,
        *event_notices(int(cohort.event.sum())),
        *rare_notices(data.counts()),
        *collapse_notices(held_out),
    )
    percentile = within_fold_percentiles(held_out.risk, held_out.fold)
    groups, salt = _groups(percentile), _salt(members)
    return ModelBundle(
        name=recipe.name,
        ensemble=tuple(members),
        time_bins=shared,
        inputs=inputs,
        reference=_reference(data, held_out, groups, percentile=percentile, salt=salt),
        groups=groups,
        card=build_card(recipe, data, metrics, notices=notices, start=start),
        slide_domain=SlideDomain.fit(data.mean_features()) if data.bags else None,
        quantiles=feature_quantiles(cohort, inputs, start=start),
        trained_on=_trained_on(data, plans, start, salt=salt),
    )


def _trained_on(
    data: CohortCases, plans: Sequence[FoldPlan], start: ModelBundle | None, *, salt: str
) -> TrainedOn:
    """Return whom the members have seen: in their own training, and before it."""
    sides = [(plan.number, {*plan.fit, *plan.stop}) for plan in plans]
    own = hash_entries(
        (
            (case, tuple(number for number, side in sides if case_id in side))
            for case_id, case in data.cases.items()
        ),
        salt=salt,
    )
    if start is None:
        return own
    parents = len(start.ensemble)
    return own.joined(start.trained_on.inherited(len(plans), num_parents=parents))


def collapse_notices(held_out: OutOfFold) -> tuple[Notice, ...]:
    """Return a warning if a member gives every patient nearly the same risk."""
    flat = [
        number
        for number in sorted(set(held_out.fold.tolist()))
        if held_out.risk[held_out.fold == number].std() < COLLAPSED_SD
    ]
    if not flat:
        return ()
    return (
        Notice(
            code="MODEL-COLLAPSED",
            what=f"{len(flat)} of {len(set(held_out.fold.tolist()))} models give all patients "
            f"nearly the same risk (standard deviation below {COLLAPSED_SD:g})",
            why="the order of such risks is numerical residue, not prognosis",
            fix="train longer, with a higher learning rate or with more patients",
        ),
    )


def _groups(percentile: Float64[ndarray, " n"]) -> RiskGroups:
    try:
        return RiskGroups.fit(percentile)
    except SurvivalError:  # all risks equal: the groups of an even spread
        return _TERTILES


def _reference(
    data: CohortCases,
    held_out: OutOfFold,
    groups: RiskGroups,
    *,
    percentile: Float64[ndarray, " n"],
    salt: str,
) -> Reference:
    chosen = data.cohort.subset(held_out.case_ids)
    return Reference(
        risk=held_out.shown_risk,
        own_risk=held_out.risk,
        percentile=percentile,
        fold=held_out.fold,
        time_months=chosen.time_months,
        event=chosen.event,
        group=tuple(groups.assign(float(value)) for value in percentile),
        case_hash=tuple(hash_case(case_id, salt=salt) for case_id in held_out.case_ids),
        slide_hashes=tuple(
            " ".join(hash_case(one, salt=salt) for one in slide_hashes(data.cases[case_id]))
            for case_id in held_out.case_ids
        ),
        salt=salt,
    )


def _salt(members: Sequence[Member]) -> str:
    """Return a salt of its own for every model, the same for the same weights."""
    digest = hashlib.sha256(b"healnet case hash")
    for member in members:
        for value in member.network.state_dict().values():
            digest.update(value.to(torch.float32).numpy().tobytes())
    return digest.hexdigest()[:32]
