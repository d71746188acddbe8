"""Feed-forward blocks: what each latent does with what it has read.

Sources: Shazeer, "GLU variants", arXiv:2002.05202 (gates); Klambauer et al., NeurIPS 2017
(self-normalising networks).
Axis names: b patient, l latent, d latent channel.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from healnet.exceptions import ConfigError
from healnet.model.config import HealNetConfig
from healnet.model.initialise import lecun_linear, linear


class GatedFeedForward(nn.Module):
    """LayerNorm, two projections, one gating the other: ``W (a * act(b))``."""

    def __init__(
        self,
        *,
        latent_dim: int,
        hidden_dim: int,
        activation: Callable[[Tensor], Tensor],
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(latent_dim)
        self.to_hidden = linear(latent_dim, 2 * hidden_dim, generator=generator)
        self.to_out = linear(hidden_dim, latent_dim, generator=generator)
        self.dropout = nn.Dropout(dropout)
        self.activation = activation

    def forward(self, latents: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        """Return the update; the caller adds it to the residual stream."""
        content, gate = self.to_hidden(self.norm(latents)).chunk(2, dim=-1)
        update: Tensor = self.dropout(self.to_out(content * self.activation(gate)))
        return update


class SelfNormalisingFeedForward(nn.Module):
    """LayerNorm, then SELU with LeCun-normal weights and alpha dropout.

    SELU keeps mean 0 and variance 1 only with that initialisation and that dropout; a gate or
    an ordinary dropout in their place breaks it.
    """

    def __init__(
        self, *, latent_dim: int, hidden_dim: int, dropout: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(latent_dim)
        self.to_hidden = lecun_linear(latent_dim, hidden_dim, generator=generator)
        self.to_out = lecun_linear(hidden_dim, latent_dim, generator=generator)
        self.dropout = nn.AlphaDropout(dropout)

    def forward(self, latents: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        """Return the update; the caller adds it to the residual stream."""
        hidden = self.dropout(F.selu(self.to_hidden(self.norm(latents))))
        update: Tensor = self.to_out(hidden)
        return update


def build_feedforward(config: HealNetConfig, generator: torch.Generator) -> nn.Module:
    """Return the block that ``config.feedforward`` names.

    Raises:
        ConfigError: If the name is unknown.
    """
    hidden_dim = config.feedforward_mult * config.latent_dim
    if config.feedforward == "snn":
        return SelfNormalisingFeedForward(
            latent_dim=config.latent_dim,
            hidden_dim=hidden_dim,
            dropout=config.feedforward_dropout,
            generator=generator,
        )
    activations: dict[str, Callable[[Tensor], Tensor]] = {
        "gated_selu": F.selu,
        "gated_gelu": F.gelu,
    }
    if config.feedforward not in activations:
        raise ConfigError(f"unknown feed-forward {config.feedforward!r}")
    return GatedFeedForward(
        latent_dim=config.latent_dim,
        hidden_dim=hidden_dim,
        activation=activations[config.feedforward],
        dropout=config.feedforward_dropout,
        generator=generator,
    )
