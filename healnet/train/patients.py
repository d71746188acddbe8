"""The patients of one side of a fold, ready for the loop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int64
from numpy import ndarray
from torch import Tensor

from healnet.data.collate import collate
from healnet.data.encoded_case import EncodedCase
from healnet.data.input_spec import SLIDE
from healnet.data.token_arrays import TokenArrays
from healnet.model.tokens import Tokens


class Batch(NamedTuple):
    """Some patients: what is known of them, and what happened."""

    tokens: dict[str, Tokens]
    time_bin: Int64[Tensor, " b"]
    event: Bool[Tensor, " b"]


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedPatients:
    """Patients as tokens, with their outcome as time bins.

    Attributes:
        cases: Tokens of each patient.
        time_bin: Last bin in which each patient was seen.
        event: True if the event happened.
    """

    cases: Sequence[EncodedCase]
    time_bin: Int64[ndarray, " n"]
    event: Bool[ndarray, " n"]

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.cases)

    def batch(
        self,
        rows: Int64[Tensor, " b"],
        *,
        max_patches: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Batch:
        """Return these patients; with at most so many patches each, drawn anew."""
        chosen = [self.cases[row] for row in rows.tolist()]
        if max_patches is not None:
            chosen = [_draw_patches(one, max_patches, generator) for one in chosen]
        return Batch(
            collate(chosen),
            torch.from_numpy(self.time_bin)[rows],
            torch.from_numpy(self.event)[rows],
        )


def _draw_patches(
    case: EncodedCase, most: int, generator: torch.Generator | None
) -> EncodedCase:
    bag = case.tokens.get(SLIDE)
    if bag is None or len(bag) <= most:
        return case
    kept = np.sort(torch.randperm(len(bag), generator=generator)[:most].numpy())
    drawn = TokenArrays(
        values=bag.values[kept],
        coords=None if bag.coords is None else bag.coords[kept],
        slide_index=None if bag.slide_index is None else bag.slide_index[kept],
    )
    return replace(case, tokens={**case.tokens, SLIDE: drawn})
