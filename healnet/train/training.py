"""Training a model on a cohort: the entry point for the command line, jobs and the study."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from healnet.bundle.folder import write_bundle
from healnet.bundle.model_bundle import Member, ModelBundle
from healnet.data.cohort import Cohort
from healnet.data.encode_progress import Progress
from healnet.data.input_spec import InputSpec
from healnet.data.splits import Fold, check_folds, patient_folds
from healnet.exceptions import ConfigError, TrainingError
from healnet.model.config import HealNetConfig
from healnet.model.device import pick_device
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.train.assembly import assemble
from healnet.train.cohort_cases import CohortCases, load_cases
from healnet.train.fine_tuning import check_start, start_network
from healnet.train.fold_plan import FoldPlan, describe_inputs, encode_side, plan_fold
from healnet.train.loop import EpochLosses
from healnet.train.member_training import (
    DTYPES,
    Reporter,
    Sides,
    new_network,
    train_member,
)
from healnet.train.patients import EncodedPatients
from healnet.train.principal_start import start_at_base_hazards, start_at_principal_axes
from healnet.train.recipe import Recipe
from healnet.train.run_folder import RunFolder

_DECIDED_ELSEWHERE = {
    "modalities": "they are those of the cohort",
    "num_bins": "set num_bins beside 'model'",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """A training run before it starts.

    Attributes:
        data: The patients.
        plans: Of the folds.
        inputs: What the model will take.
        config: Of every member.
        recipe: Every choice.
        start: A model to start from, or None.
    """

    data: CohortCases
    plans: tuple[FoldPlan, ...]
    inputs: InputSpec
    config: HealNetConfig
    recipe: Recipe
    start: ModelBundle | None = None

    @property
    def digest(self) -> str:
        """Return a hash of everything that decides the result."""
        sides = [(plan.fit, plan.stop, plan.held_out) for plan in self.plans]
        parts = (self.recipe.digest, self.data.digest, sides, self.start and self.start.sha256)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def train_model(
    cohort: Cohort,
    *,
    recipe: Recipe,
    out_dir: Path,
    folds: Sequence[Fold] | None = None,
    start: ModelBundle | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ModelBundle:
    """Train an ensemble by cross-validation, write the model folder, return the model.

    A run that was stopped, started again with the same recipe, cohort and folder, goes on
    where it was and ends with the same bits.

    Args:
        cohort: Patients with outcome, tables and feature files.
        recipe: Every choice.
        out_dir: The model folder; new, empty, or of an earlier run.
        folds: Ready-made splits; by default ``recipe.folds`` of equal event share.
        start: A model whose weights to start from.
        progress: Called after every epoch.
        cancelled: Asked after every epoch; True stops, and what is done is kept.

    Raises:
        TrainingError: ``TRAIN-FEW-EVENTS`` with the numbers, ``TRAIN-NO-INPUT``,
            ``TRAIN-DIVERGED``.
        CohortError: If the folds do not fit the cohort.
        Cancelled: If the user asked to stop.
    """
    design = design_run(cohort, recipe=recipe, folds=folds, start=start)
    folder = RunFolder(path=out_dir, digest=design.digest)
    folder.write_folds(design.plans)
    reporter = Reporter(
        recipe=recipe, num_folds=len(design.plans), progress=progress, cancelled=cancelled
    )
    members: list[Member] = []
    losses: dict[int, list[EpochLosses]] = {}
    for plan in design.plans:
        member, losses[plan.number] = _train_fold(design, plan, folder, reporter)
        members.append(member)
        folder.write_losses(losses)
    bundle = assemble(
        design.data,
        design.plans,
        members,
        inputs=design.inputs,
        recipe=recipe,
        start=design.start,
    )
    folder.write_metrics(bundle.card["performance"])  # type: ignore[arg-type]
    day = datetime.now(UTC).date().isoformat()
    written = write_bundle(out_dir, bundle, created=day, dtype=DTYPES[recipe.stored_as])
    folder.clear()
    return written


def design_run(
    cohort: Cohort,
    *,
    recipe: Recipe,
    folds: Sequence[Fold] | None = None,
    start: ModelBundle | None = None,
) -> Design:
    """Return a checked run: patients read, folds drawn, everything fitted per fold."""
    refuse_few_events(cohort, recipe)
    data = load_cases(cohort)
    usable = cohort.subset(list(data.cases))
    refuse_few_events(usable, recipe)
    chosen = (
        tuple(folds) if folds is not None else patient_folds(usable, recipe.folds, recipe.seed)
    )
    check_folds(chosen, cohort.case_ids)
    if start is None:
        inputs = describe_inputs(usable, data.slide)
        config = build_config(inputs, recipe)
    else:
        inputs, config = check_start(start, data, recipe)
    plans = tuple(
        plan_fold(data, fold, number=number, inputs=inputs, recipe=recipe)
        for number, fold in enumerate(chosen)
    )
    return Design(
        data=data, plans=plans, inputs=inputs, config=config, recipe=recipe, start=start
    )


def build_config(inputs: InputSpec, recipe: Recipe) -> HealNetConfig:
    """Return the default network for these inputs, with the recipe's overrides.

    Raises:
        ConfigError: If an override is unknown, cannot work, or says what the cohort or another
            setting says.
    """
    for name in recipe.model:
        if not isinstance(name, str) or name in _DECIDED_ELSEWHERE:
            where = _DECIDED_ELSEWHERE.get(name, "a setting has a name")
            raise ConfigError(
                f"'model' cannot set {name!r}: {where}", code="TRAIN-CONFIG", where="model"
            )
    modalities = [table(name, len(one.features)) for name, one in inputs.tables.items()]
    if inputs.slide is not None:
        modalities.insert(0, bag("slide", inputs.slide.encoder.dim))
    return default(modalities, recipe.num_bins, **recipe.model)


def refuse_few_events(cohort: Cohort, recipe: Recipe) -> None:
    """Refuse a cohort from which nothing can be learned.

    Raises:
        TrainingError: ``TRAIN-FEW-EVENTS``, with the number there is and the number needed.
    """
    events = int(cohort.event.sum())
    if events < recipe.min_events:
        raise TrainingError(
            f"{events} event{'' if events == 1 else 's'}; at least {recipe.min_events} needed "
            "to train",
            code="TRAIN-FEW-EVENTS",
            where=cohort.name,
            why=f"risks learned from {len(cohort)} patients with so few events would be noise",
            fix="add patients or follow-up, or set min_events knowing this",
        )


def _refuse_empty(sides: Sides, plan: FoldPlan) -> None:
    """Refuse a fold in which nobody can be learned from, or nobody says when to stop.

    Raises:
        TrainingError: ``TRAIN-EMPTY-SIDE``.
    """
    for side, role, named in (
        (sides.fit, "learned from", plan.fit),
        (sides.stop, "asked when to stop", plan.stop),
    ):
        if len(side) == 0:
            raise TrainingError(
                f"none of the {len(named)} patients to be {role} can be read by model "
                f"{plan.number + 1}",
                code="TRAIN-EMPTY-SIDE",
                why="what they have was not seen in this fold's training",
                fix="add patients, use other folds, or change inner_validation",
            )


def _train_fold(
    design: Design, plan: FoldPlan, folder: RunFolder, reporter: Reporter
) -> tuple[Member, list[EpochLosses]]:
    sides = Sides(
        fit=encode_side(design.data, plan, plan.fit),
        stop=encode_side(design.data, plan, plan.stop),
    )
    _refuse_empty(sides, plan)
    network = first_network(design, plan, sides.fit).to(pick_device("auto"))
    return train_member(network, plan, sides, folder=folder, reporter=reporter)


def first_network(design: Design, plan: FoldPlan, fit: EncodedPatients) -> HealNet:
    """Return a member with its first weights: drawn, then fitted to those who train it."""
    if design.start is not None:
        return start_network(design.start, plan.number)
    network = new_network(design.config, design.recipe, plan.number)
    start_at_principal_axes(network, fit)
    start_at_base_hazards(network, fit)
    return network
