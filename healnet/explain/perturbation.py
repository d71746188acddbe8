"""What changes when a piece of the slide is left out: a signed map in risk units.

A region is masked, the model reads the rest, and the change of risk is what the region did:
positive where leaving it out lowers the risk, so that it had raised it. The change is shared
equally by the patches of the region. A region is left out by the mask, never by zeros, so the
rest of the bag is exactly what it was; its keys and values are made once.

Axis names: n token, r region, k time bin, m keys and values.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from healnet.model.context import Memory
from healnet.model.gradients import Score
from healnet.model.healnet import HealNet, Memories
from healnet.model.tokens import Tokens

_TOKENS_AT_ONCE = 131_072


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

    If there is one region, the whole bag is left out, so another modality must be there.

    Args:
        model: One member.
        tokens: One patient, only modalities that the patient has.
        modality: The bag to take pieces from.
        region: Region number of each token, from 0 without gaps.
        score: From logits to one number.
    """
    num_regions = int(region.max()) + 1
    if num_regions == 1:
        return (_of_whole_bag(model, tokens, modality, score) / len(region)).expand(len(region))
    memories = model.remember(tokens)
    whole = score(model.fuse(memories).logits)
    stays = region[None, :] != torch.arange(num_regions, device=region.device)[:, None]
    step = max(_TOKENS_AT_ONCE // len(region), 1)
    without = [
        score(model.fuse(_masked(memories, modality, stays[start : start + step])).logits)
        for start in range(0, num_regions, step)
    ]
    sizes = torch.bincount(region, minlength=num_regions)
    return ((whole - torch.cat(without)) / sizes)[region]


def _of_whole_bag(
    model: HealNet, tokens: Mapping[str, Tokens], modality: str, score: Score
) -> Float[Tensor, " 1"]:
    """Return what the whole bag does to the score: the only region there is."""
    others = {name: one for name, one in tokens.items() if name != modality}
    whole = score(model.fuse(model.remember(tokens)).logits)
    return whole - score(model.fuse(model.remember(others)).logits)


def _masked(memories: Memories, modality: str, stays: Bool[Tensor, "r n"]) -> Memories:
    """Return the same patient once per mask."""
    bag = memories.of[modality]
    if bag.is_token is not None:
        stays = stays & bag.is_token
    repeated = tuple(one.expand(len(stays), *one.shape[1:]) for one in bag.key_value)
    varied = {**memories.of, modality: Memory(None, stays, repeated)}
    return Memories(len(stays), varied)
