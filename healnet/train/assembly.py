"""From trained members to a model: reference cohort, groups, statistics, card."""

import hashlib
from collections.abc import Sequence

import torch

from healnet.bundle.domain import SlideDomain
from healnet.bundle.model_bundle import Member, ModelBundle
from healnet.bundle.reference import Reference, hash_case, within_fold_percentiles
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
) -> ModelBundle:
    """Return the model that the members make together, not yet written.

    Args:
        data: The training patients.
        plans: Of the folds.
        members: Trained, one a fold, rounded as they will be stored.
        inputs: What the model takes.
        recipe: Every choice.
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
    groups = _groups(percentile)
    return ModelBundle(
        name=recipe.name,
        ensemble=tuple(members),
        time_bins=shared,
        inputs=inputs,
        reference=_reference(data, held_out, groups, salt=_salt(members)),
        groups=groups,
        card=build_card(recipe, data, metrics, notices=notices),
        slide_domain=SlideDomain.fit(data.mean_features()) if data.bags else None,
        quantiles=feature_quantiles(cohort, inputs),
    )


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


def _groups(percentile: object) -> RiskGroups:
    try:
        return RiskGroups.fit(percentile)  # type: ignore[arg-type]
    except SurvivalError:  # all risks equal: the groups of an even spread
        return _TERTILES


def _reference(
    data: CohortCases, held_out: OutOfFold, groups: RiskGroups, *, salt: str
) -> Reference:
    chosen = data.cohort.subset(held_out.case_ids)
    percentile = within_fold_percentiles(held_out.risk, held_out.fold)
    return Reference(
        risk=held_out.risk,
        percentile=percentile,
        fold=held_out.fold,
        time_months=chosen.time_months,
        event=chosen.event,
        group=tuple(groups.assign(float(value)) for value in percentile),
        case_hash=tuple(hash_case(case_id, salt=salt) for case_id in held_out.case_ids),
        slide_hashes=tuple(
            " ".join(
                hash_case(sha256, salt=salt)
                for slide in data.cases[case_id].slides
                if (sha256 := slide.slide_sha256 or slide.source_sha256)
            )
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
