"""Maps of a slide: where the members read from, and what each patch did to the risk.

Attention is in units of "x uniform": the weight of a patch times the number of patches, so
that 1 is what every patch would get if none stood out. Attention is what was read, not what
mattered: a second map in risk units, made by leaving regions out, always stands beside it.

Axis names: n patch of the case, j layer, h head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from healnet.explain.perturbation import perturbation_map
from healnet.explain.prediction import RISK, X_UNIFORM, PatchMap
from healnet.model.gradients import Score, gradient_times_input
from healnet.model.healnet import HealNet
from healnet.model.readout import read_attention, rollout
from healnet.model.tokens import Tokens

MOST_REGIONS = 256


class Explained(NamedTuple):
    """One member and what it was given."""

    number: int
    network: HealNet
    tokens: Mapping[str, Tokens]
    score: Score


def map_patches(
    members: Sequence[Explained],
    *,
    modality: str,
    region: Int64[Tensor, " n"],
    baseline: Float[Tensor, " c"] | None = None,
) -> tuple[PatchMap, ...]:
    """Return all maps over the patches of a case, averaged over the members.

    Single heads are those of the first member: heads of different members do not correspond.

    Args:
        members: The members that were used for the prediction.
        modality: The bag of patches.
        region: Region number of each patch, from 0 without gaps.
        baseline: A patch without information (the training mean), for the gradient map.
    """
    attention = [
        read_attention(one.network, one.tokens, modality)[0] * len(region) for one in members
    ]
    return (
        _attention_map(_mean([one.mean(dim=(0, 1)) for one in attention])),
        *_layer_maps(attention),
        *_head_maps(attention[0], member=members[0].number),
        _rollout_map(members, modality),
        *_perturbation_maps(members, modality, region),
        _gradient_map(members, modality, baseline),
    )


def _layer_maps(attention: Sequence[Float[Tensor, "j h n"]]) -> tuple[PatchMap, ...]:
    layers = _mean([one.mean(dim=1) for one in attention])
    return tuple(
        replace(_attention_map(values), layer=layer) for layer, values in enumerate(layers)
    )


def _head_maps(attention: Float[Tensor, "j h n"], *, member: int) -> tuple[PatchMap, ...]:
    if attention.shape[1] == 1:
        return ()
    return tuple(
        replace(_attention_map(values), layer=layer, head=head, member=member)
        for layer, heads in enumerate(attention)
        for head, values in enumerate(heads)
    )


def _attention_map(values: Float[Tensor, " n"]) -> PatchMap:
    return PatchMap(method="attention", values=_to_numpy(values), unit=X_UNIFORM)


def _rollout_map(members: Sequence[Explained], modality: str) -> PatchMap:
    maps = [rollout(one.network, one.tokens)[modality][0] for one in members]
    values = _mean([one / one.sum() * len(one) for one in maps])
    return PatchMap(method="rollout", values=_to_numpy(values), unit=X_UNIFORM)


def _perturbation_maps(
    members: Sequence[Explained], modality: str, region: Int64[Tensor, " n"]
) -> tuple[PatchMap, ...]:
    """Return the map, or none if a member would have nothing to read without the one region."""
    if int(region.max()) == 0 and any(len(one.tokens) == 1 for one in members):
        return ()
    maps = [
        perturbation_map(
            one.network, one.tokens, modality=modality, region=region, score=one.score
        )
        for one in members
    ]
    values = _to_numpy(_mean(maps))
    return (PatchMap(method="perturbation", values=values, unit=RISK, signed=True),)


def _gradient_map(
    members: Sequence[Explained], modality: str, baseline: Float[Tensor, " c"] | None
) -> PatchMap:
    maps = [
        gradient_times_input(one.network, one.tokens, modality, one.score, baseline=baseline)[0]
        for one in members
    ]
    values = _to_numpy(_mean(maps))
    return PatchMap(method="gradient", values=values, unit=RISK, signed=True)


def _mean(maps: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(maps)).double().mean(dim=0)


def _to_numpy(values: Float[Tensor, " n"]) -> Float32[ndarray, " n"]:
    return values.detach().cpu().numpy().astype(np.float32)
