"""A cohort: patients with their outcome, their slides and their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.data.case import Case
from healnet.data.feature_store import PatchFeatures, read_features
from healnet.exceptions import CohortError, Notice


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Outcome of one patient, and where the slides are.

    Attributes:
        case_id: Identifier, exactly as in the file.
        time_months: Follow-up, months, above 0.
        event: True if the event happened, False if censored.
        site: Where the patient was treated or the slide was made; None if unknown.
        slides: Slide files.
        features: Feature files of encoded slides.
        slide_names: Names of slides that the table mentions, without a file.
    """

    case_id: str
    time_months: float
    event: bool
    site: str | None = None
    slides: tuple[Path, ...] = ()
    features: tuple[Path, ...] = ()
    slide_names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Patients in the order of the file, and tables by modality.

    Attributes:
        patients: Each once.
        tables: By modality, index ``case_id``; patients without a row lack the modality.
        units: Unit by column, or by modality for all of its columns.
        slide_mpp: Micrometres per level-0 pixel where feature files do not say.
        endpoint: What the event is.
        name: File name.
        notices: What a reader of any result from this cohort must know.
    """

    patients: tuple[Patient, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    slide_mpp: float | None = None
    endpoint: str = ""
    name: str = ""
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a cohort of nobody, or one that has a patient twice."""
        if not self.patients or len(set(self.case_ids)) < len(self.patients):
            raise CohortError(
                "a cohort needs patients, each once", code="COHORT-EMPTY", where=self.name
            )

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.patients)

    @cached_property
    def case_ids(self) -> tuple[str, ...]:
        """Identifiers in the order of the patients."""
        return tuple(patient.case_id for patient in self.patients)

    @cached_property
    def time_months(self) -> Float[ndarray, " n"]:
        """Follow-up of every patient, months."""
        return np.array([patient.time_months for patient in self.patients], dtype=np.float64)

    @cached_property
    def event(self) -> Bool[ndarray, " n"]:
        """True where the event happened."""
        return np.array([patient.event for patient in self.patients], dtype=np.bool_)

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {case_id: i for i, case_id in enumerate(self.case_ids)}

    @cached_property
    def _rows(self) -> Mapping[str, tuple[Mapping[str, int], tuple[str, ...], ndarray]]:
        """Position of each patient, column names and cells of every table."""
        return {
            name: (
                {str(case_id): i for i, case_id in enumerate(table.index)},
                tuple(map(str, table.columns)),
                table.to_numpy(),
            )
            for name, table in self.tables.items()
        }

    def patient(self, case_id: str) -> Patient:
        """Return one patient.

        Raises:
            CohortError: ``COHORT-UNKNOWN`` if there is no such patient.
        """
        if case_id not in self._position:
            raise CohortError(
                f"no patient {case_id}",
                code="COHORT-UNKNOWN",
                where=self.name,
                fix=f"ids look like {', '.join(self.case_ids[:3])}",
            )
        return self.patients[self._position[case_id]]

    def case(self, case_id: str) -> Case:
        """Return what is known of one patient; reads the feature files."""
        patient = self.patient(case_id)
        rows = {
            name: dict(zip(columns, cells[position[case_id]].tolist(), strict=True))
            for name, (position, columns, cells) in self._rows.items()
            if case_id in position
        }
        slides = tuple(self._placed(read_features(path)) for path in patient.features)
        return Case(case_id=case_id, slides=slides, tables=rows)

    def subset(self, case_ids: Sequence[str]) -> "Cohort":
        """Return the cohort of some patients, in the order asked for, with their table rows."""
        patients = tuple(self.patient(case_id) for case_id in case_ids)
        tables = {
            name: table.loc[[case_id for case_id in case_ids if case_id in table.index]]
            for name, table in self.tables.items()
        }
        kept = {name: table for name, table in tables.items() if len(table)}
        return replace(self, patients=patients, tables=kept)

    def with_features(self, features: Mapping[str, Sequence[Path]]) -> "Cohort":
        """Return the cohort with feature files added to some patients."""
        for case_id in features:
            self.patient(case_id)
        patients = tuple(
            replace(patient, features=(*patient.features, *features.get(patient.case_id, ())))
            for patient in self.patients
        )
        return replace(self, patients=patients)

    def _placed(self, slide: PatchFeatures) -> PatchFeatures:
        if slide.mpp is not None or self.slide_mpp is None:
            return slide
        return slide.with_user_mpp(self.slide_mpp, where=self.name)  # said once for all slides
