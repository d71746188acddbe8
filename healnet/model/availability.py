"""Who has what: the check at the door, and the rows and tokens that may be read at all.

Everything behind this door trusts its input; everything that is wrong with a batch is said
here, with what came and what was expected.
Axis names: b patient, p patient who has the modality, n token.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from healnet.exceptions import ModalityError, ShapeError
from healnet.model.config import HealNetConfig, ModalityConfig
from healnet.model.tokens import Tokens


class Availability(NamedTuple):
    """What of one modality may be read; ``is_token`` has one row per patient in ``rows``."""

    rows: Int[Tensor, " p"] | None  # None: every patient has it
    is_token: Bool[Tensor, "p n"] | None  # None: every token of these patients is real


def check_tokens(
    config: HealNetConfig, tokens: Mapping[str, Tokens], device: torch.device
) -> tuple[int, dict[str, Availability]]:
    """Return the batch size, and the availability of each modality that anyone has.

    Raises:
        ModalityError: If a modality is unknown, or a patient has none at all.
        ShapeError: If shapes disagree with the configuration or with each other, coordinates
            are missing, tokens lie on another device than the model, or a patient who has the
            modality has no real token.
    """
    unknown = sorted(set(tokens) - set(config.names))
    if unknown:
        raise ModalityError(
            f"unknown modality {', '.join(unknown)}; this model reads {', '.join(config.names)}"
        )
    available = {}
    for modality in config.modalities:
        if modality.name in tokens:
            _check_device(modality.name, tokens[modality.name], device)
            _check_shapes(modality, tokens[modality.name])
            found = _availability(modality.name, tokens[modality.name])
            if found is not None:
                available[modality.name] = found
    batch_size = _batch_size(tokens)
    _check_nobody_empty(config, tokens, batch_size)
    return batch_size, available


def _check_device(name: str, tokens: Tokens, device: torch.device) -> None:
    if tokens.values.device != device:
        raise ShapeError(
            f"{name!r} is on {tokens.values.device}, the model on {device}",
            code="MODEL-DEVICE",
            where=name,
            fix="Move the tokens with Tokens.to(device).",
        )


def _check_shapes(modality: ModalityConfig, tokens: Tokens) -> None:
    name, channels = modality.name, tokens.values.shape[-1]
    if channels != modality.channels:
        raise ShapeError(
            f"{name!r} came with {channels} channels; this model expects {modality.channels}",
            where=name,
            fix="Use features of the encoder that the model was trained with.",
        )
    if modality.num_features is not None and tokens.num_tokens != modality.num_features:
        raise ShapeError(
            f"{name!r} came with {tokens.num_tokens} features; this model expects "
            f"{modality.num_features}",
            where=name,
            fix="Order the features as in training and mark missing ones in is_token.",
        )
    axes = None if tokens.coords is None else tokens.coords.shape[-1]
    if axes is None and modality.positions is not None:
        raise ShapeError(
            f"{name!r} came without coordinates; this model expects {modality.axes} per token",
            where=name,
        )
    if axes is not None and axes != modality.axes:
        raise ShapeError(
            f"{name!r} came with {axes} coordinate axes; this model expects {modality.axes}",
            where=name,
        )


def _availability(name: str, tokens: Tokens) -> Availability | None:
    rows, is_token = None, tokens.is_token
    if tokens.present is not None and not tokens.present.all():
        rows = tokens.present.nonzero().squeeze(-1)
        if len(rows) == 0:
            return None
        is_token = None if is_token is None else is_token[rows]
    if is_token is not None:
        _check_bags(name, is_token, rows)
        is_token = None if is_token.all() else is_token
    elif tokens.num_tokens == 0 and tokens.batch_size > 0:
        raise _empty_bag(name, rows if rows is not None else torch.arange(tokens.batch_size))
    return Availability(rows, is_token)


def _check_bags(
    name: str, is_token: Bool[Tensor, "p n"], rows: Int[Tensor, " p"] | None
) -> None:
    empty = (~is_token.any(dim=-1)).nonzero().squeeze(-1)
    if len(empty):
        raise _empty_bag(name, empty if rows is None else rows[empty])


def _empty_bag(name: str, rows: Int[Tensor, " p"]) -> ShapeError:
    return ShapeError(
        f"{name!r} is marked present but has no real token",
        where=f"batch row {', '.join(str(int(row)) for row in rows[:5])}",
        fix="Mark the modality absent for this patient (present = False).",
    )


def _batch_size(tokens: Mapping[str, Tokens]) -> int:
    sizes = {name: one.batch_size for name, one in tokens.items()}
    if len(set(sizes.values())) > 1:
        raise ShapeError(
            "modalities came with different batch sizes: "
            + ", ".join(f"{name} {size}" for name, size in sizes.items())
        )
    return next(iter(sizes.values()), 1)


def _check_nobody_empty(
    config: HealNetConfig, tokens: Mapping[str, Tokens], batch_size: int
) -> None:
    has_something = torch.zeros(batch_size, dtype=torch.bool)
    for one in tokens.values():
        has_something |= torch.ones(1).bool() if one.present is None else one.present.cpu()
    if not has_something.all():
        rows = (~has_something).nonzero().squeeze(-1)[:5]
        raise ModalityError(
            f"a patient has none of the modalities {', '.join(config.names)}",
            code="MODEL-NOTHING",
            where=f"batch row {', '.join(str(int(row)) for row in rows)}",
            why="Without any input the answer would be the same for everyone.",
            fix="Give at least one modality.",
        )
