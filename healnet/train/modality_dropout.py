"""Hiding modalities in training, so that a patient without one is nothing new to a network."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from healnet.model.tokens import Tokens


def hide_modalities(
    tokens: Mapping[str, Tokens], *, chance: float, generator: torch.Generator
) -> dict[str, Tokens]:
    """Return the batch with some modalities marked absent, patient by patient.

    Each modality that a patient has is hidden with the given chance; a patient who would lose
    all of them keeps one of them, drawn evenly.

    Args:
        tokens: A batch; not changed.
        chance: In [0, 1).
        generator: Source of the draws.
    """
    names = list(tokens)
    has = torch.stack([_present(tokens[name]) for name in names])
    keeps = _draw(has, chance=chance, generator=generator)
    return {name: replace(tokens[name], present=keeps[row]) for row, name in enumerate(names)}


def _draw(
    has: Bool[Tensor, "m b"], *, chance: float, generator: torch.Generator
) -> Bool[Tensor, "m b"]:
    stays = torch.rand(has.shape, generator=generator) >= chance
    keeps = has & stays
    order = torch.rand(has.shape, generator=generator).masked_fill(~has, -1.0)
    rescued = torch.zeros_like(has).scatter_(0, order.argmax(dim=0, keepdim=True), value=True)
    lost_all = ~keeps.any(dim=0)
    return keeps | (rescued & has & lost_all)


def _present(one: Tokens) -> Bool[Tensor, " b"]:
    if one.present is not None:
        return one.present.cpu()
    return torch.ones(one.batch_size, dtype=torch.bool)
