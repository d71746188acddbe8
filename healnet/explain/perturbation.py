"""What changes when a piece of the slide is left out: a signed map in risk units.

A region is masked, the model reads the rest, and the change of risk is what the region did:
positive where leaving it out lowers the risk, so that it had raised it. The change is shared
equally by the patches of the region. A region is left out by the mask, never by zeros, so the
rest of the bag is exactly what it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens

Score = Callable[[Float[Tensor, "b k"]], Float[Tensor, " b"]]
_TOKENS_AT_ONCE = 65_536


@torch.no_grad()
def perturbation_map(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    *,
    modality: str,
    region: Int64[Tensor, " n"],
    score: Score,
) -> Float[Tensor, " n"]:
    """Return for each token its region's effect on the score, per token of the region.

    Args:
        model: One member.
        tokens: One patient.
        modality: The bag to take pieces from.
        region: Region number of each token, from 0 without gaps.
        score: From logits to one number, e.g. the risk.
    """
    bag = tokens[modality]
    num_regions = int(region.max()) + 1
    whole = score(model(tokens).logits)[0]
    stays = region[None, :] != torch.arange(num_regions, device=region.device)[:, None]
    if bag.is_token is not None:
        stays = stays & bag.is_token
    step = max(_TOKENS_AT_ONCE // bag.num_tokens, 1)
    parts = [
        score(_logits_with(model, tokens, modality, stays[start : start + step]))
        for start in range(0, num_regions, step)
    ]
    effect = whole - torch.cat(parts)
    sizes = torch.bincount(region, minlength=num_regions)
    return (effect / sizes)[region]


def _logits_with(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    stays: Bool[Tensor, "r n"],
) -> Float[Tensor, "r k"]:
    """Return logits of one patient under several masks of one bag."""
    size = len(stays)
    varied = {name: _repeat(one, size) for name, one in tokens.items()}
    is_left = stays.any(dim=1)
    if not bool(is_left.all()) and len(tokens) == 1:
        stays = stays | ~is_left[:, None]  # nothing else to read: the region stays, effect 0
        is_left = stays.any(dim=1)
    varied[modality] = replace(varied[modality], is_token=stays, present=is_left)
    return model(varied).logits


def _repeat(one: Tokens, size: int) -> Tokens:
    def expand(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.expand(size, *tensor.shape[1:])

    return Tokens(
        one.values.expand(size, *one.values.shape[1:]),
        coords=expand(one.coords),
        is_token=expand(one.is_token),
        present=expand(one.present),
    )
