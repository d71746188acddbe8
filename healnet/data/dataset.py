"""Labelled patients for training: encoded once, then drawn in batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.utils.data import Dataset

from healnet.data.cohort import Cohort
from healnet.data.collate import collate
from healnet.data.encoded_case import EncodedCase, encode_case
from healnet.data.input_spec import InputSpec
from healnet.exceptions import ShapeError
from healnet.model.tokens import Tokens
from healnet.survival.time_bins import TimeBins


class LabelledCase(NamedTuple):
    """One patient with outcome."""

    case: EncodedCase
    time_months: float
    event: bool
    time_bin: int


class SurvivalBatch(NamedTuple):
    """A batch with outcome."""

    case_ids: tuple[str, ...]
    tokens: dict[str, Tokens]
    time_months: Float[Tensor, " b"]
    event: Bool[Tensor, " b"]
    time_bin: Int64[Tensor, " b"]


class SurvivalDataset(Dataset[LabelledCase]):
    """Patients of a cohort as the model takes them, with outcome."""

    def __init__(self, cases: Sequence[EncodedCase], cohort: Cohort, bins: TimeBins) -> None:
        outcome = [cohort.patient(case.case_id) for case in cases]
        if not outcome:
            raise ShapeError("a data set needs at least one patient")
        chosen = cohort.subset([patient.case_id for patient in outcome])
        self.cases = tuple(cases)
        self.time_months, self.event = chosen.time_months, chosen.event
        self.time_bin = bins.assign(chosen.time_months)

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.cases)

    def __getitem__(self, index: int) -> LabelledCase:
        """Return one patient."""
        return LabelledCase(
            self.cases[index],
            float(self.time_months[index]),
            bool(self.event[index]),
            int(self.time_bin[index]),
        )


def encode_cohort(
    cohort: Cohort, spec: InputSpec, case_ids: Sequence[str] | None = None
) -> tuple[EncodedCase, ...]:
    """Return patients of a cohort as the model takes them; all of them by default."""
    chosen = cohort.case_ids if case_ids is None else case_ids
    return tuple(encode_case(cohort.case(case_id), spec) for case_id in chosen)


def collate_labelled(cases: Sequence[LabelledCase]) -> SurvivalBatch:
    """Return a batch; for ``DataLoader(collate_fn=...)``."""
    return SurvivalBatch(
        case_ids=tuple(item.case.case_id for item in cases),
        tokens=collate([item.case for item in cases]),
        time_months=torch.tensor([item.time_months for item in cases]),
        event=torch.tensor([item.event for item in cases]),
        time_bin=torch.tensor([item.time_bin for item in cases]),
    )
