"""The recipe: every choice of a training run, validated once, stored with the model."""

import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args

from healnet.data.yaml_text import parse_yaml
from healnet.exceptions import ConfigError

StoredAs = Literal["float32", "float16"]
_MAX_CONFIG_BYTES = 1024**2


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of a training run.

    Attributes:
        name: Name of the model.
        data: One line on where the patients come from, for the card.
        endpoint: What counts as the event, for the card.
        is_synthetic: True if the patients are invented; every result will say so.
        seed: Decides folds, first weights, order of patients and dropout.
        folds: Members of the ensemble; each patient is held out by one of them.
        inner_validation: Share of a fold's training patients that only decides when to stop.
        min_events: Fewer events than this in the cohort are refused.
        num_bins: Time bins.
        alpha: Extra weight of uncensored patients in the loss, 0 to 1.
        epochs: Most passes over the training patients.
        patience: Passes without a better inner validation loss before stopping.
        batch_size: Patients a step.
        accumulate: Batches whose gradients are summed before a step.
        learning_rate: Peak of the schedule.
        weight_decay: Of weight matrices; norms, biases and latents have none.
        warmup: Share of the steps in which the learning rate rises.
        clip_norm: Largest length of the gradient.
        averaging: Decay a step of the moving average of the weights that is judged and kept;
            0 keeps the weights themselves.
        modality_dropout: Chance that a present modality is hidden from a patient in a step.
        feature_dropout: Chance that one value of a table is hidden from a patient in a step.
        max_patches: Patches of a patient drawn anew in every step; all if there are fewer.
        replicates: Bootstrap replicates of every interval.
        stored_as: Precision of the weights in the model folder; every published number is
            computed with the weights as stored.
        model: Overrides of the default network, by field name.
    """

    name: str = "model"
    data: str = ""
    endpoint: str = "overall survival"
    is_synthetic: bool = False
    seed: int = 0
    folds: int = 5
    inner_validation: float = 0.2
    min_events: int = 20
    num_bins: int = 4
    alpha: float = 0.0
    epochs: int = 30
    patience: int = 10
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 5e-4
    weight_decay: float = 0.5
    warmup: float = 0.1
    clip_norm: float = 1.0
    averaging: float = 0.97
    modality_dropout: float = 0.3
    feature_dropout: float = 0.2
    max_patches: int = 1024
    replicates: int = 1000
    stored_as: StoredAs = "float32"
    model: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a value that cannot work, by name."""
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} is {value}; it must lie between {low:g} and {high:g}",
                    code="TRAIN-CONFIG",
                    where=name,
                )

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return {**asdict(self), "model": dict(self.model)}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Recipe":
        """Return a recipe; fields that are not named keep their defaults.

        Raises:
            ConfigError: ``TRAIN-CONFIG`` on an unknown name or a value that cannot work.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigError(
                f"unknown setting {unknown[0]!r}; known are {', '.join(known)}",
                code="TRAIN-CONFIG",
                where=str(unknown[0]),
            )
        for item in fields(cls):
            if item.name in values:
                _check_type(item.name, values[item.name], item.type)
        return cls(**values)  # type: ignore[arg-type]

    @property
    def digest(self) -> str:
        """Return a hash of every choice, to tell whether a run can be taken up again."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


# Inclusive limits of every numeric field.
_LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "folds": (2, 20),
    "inner_validation": (0.05, 0.5),
    "min_events": (2, 10**6),
    "num_bins": (2, 50),
    "alpha": (0, 1),
    "epochs": (1, 10_000),
    "patience": (1, 10_000),
    "batch_size": (1, 4096),
    "accumulate": (1, 4096),
    "learning_rate": (1e-8, 1),
    "weight_decay": (0, 10),
    "warmup": (0, 0.9),
    "clip_norm": (1e-6, 1e6),
    "averaging": (0, 0.9999),
    "modality_dropout": (0, 0.95),
    "feature_dropout": (0, 0.95),
    "max_patches": (1, 10**6),
    "replicates": (100, 100_000),
}


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a JSON or YAML file.

    Raises:
        ConfigError: ``TRAIN-CONFIG`` if it is not readable, or holds what a recipe cannot.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "the settings file cannot be read", code="TRAIN-CONFIG", where=path.name
        ) from error
    if len(content) > _MAX_CONFIG_BYTES:
        raise ConfigError(
            "the settings file is larger than 1 MB", code="TRAIN-CONFIG", where=path.name
        )
    try:
        values = parse_yaml(content)  # every JSON text is YAML
    except ConfigError as error:
        raise ConfigError(
            f"the settings file cannot be used: {error.what}",
            code="TRAIN-CONFIG",
            where=path.name,
            fix="write each setting once, as YAML or JSON",
        ) from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ConfigError(
            "the settings file must list names and values",
            code="TRAIN-CONFIG",
            where=path.name,
            fix="write, for example, 'epochs: 30'",
        )
    return Recipe.from_dict(values)


def _check_type(name: str, value: object, kind: object) -> None:
    expected: type | types.UnionType
    if kind is bool:
        expected = bool
    elif kind is int:
        expected = int
    elif kind is float:
        expected = int | float
    elif kind is str or kind == StoredAs:
        expected = str
    else:
        expected = Mapping
    is_number_by_accident = isinstance(value, bool) and kind is not bool
    is_unknown_word = kind == StoredAs and value not in get_args(StoredAs)
    if is_number_by_accident or is_unknown_word or not isinstance(value, expected):
        raise ConfigError(
            f"{name} is {value!r}; {_wanted(kind)} is needed",
            code="TRAIN-CONFIG",
            where=name,
        )


def _wanted(kind: object) -> str:
    if kind == StoredAs:
        return " or ".join(get_args(StoredAs))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return (
        words.get(kind, "a list of names and values") if isinstance(kind, type) else "a mapping"
    )
