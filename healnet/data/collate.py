"""From encoded cases to one batch: padded by modality, with masks and presence.

Axis names: b patient, n token.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from healnet.data.encoded_case import EncodedCase
from healnet.data.token_arrays import TokenArrays
from healnet.exceptions import ShapeError
from healnet.model.tokens import Tokens


def collate(cases: Sequence[EncodedCase]) -> dict[str, Tokens]:
    """Return the tokens of a batch by modality.

    A modality that none of the patients has is left out. ``is_token`` is None where nothing is
    padded or missing, ``present`` is None where every patient has the modality. Slide
    coordinates are micrometres.

    Raises:
        ShapeError: If the batch is empty, or a modality differs in channels between patients.
    """
    if not cases:
        raise ShapeError("a batch needs at least one patient")
    names = dict.fromkeys(name for case in cases for name in case.tokens)
    return {name: _stack([case.tokens.get(name) for case in cases], name) for name in names}


def _stack(parts: Sequence[TokenArrays | None], name: str) -> Tokens:
    given = [part for part in parts if part is not None]
    widths = {part.values.shape[1] for part in given}
    if len(widths) != 1 or len({part.coords is None for part in given}) != 1:
        raise ShapeError(f"{name} tokens differ between patients: channels {sorted(widths)}")
    longest = max(len(part) for part in given)
    dtype = np.result_type(*(part.values.dtype for part in given))
    values = np.zeros((len(parts), longest, widths.pop()), dtype=dtype)
    is_token = np.zeros((len(parts), longest), dtype=np.bool_)
    coords = None
    if given[0].coords is not None:
        coords = np.zeros((len(parts), longest, given[0].coords.shape[1]), dtype=np.float32)
    for row, part in enumerate(parts):
        if part is None:
            continue
        values[row, : len(part)] = part.values
        is_token[row, : len(part)] = True if part.is_token is None else part.is_token
        if coords is not None and part.coords is not None:
            coords[row, : len(part)] = part.coords
    present = np.array([part is not None for part in parts])
    return Tokens(
        torch.from_numpy(values),
        coords=None if coords is None else torch.from_numpy(coords),
        is_token=_unless_all_true(is_token),
        present=_unless_all_true(present),
    )


def _unless_all_true(mask: np.ndarray) -> Tensor | None:
    return None if mask.all() else torch.from_numpy(mask)
