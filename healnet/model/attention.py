"""Attention: the latents read keys and values, of tokens or of themselves.

Axis names: b patient, q 1 or b (one set of keys shared by all, or one each), h head, l latent,
n token, e channel per head, d latent channel, m keys and values side by side.
Source: Jaegle et al., "Perceiver", ICML 2021 (arXiv:2103.03206).
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from healnet.model.initialise import linear


class AttentionResult(NamedTuple):
    """What one read returns: the update, the question asked, and the weights if wanted."""

    update: Float[Tensor, "b l d"]
    query: Float[Tensor, "b h l e"]
    weights: Float[Tensor, "b h l n"] | None


class HeadSizes(NamedTuple):
    """Heads of one attention, and the temperature that divides its logits."""

    num_heads: int
    head_dim: int
    temperature: float

    @property
    def scale(self) -> float:
        """What multiplies query times key."""
        return 1 / (math.sqrt(self.head_dim) * self.temperature)


def split_key_value(
    key_value: Float[Tensor, "q n m"], num_heads: int
) -> tuple[Float[Tensor, "q h n e"], Float[Tensor, "q h n e"]]:
    """Return keys and values, head by head. Views: nothing is copied."""
    key, value = key_value.chunk(2, dim=-1)
    split = "q n (h e) -> q h n e"
    return rearrange(key, split, h=num_heads), rearrange(value, split, h=num_heads)


def attention_weights(
    query: Float[Tensor, "q h r e"],
    key: Float[Tensor, "q h n e"],
    is_token: Bool[Tensor, "q n"] | None,
    *,
    scale: float,
) -> Float[Tensor, "q h r n"]:
    """Return softmax(scale * query @ key) over tokens.

    Each row sums to 1; padding gets exactly 0. Every item must have a real token.
    """
    logits = query @ key.mT * scale
    if is_token is not None:
        logits = logits.masked_fill(~rearrange(is_token, "q n -> q 1 1 n"), -torch.inf)
    return logits.softmax(dim=-1)


class LatentRead(nn.Module):
    """Multi-head attention with the latents as queries; keys and values come from outside."""

    def __init__(
        self,
        *,
        latent_dim: int,
        heads: HeadSizes,
        out_slope: float | None,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        inner_dim = heads.num_heads * heads.head_dim
        self.heads = heads
        self.out_slope = out_slope
        self.dropout = dropout
        self.norm = nn.LayerNorm(latent_dim)
        self.to_query = linear(latent_dim, inner_dim, bias=False, generator=generator)
        self.to_out = linear(inner_dim, latent_dim, generator=generator)

    def forward(
        self,
        latents: Float[Tensor, "b l d"],
        key_value: Float[Tensor, "q n m"],
        is_token: Bool[Tensor, "q n"] | None = None,
        *,
        need_weights: bool = False,
    ) -> AttentionResult:
        """Return the update (the caller adds it) and, if wanted, the weights.

        Without ``need_weights`` the fused kernel of torch runs, which never holds the weights.
        Where one set of keys serves all patients, their latents are read as one long list.
        """
        num_heads, num_patients = self.heads.num_heads, len(latents)
        query = rearrange(
            self.to_query(self.norm(latents)), "b l (h e) -> b h l e", h=num_heads
        )
        key, value = split_key_value(key_value, num_heads)
        fold = num_patients // len(key)
        asked = rearrange(query, "(q f) h l e -> q h (f l) e", f=fold)
        read, weights = self._attend(asked, key, value, is_token, need_weights=need_weights)
        read = rearrange(read, "q h (f l) e -> (q f) l (h e)", f=fold)
        if weights is not None:
            weights = rearrange(weights, "q h (f l) n -> (q f) h l n", f=fold)
        update = self.to_out(read)
        if self.out_slope is not None:
            update = F.leaky_relu(update, self.out_slope)
        return AttentionResult(update, query, weights)

    def _attend(
        self,
        query: Float[Tensor, "q h r e"],
        key: Float[Tensor, "q h n e"],
        value: Float[Tensor, "q h n e"],
        is_token: Bool[Tensor, "q n"] | None,
        *,
        need_weights: bool,
    ) -> tuple[Float[Tensor, "q h r e"], Float[Tensor, "q h r n"] | None]:
        dropout = self.dropout if self.training else 0.0
        if not need_weights:
            mask = None if is_token is None else rearrange(is_token, "q n -> q 1 1 n")
            read = F.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, dropout_p=dropout, scale=self.heads.scale
            )
            return read, None
        weights = attention_weights(query, key, is_token, scale=self.heads.scale)
        return F.dropout(weights, dropout) @ value, weights
