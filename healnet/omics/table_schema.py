"""What a model knows about a table: names, kinds, units and scale, fixed at training.

A number x becomes clip((x - mean) / sd, -5, 5), so that 0 is the training mean. A missing value
becomes a token that is not read. Axis names: n patient, c column of the table, p token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

from healnet.exceptions import TableError
from healnet.omics.feature_spec import FeatureArrays, FeatureSpec
from healnet.omics.name_match import MatchReport, NameMatch, match_names
from healnet.omics.raw_values import raw_frame, raw_row
from healnet.omics.schema_fit import describe_columns, fit_scale
from healnet.omics.unlike_training import deviation_limit, range_notices

CLIP = 5.0  # standard deviations; as the published omic pipelines
FLOOR = 0.5


class EncodedRow(NamedTuple):
    """The tokens of one patient: scaled values, which of them were measured, and the match."""

    values: Float32[ndarray, " p"]
    is_observed: Bool[ndarray, " p"]
    match: MatchReport


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """The tokens of one tabular modality.

    Attributes:
        modality: E.g. ``rna``.
        features: One a token, in the order the model reads them.
        clip: Scaled values are cut off here, standard deviations.
        floor: Smallest share of the columns a table must have, in [0, 1].
        deviation_limit: Median distance from the training mean, in standard deviations, above
            which a profile counts as unlike the training patients. None: not judged.
    """

    modality: str
    features: tuple[FeatureSpec, ...]
    clip: float = CLIP
    floor: float = FLOOR
    deviation_limit: float | None = None

    def __post_init__(self) -> None:
        """Refuse a schema without features, with doubles, or with an impossible limit."""
        names = [feature.name for feature in self.features]
        if not names or len(set(names)) < len(names):
            raise TableError(
                "a schema needs features, each once", code="TABLE-SCHEMA", where=self.modality
            )
        if not self.clip > 0 or not 0 <= self.floor <= 1:
            raise TableError(
                f"clip must be positive and floor in [0, 1]; got {self.clip} and {self.floor}",
                code="TABLE-SCHEMA",
                where=self.modality,
            )

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, modality: str, *, units: Mapping[str, str] | None = None
    ) -> "TableSchema":
        """Return the schema of a table of **training** patients.

        Args:
            frame: One row a patient; float columns, or object columns of text.
            modality: E.g. ``rna``.
            units: Unit by column name, or by modality for all of its columns.

        Raises:
            TableError: If there is nothing to learn from, or a column cannot be a feature.
        """
        features = describe_columns(frame, modality, units or {})
        floor = 0.0 if modality == "clinical" else FLOOR  # any covariate may be lacking
        return cls(modality=modality, features=features, floor=floor).refit(frame)

    def refit(self, frame: pd.DataFrame) -> "TableSchema":
        """Return the same features with the scale of other patients (e.g. of one fold).

        Raises:
            TableError: ``TABLE-CONSTANT`` if no feature varies.
        """
        raw = self.raw_values(frame)
        scale = fit_scale(raw)
        if not scale.is_usable.any():
            raise TableError(
                f"no variation in any of {len(self.features):,} {self.modality} features",
                code="TABLE-CONSTANT",
                where=f"{self.modality} table",
                why="nothing can be learned from equal values",
            )
        features = tuple(
            replace(
                feature,
                mean=float(scale.mean[i]),
                sd=float(scale.sd[i]),
                low=float(scale.low[i]),
                high=float(scale.high[i]),
                is_usable=bool(scale.is_usable[i]),
            )
            for i, feature in enumerate(self.features)
        )
        fitted = replace(self, features=features)
        return replace(fitted, deviation_limit=deviation_limit(fitted.arrays, raw))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the tokens."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table, each once."""
        return tuple(dict.fromkeys(feature.column for feature in self.features))

    @cached_property
    def arrays(self) -> FeatureArrays:
        """Statistics of the features as arrays."""
        return FeatureArrays.of(self.features)

    def encode(self, row: Mapping[str, object]) -> EncodedRow:
        """Return the tokens of one patient.

        Args:
            row: Raw value by column name; numbers, text, or None/NaN for missing.

        Raises:
            TableError: ``OMICS-UNMATCHED`` if too few columns are known; ``TABLE-CELL`` if a
                value is not a number where one belongs.
        """
        match = self.match(tuple(map(str, row)))
        sources = dict(zip(self.columns, match.sources, strict=True))
        raw, unknown = raw_row(self.features, row, sources)
        values, is_observed = self.scale(raw[None])
        unlike = range_notices(
            self.modality, self.features, self.arrays, raw, limit=self.deviation_limit
        )
        notices = (*match.report.notices, *unknown, *unlike)
        report = replace(
            match.report, notices=notices, share_measured=self._share(raw, is_observed[0])
        )
        return EncodedRow(values[0], is_observed[0], report)

    def _share(self, raw: Float[ndarray, " p"], is_observed: Bool[ndarray, " p"]) -> float:
        """Return how much has a value: of all features, or of those that are ever read."""
        num_usable = max(1, int(self.arrays.is_usable.sum()))
        return float(max(np.isfinite(raw).mean(), is_observed.sum() / num_usable))

    def match(self, given: tuple[str, ...]) -> NameMatch:
        """Return which of the given columns stands for each expected one."""
        return match_names(self.modality, self.columns, given, self.floor)

    def scale(
        self, raw: Float[ndarray, "n p"]
    ) -> tuple[Float32[ndarray, "n p"], Bool[ndarray, "n p"]]:
        """Return scaled values (0 where missing) and which were observed and usable."""
        arrays = self.arrays
        is_observed = np.isfinite(raw) & arrays.is_usable
        centred = np.where(is_observed, raw, arrays.mean) - arrays.mean
        scaled = np.clip(centred / arrays.sd, -self.clip, self.clip)
        return scaled.astype(np.float32), is_observed

    def raw_values(self, frame: pd.DataFrame) -> Float[ndarray, "n p"]:
        """Return the unscaled token values of a frame that has every column; NaN missing."""
        return raw_frame(self.features, frame)

    def to_dict(self) -> dict[str, object]:
        """Return the schema as JSON values."""
        return {
            "modality": self.modality,
            "clip": self.clip,
            "floor": self.floor,
            "deviation_limit": self.deviation_limit,
            "features": [feature.to_dict() for feature in self.features],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TableSchema":
        """Return the schema that :meth:`to_dict` wrote.

        Raises:
            TableError: ``TABLE-SCHEMA`` if a field is missing, unknown or of another type.
        """
        fields = dict(values)
        try:
            stored = cast("list[Mapping[str, object]]", fields.pop("features"))
            features = tuple(FeatureSpec.from_dict(feature) for feature in stored)
            return cls(features=features, **fields)  # type: ignore[arg-type]
        except (KeyError, TypeError, AttributeError) as error:
            raise TableError(
                "the stored table schema is incomplete or has unknown fields",
                code="TABLE-SCHEMA",
            ) from error
