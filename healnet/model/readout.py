"""Where the network read from: attention maps on request, without ever holding the weights.

The forward pass runs fused and leaves the queries of each step, a few kilobytes. A map is two
sweeps over the keys, chunk by chunk: first the log-sum-exp of each latent, then the weighted
sum over latents. Attention says what was read, not what mattered: that is ``gradients.py``.

Axis names: b patient, p patient who has the modality, q 1 or p, h head, l latent, n token,
e channel per head, j layer.
"""

from collections.abc import Mapping

import torch
from einops import rearrange, reduce
from jaxtyping import Bool, Float
from torch import Tensor

from healnet.exceptions import ModalityError
from healnet.model.attention import split_key_value
from healnet.model.config import HealNetConfig
from healnet.model.fusion import Wanted, cross_sizes
from healnet.model.healnet import HealNet, Memories, Step
from healnet.model.tokens import Tokens

CHUNK = 8192  # tokens


@torch.no_grad()
def read_attention(
    model: HealNet, tokens: Mapping[str, Tokens], modality: str, *, chunk_size: int = CHUNK
) -> Float[Tensor, "b j h n"]:
    """Return how much each token was read, per layer and head: the mean over latents.

    Rows sum to 1 over real tokens; padding and patients without the modality get exactly 0.

    Raises:
        ModalityError: If the model does not know the modality, or it did not come.
    """
    check_given(model.config, tokens, modality)
    memories = model.remember(tokens)
    fusion = model.fuse(memories)
    size = (memories.batch_size, model.config.depth, model.config.cross_heads)
    maps = model.latents.new_zeros(*size, tokens[modality].num_tokens)
    for step in fusion.steps:
        if step.modality == modality:
            query = step.visit.read.query
            shares = query.new_full((len(query), query.shape[2]), 1 / query.shape[2])
            found = _read_step(model, memories, step, shares, chunk_size)
            rows = slice(None) if step.rows is None else step.rows
            maps[rows, step.layer] = found
    return maps


@torch.no_grad()
def rollout(
    model: HealNet, tokens: Mapping[str, Tokens], *, chunk_size: int = CHUNK
) -> dict[str, Float[Tensor, "b n"]]:
    r"""Return attention rolled out through the latents, for each modality that came.

    A read mixes half of what a latent holds with half of what it reads: with A the mean over
    heads, :math:`R_m \leftarrow (R_m + A) / 2` and :math:`R_k \leftarrow R_k / 2` for the other
    modalities; self-attention mixes latents by :math:`(A + I) / 2`. The map of m is the mean of
    :math:`R_m` over latents. Computed backwards, so that only one weight per latent is carried.

    The sum over the tokens of m is the share of m; what is missing to 1 is the share of the
    initial latents.

    Source: Abnar and Zuidema, ACL 2020 (arXiv:2005.00928), carried over to a latent array.
    """
    memories = model.remember(tokens)
    fusion = model.fuse(memories, wanted=Wanted(latents=True))
    num_latents = model.config.num_latents
    shares = model.latents.new_full((memories.batch_size, num_latents), 1 / num_latents)
    maps = {
        name: model.latents.new_zeros(memories.batch_size, one.num_tokens)
        for name, one in tokens.items()
    }
    for step in reversed(fusion.steps):
        mine = shares if step.rows is None else shares[step.rows]
        for weights in reversed(step.visit.latent_weights):
            mine = (mine + _through(mine, weights)) / 2
        mine = mine / 2
        found = reduce(
            _read_step(model, memories, step, mine, chunk_size), "p h n -> p n", "mean"
        )
        maps[step.modality] = _add_rows(maps[step.modality], step, found)
        shares = mine if step.rows is None else shares.index_copy(0, step.rows, mine)
    return maps


def weigh_tokens(
    query: Float[Tensor, "p h l e"],
    key: Float[Tensor, "q h n e"],
    shares: Float[Tensor, "p l"],
    is_token: Bool[Tensor, "q n"] | None,
    *,
    scale: float,
    chunk_size: int = CHUNK,
) -> Float[Tensor, "p h n"]:
    """Return the attention weights summed over latents, each latent weighted by its share.

    Exactly ``(attention_weights(...) * shares).sum(latents)``, holding one chunk at a time.
    """
    starts = range(0, key.shape[2], chunk_size)
    masks = _chunked_mask(is_token, key.shape[2], chunk_size)
    largest = query.new_full(query.shape[:3], -torch.inf)
    for start, mask in zip(starts, masks, strict=True):
        logits = _logits(query, key[:, :, start : start + chunk_size], mask, scale)
        largest = torch.logaddexp(largest, logits.logsumexp(dim=-1))
    maps = query.new_empty(*query.shape[:2], key.shape[2])
    for start, mask in zip(starts, masks, strict=True):
        logits = _logits(query, key[:, :, start : start + chunk_size], mask, scale)
        weights = (logits - largest[..., None]).exp_()
        maps[..., start : start + chunk_size] = torch.einsum("phln,pl->phn", weights, shares)
    return maps


def _logits(
    query: Float[Tensor, "p h l e"],
    key: Float[Tensor, "q h n e"],
    is_token: Bool[Tensor, "q n"] | None,
    scale: float,
) -> Float[Tensor, "p h l n"]:
    logits = query @ key.mT * scale
    if is_token is None:
        return logits
    return logits.masked_fill(~rearrange(is_token, "q n -> q 1 1 n"), -torch.inf)


def _chunked_mask(
    is_token: Bool[Tensor, "q n"] | None, num_tokens: int, chunk_size: int
) -> list[Bool[Tensor, "q k"] | None]:
    starts = range(0, num_tokens, chunk_size)
    if is_token is None:
        return [None for _ in starts]
    return [is_token[:, start : start + chunk_size] for start in starts]


def _read_step(
    model: HealNet,
    memories: Memories,
    step: Step,
    shares: Float[Tensor, "p l"],
    chunk_size: int,
) -> Float[Tensor, "p h n"]:
    memory = memories.of[step.modality]
    query = step.visit.read.query
    stored = model.config.layer_modules[step.layer]
    key, _ = split_key_value(memory.key_value[stored], query.shape[1])
    scale = cross_sizes(model.config).scale
    return weigh_tokens(query, key, shares, memory.is_token, scale=scale, chunk_size=chunk_size)


def _through(
    shares: Float[Tensor, "p l"], weights: Float[Tensor, "p h l m"]
) -> Float[Tensor, "p m"]:
    return torch.einsum("pl,plm->pm", shares, reduce(weights, "p h l m -> p l m", "mean"))


def _add_rows(
    everyone: Float[Tensor, "b n"], step: Step, found: Float[Tensor, "p n"]
) -> Float[Tensor, "b n"]:
    return everyone + found if step.rows is None else everyone.index_add(0, step.rows, found)


def check_given(config: HealNetConfig, tokens: Mapping[str, Tokens], modality: str) -> None:
    """Refuse a map of a modality that the model does not know or that did not come.

    Raises:
        ModalityError: Naming what was asked for, what is known and what came.
    """
    if modality not in config.names or modality not in tokens:
        raise ModalityError(
            f"no map of {modality!r}: this model reads {', '.join(config.names)}, and "
            f"{', '.join(tokens)} came"
        )
