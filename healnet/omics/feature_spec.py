"""One token of a tabular modality: where its value comes from and how it is scaled."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.exceptions import TableError

Kind = Literal["number", "binary", "category"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class FeatureSpec:
    """A feature as the model reads it: one token each.

    A category has one feature a level, which is 1 for patients of that level and 0 for others.

    Attributes:
        name: Name of the token: the column, or ``column=level`` for a category.
        column: Column of the table.
        kind: ``number``, ``binary`` (only 0 and 1 in training) or ``category``.
        unit: Unit of the raw value; empty if none was given.
        level: The level of a category, else empty.
        mean: Of the training patients; encodes to 0.
        sd: Of the training patients; mean + sd encodes to 1.
        low: Smallest training value.
        high: Largest training value.
        is_usable: False if it was missing or equal in all training patients: never read.
    """

    name: str
    column: str
    kind: Kind
    unit: str = ""
    level: str = ""
    mean: float = 0.0
    sd: float = 1.0
    low: float = 0.0
    high: float = 0.0
    is_usable: bool = True

    def __post_init__(self) -> None:
        """Refuse statistics that cannot scale anything."""
        numbers = (self.mean, self.sd, self.low, self.high)
        if not self.name or self.kind not in KINDS or not np.isfinite(numbers).all():
            raise TableError(
                f"feature {self.name!r} needs a name, a kind of {', '.join(KINDS)} and finite "
                "statistics",
                code="TABLE-SCHEMA",
            )
        if self.sd <= 0 or self.low > self.high:
            raise TableError(
                f"feature {self.name!r} has an impossible sd or range: {numbers}",
                code="TABLE-SCHEMA",
            )

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "FeatureSpec":
        """Return the feature that :meth:`to_dict` wrote.

        Raises:
            TableError: ``TABLE-SCHEMA`` if a field is missing, unknown or of another type.
        """
        numbers = {name: values.get(name) for name in ("mean", "sd", "low", "high")}
        texts = {name: values.get(name) for name in ("name", "column", "kind", "unit", "level")}
        is_usable = values.get("is_usable")
        well_typed = (
            set(values) == {*numbers, *texts, "is_usable"}
            and all(isinstance(number, (int, float)) for number in numbers.values())
            and all(isinstance(text, str) for text in texts.values())
            and isinstance(is_usable, bool)
        )
        if not well_typed:
            raise TableError(
                "a stored feature is incomplete or has unknown fields", code="TABLE-SCHEMA"
            )
        return cls(**cast("dict[str, Any]", values))


class FeatureArrays(NamedTuple):
    """The statistics of many features as arrays, in their order."""

    mean: Float[ndarray, " p"]
    sd: Float[ndarray, " p"]
    low: Float[ndarray, " p"]
    high: Float[ndarray, " p"]
    is_usable: Bool[ndarray, " p"]
    is_category: Bool[ndarray, " p"]
    is_number: Bool[ndarray, " p"]  # usable, and of more than two values
    is_binary: Bool[ndarray, " p"]  # usable, and only 0 and 1 in training

    @classmethod
    def of(cls, features: Sequence[FeatureSpec]) -> "FeatureArrays":
        """Return the arrays of some features."""
        return cls(
            mean=np.array([feature.mean for feature in features]),
            sd=np.array([feature.sd for feature in features]),
            low=np.array([feature.low for feature in features]),
            high=np.array([feature.high for feature in features]),
            is_usable=np.array([feature.is_usable for feature in features]),
            is_category=np.array([feature.kind == "category" for feature in features]),
            is_number=np.array([f.is_usable and f.kind == "number" for f in features]),
            is_binary=np.array([f.is_usable and f.kind == "binary" for f in features]),
        )
