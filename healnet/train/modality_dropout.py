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


def hide_features(
    tokens: Mapping[str, Tokens], *, chance: float, generator: torch.Generator
) -> dict[str, Tokens]:
    """Return the batch with some single values of its tables marked as not measured.

    A value is hidden with the given chance, patient by patient; the first measured one stays if
    a patient would lose all. Bags of patches are thinned elsewhere and stay as they are.

    Args:
        tokens: A batch; not changed.
        chance: In [0, 1).
        generator: Source of the draws.
    """
    if chance == 0:
        return dict(tokens)
    return {
        name: one if one.coords is not None else _thinned(one, chance, generator)
        for name, one in tokens.items()
    }


def _thinned(one: Tokens, chance: float, generator: torch.Generator) -> Tokens:
    size = one.values.shape[:2]
    real = torch.ones(size, dtype=torch.bool) if one.is_token is None else one.is_token
    stays = real & (torch.rand(size, generator=generator) >= chance)
    first = torch.zeros_like(real).scatter_(
        1, real.int().argmax(dim=1, keepdim=True), value=True
    )
    lost_all = ~stays.any(dim=1, keepdim=True)
    return replace(one, is_token=stays | (first & real & lost_all))


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
