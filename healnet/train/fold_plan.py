"""Who does what in a fold, and everything that is fitted on its training patients alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from healnet.data.cohort import Cohort
from healnet.data.encoded_case import EncodedCase, encode_case
from healnet.data.input_spec import SLIDE, InputSpec, SlideSpec
from healnet.data.splits import Fold, hold_out
from healnet.exceptions import ModalityError, TableError
from healnet.omics.table_schema import TableSchema
from healnet.survival.time_bins import TimeBins
from healnet.train.card import RARE_PATIENTS
from healnet.train.cohort_cases import CohortCases
from healnet.train.patients import EncodedPatients
from healnet.train.recipe import Recipe

_RARE_SHARE = 0.25  # of the patients who have the commonest modality


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldPlan:
    """One fold before training.

    Attributes:
        number: Of the fold and of its member.
        fit: Patients whose gradients train the member.
        stop: Patients who decide when to stop; they never enter a gradient.
        held_out: Patients who are looked at once, at the end.
        inputs: Names and scalers, from ``fit`` and ``stop``.
        time_bins: From ``fit`` and ``stop``.
    """

    number: int
    fit: tuple[str, ...]
    stop: tuple[str, ...]
    held_out: tuple[str, ...]
    inputs: InputSpec
    time_bins: TimeBins


def plan_fold(
    data: CohortCases, fold: Fold, *, number: int, inputs: InputSpec, recipe: Recipe
) -> FoldPlan:
    """Return the plan of a fold; nothing in it depends on the held-out patients.

    A modality that no ``fit`` patient has cannot be learned by this member and is left out of
    its inputs.

    Args:
        data: All patients.
        fold: Its two sides.
        number: Of the fold.
        inputs: Names of the features, and the encoder; scalers are fitted anew.
        recipe: Every choice.
    """
    training = data.cohort.subset([one for one in fold.train if one in data.cases])
    inner = _inner_split(data, training, recipe=recipe, number=number)
    seen = data.modalities_of(inner.train)
    bins = TimeBins.fit(training.time_months, training.event, recipe.num_bins)
    return FoldPlan(
        number=number,
        fit=inner.train,
        stop=inner.validation,
        held_out=tuple(one for one in fold.validation if one in data.cases),
        inputs=InputSpec(
            slide=inputs.slide if SLIDE in seen else None,
            tables=_refit(inputs.tables, training, seen),
        ),
        time_bins=bins,
    )


def _inner_split(data: CohortCases, training: Cohort, *, recipe: Recipe, number: int) -> Fold:
    """Return who trains and who decides when to stop.

    A patient with a modality that hardly anybody has always trains: there it can be learned,
    while one patient says nothing about when to stop. Rare is what few have beside others who
    are many; and if such patients are most of all, they share both sides like anybody.
    """
    counts = data.counts()
    limit = min(RARE_PATIENTS, max(counts.values()) * _RARE_SHARE)
    rare = {name for name, count in counts.items() if count < limit}
    always = tuple(one for one in training.case_ids if data.modalities_of((one,)) & rare)
    if len(always) > len(training) / 2:
        always = ()
    others = training.subset([one for one in training.case_ids if one not in set(always)])
    inner = hold_out(others, share=recipe.inner_validation, seed=recipe.seed + number)
    return Fold(train=(*inner.train, *always), validation=inner.validation)


def _refit(
    schemas: Mapping[str, TableSchema], training: Cohort, seen: frozenset[str]
) -> dict[str, TableSchema]:
    fitted = {}
    for name, schema in schemas.items():
        if name not in seen:
            continue
        try:
            fitted[name] = schema.refit(training.tables[name])
        except TableError:  # no feature varies among these patients: nothing to learn from
            continue
    return fitted


def encode_side(
    data: CohortCases, plan: FoldPlan, case_ids: tuple[str, ...]
) -> EncodedPatients:
    """Return patients as this member takes them; those it cannot read at all are left out."""
    encoded = [one for case_id in case_ids if (one := encode_one(data, plan, case_id))]
    if not encoded:
        return EncodedPatients(
            cases=(), time_bin=np.zeros(0, np.int64), event=np.zeros(0, np.bool_)
        )
    chosen = data.cohort.subset([one.case_id for one in encoded])
    return EncodedPatients(
        cases=encoded,
        time_bin=plan.time_bins.assign(chosen.time_months),
        event=chosen.event,
    )


def encode_one(data: CohortCases, plan: FoldPlan, case_id: str) -> EncodedCase | None:
    """Return one patient as this member takes it; None if it can read nothing of it."""
    try:
        encoded = encode_case(data.cases[case_id], plan.inputs)
    except ModalityError:
        return None
    if SLIDE not in encoded.tokens:
        return encoded
    shared = data.bags[case_id]  # the same arrays for all folds
    return replace(encoded, tokens={**encoded.tokens, SLIDE: shared})


def describe_inputs(cohort: Cohort, slide: SlideSpec | None) -> InputSpec:
    """Return names and scale of every table over all patients: what the whole model takes."""
    tables = {}
    for name, frame in cohort.tables.items():
        tables[name] = TableSchema.fit(frame, name, units=cohort.units)
    return InputSpec(slide=slide, tables=tables)
