"""One fusion layer: read a modality, digest it, and let the latents exchange what they know.

Axis names: p patient who has the modality, q 1 or p, h head, l latent, n token, d latent
channel, m keys and values side by side.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from healnet.model.attention import AttentionResult, HeadSizes, LatentRead
from healnet.model.config import HealNetConfig
from healnet.model.feedforward import build_feedforward
from healnet.model.initialise import linear

SHARED = "shared"


class Wanted(NamedTuple):
    """Which attention weights are to be held; the fused path runs for those that are not."""

    tokens: bool = False
    latents: bool = False


class Visit(NamedTuple):
    """What reading one modality once did."""

    latents: Float[Tensor, "p l d"]
    read: AttentionResult
    latent_weights: tuple[Float[Tensor, "p h l l"], ...]  # one per self-attention, if wanted


class Reflection(nn.Module):
    """Latent self-attention and its feed-forward."""

    def __init__(self, config: HealNetConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        heads = HeadSizes(config.latent_heads, config.latent_head_dim, config.temperature)
        inner_dim = heads.num_heads * heads.head_dim
        self.read = _build_read(config, heads, generator)
        self.to_key_value = linear(
            config.latent_dim, 2 * inner_dim, bias=False, generator=generator
        )
        self.feedforward = build_feedforward(config, generator)

    def forward(
        self, latents: Float[Tensor, "p l d"], *, need_weights: bool
    ) -> tuple[Float[Tensor, "p l d"], Float[Tensor, "p h l l"] | None]:
        """Return the new latents, and the weights if wanted."""
        key_value = self.to_key_value(self.read.norm(latents))
        result: AttentionResult = self.read(latents, key_value, need_weights=need_weights)
        latents = latents + result.update
        return latents + self.feedforward(latents), result.weights


class FusionLayer(nn.Module):
    """One read per modality, its feed-forward, and the latent self-attention of the layer."""

    def __init__(
        self, config: HealNetConfig, *, shares_feedforward: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        heads = cross_sizes(config)
        self.read = nn.ModuleDict(
            {name: _build_read(config, heads, generator) for name in config.names}
        )
        self.feedforward_of = dict.fromkeys(config.names, SHARED) if shares_feedforward else {}
        owners = (SHARED,) if shares_feedforward else config.names
        self.feedforward = nn.ModuleDict(
            {name: build_feedforward(config, generator) for name in owners}
        )
        self.reflect = nn.ModuleList(
            Reflection(config, generator=generator) for _ in range(config.self_per_cross)
        )

    def forward(
        self,
        latents: Float[Tensor, "p l d"],
        name: str,
        key_value: Float[Tensor, "q n m"],
        is_token: Bool[Tensor, "q n"] | None,
        wanted: Wanted,
    ) -> Visit:
        """Return the latents after these patients have read one modality."""
        read: AttentionResult = self.read[name](
            latents, key_value, is_token, need_weights=wanted.tokens
        )
        latents = latents + read.update
        latents = latents + self.feedforward[self.feedforward_of.get(name, name)](latents)
        latent_weights = []
        for reflection in self.reflect:
            latents, weights = reflection(latents, need_weights=wanted.latents)
            if weights is not None:
                latent_weights.append(weights)
        return Visit(latents, read, tuple(latent_weights))


def cross_sizes(config: HealNetConfig) -> HeadSizes:
    """Return the heads with which latents read tokens."""
    return HeadSizes(config.cross_heads, config.cross_head_dim, config.temperature)


def _build_read(
    config: HealNetConfig, heads: HeadSizes, generator: torch.Generator
) -> LatentRead:
    return LatentRead(
        latent_dim=config.latent_dim,
        heads=heads,
        out_slope=config.out_slope,
        dropout=config.attention_dropout,
        generator=generator,
    )
