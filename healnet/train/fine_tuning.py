"""Starting from a trained model: what must agree, and where its weights go."""

from healnet.bundle.model_bundle import ModelBundle
from healnet.bundle.trained_on import slide_hashes
from healnet.data.case import Case
from healnet.data.input_spec import InputSpec
from healnet.exceptions import ConfigError, TrainingError
from healnet.model.config import HealNetConfig
from healnet.model.healnet import HealNet
from healnet.train.cohort_cases import CohortCases
from healnet.train.recipe import Recipe


def check_start(
    start: ModelBundle, data: CohortCases, recipe: Recipe
) -> tuple[InputSpec, HealNetConfig]:
    """Return inputs and configuration of a model to start from, if it fits the cohort.

    Scalers are fitted anew on the new patients; names, encoder and network stay.

    Raises:
        TrainingError: ``TRAIN-START`` if inputs differ; ``TRAIN-OVERLAP`` if patients of the
            cohort, by name or by slide, are among those that made the model.
        ConfigError: ``TRAIN-CONFIG`` if the recipe overrides the network, which cannot change.
    """
    _refuse_overrides(recipe)
    known = [one for one in data.cases.values() if _made(start, one)]
    if known:
        raise TrainingError(
            f"{len(known)} of {len(data.cases)} patients were used to train {start.name}",
            code="TRAIN-OVERLAP",
            why="held-out patients would not be unseen, and every number would flatter",
            fix="train from the beginning, or leave these patients out",
        )
    for name, schema in start.inputs.tables.items():
        if name not in data.cohort.tables:
            continue
        missing = sorted(set(schema.columns) - set(map(str, data.cohort.tables[name].columns)))
        if missing:
            raise _other(f"{len(missing)} columns of {name} are missing, e.g. {missing[0]}")
    unknown = sorted(set(data.cohort.tables) - set(start.inputs.tables))
    if unknown:
        raise _other(f"the model does not take {', '.join(unknown)}")
    if data.slide is not None and start.inputs.slide != data.slide:
        raise _other("the slides were encoded otherwise than in its training")
    if start.config.num_bins != recipe.num_bins:
        raise _other(f"it has {start.config.num_bins} time bins, the recipe {recipe.num_bins}")
    return start.inputs, start.config


def _refuse_overrides(recipe: Recipe) -> None:
    if not recipe.model:
        return
    raise ConfigError(
        f"the recipe changes the network ({', '.join(map(str, recipe.model))}), and the "
        "weights of another model are to be taken up",
        code="TRAIN-CONFIG",
        where="model",
        why="the network is the one that the weights belong to",
        fix="leave 'model' out of the settings, or train without --from",
    )


def _made(start: ModelBundle, case: Case) -> bool:
    """Return whether a patient trained a model, stopped it, or judges in its reference."""
    reference = start.reference
    return (
        bool(start.trained_on.seen_by(case))
        or reference.fold_of(case.case_id) is not None
        or any(reference.fold_of_slide(one) is not None for one in slide_hashes(case))
    )


def start_network(start: ModelBundle, number: int) -> HealNet:
    """Return a trainable copy of one of the members."""
    source = start.members[number % len(start.members)]
    network = HealNet(start.config)
    network.load_state_dict(source.state_dict())
    return network


def _other(what: str) -> TrainingError:
    return TrainingError(
        what,
        code="TRAIN-START",
        why="the weights would be given values that mean something else",
        fix="bring the cohort into the form of the model's training, or train without --from",
    )
