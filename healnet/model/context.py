"""Contexts: how the tokens of one modality become the keys and values of every layer.

The only modules that see tokens. A bag goes through one exact sweep (``projection.py``); a
table needs no sweep at all, since its tokens are linear in their values.
Axis names: b patient, p patient who has the modality, n token, c channel, m keys and values.
"""

from typing import NamedTuple, cast

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from healnet.model.availability import Availability
from healnet.model.chunks import TokenSource, token_source
from healnet.model.config import HealNetConfig, ModalityConfig
from healnet.model.initialise import linear, normal
from healnet.model.positions import num_code_channels
from healnet.model.projection import FoldedWeights, check_finite, fold_norm, project_tokens
from healnet.model.tokens import Tokens


class Memory(NamedTuple):
    """What the layers read of one modality."""

    rows: Int[Tensor, " p"] | None  # patients who have it; None: everyone
    is_token: Bool[Tensor, "p n"] | None  # None: every token is real
    key_value: tuple[
        Float[Tensor, "p n m"], ...
    ]  # one per stored layer; a shared bag has p = 1


class BagContext(nn.Module):
    """A bag of exchangeable tokens: LayerNorm and projection, one pair per stored layer."""

    def __init__(
        self, modality: ModalityConfig, config: HealNetConfig, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        num_layers = len(set(config.layer_modules))
        out_dim = 2 * config.cross_heads * config.cross_head_dim
        codes = num_code_channels(modality)
        positions = modality.positions
        self.modality = modality
        self.codes_inside = positions is not None and positions.kind == "grid"
        width = modality.channels + (codes if self.codes_inside else 0)
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(num_layers))
        self.to_key_value = nn.ModuleList(
            linear(width, out_dim, bias=False, generator=generator) for _ in range(num_layers)
        )
        self.code_to_key_value = nn.ModuleList(
            linear(codes, out_dim, bias=False, generator=generator)
            for _ in range(num_layers if codes and not self.codes_inside else 0)
        )

    def forward(self, tokens: Tokens, available: Availability) -> Memory:
        """Return the keys and values of all layers, from one sweep over the bag."""
        projected = project_tokens(self.folded(), self.source(tokens, available))
        projected = rearrange(projected, "(p n) m -> p n m", n=tokens.num_tokens)
        return Memory(
            available.rows, available.is_token, projected.chunk(len(self.norm), dim=-1)
        )

    def source(self, tokens: Tokens, available: Availability) -> TokenSource:
        """Return the plan by which this bag is read."""
        return token_source(tokens, available, self.modality.positions)

    def folded(self) -> FoldedWeights:
        """Return LayerNorms and projections of all layers as one weight and one constant."""
        pairs = [
            fold_norm(cast("nn.LayerNorm", norm), cast("nn.Linear", project))
            for norm, project in zip(self.norm, self.to_key_value, strict=True)
        ]
        weight = torch.cat([weight for weight, _ in pairs], dim=1)
        codes = weight[self.modality.channels :] if self.codes_inside else None
        if len(self.code_to_key_value):
            weights = [cast("nn.Linear", layer).weight for layer in self.code_to_key_value]
            codes = torch.cat(weights).T
        return FoldedWeights(
            values=weight[: self.modality.channels].contiguous(),
            codes=codes,
            constant=torch.cat([constant for _, constant in pairs]),
            codes_inside=self.codes_inside,
        )


class TableContext(nn.Module):
    """A table: token j is ``value_j * direction_j + identity_j``.

    Linear in the values, so keys and values are too, and no LayerNorm flattens the size of a
    value. Source: Gorishniy et al., NeurIPS 2021 (FT-Transformer's feature tokenizer).
    """

    def __init__(
        self, modality: ModalityConfig, config: HealNetConfig, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        num_features, dim = modality.num_features or 0, config.table_dim
        out_dim = 2 * config.cross_heads * config.cross_head_dim
        scale = dim**-0.5
        self.direction = normal(num_features, dim, scale=scale, generator=generator)
        self.identity = normal(num_features, dim, scale=scale, generator=generator)
        self.to_key_value = nn.ModuleList(
            linear(dim, out_dim, bias=False, generator=generator)
            for _ in set(config.layer_modules)
        )

    def forward(self, tokens: Tokens, available: Availability) -> Memory:
        """Return the keys and values of all layers. Differentiable in the values.

        Raises:
            FeatureError: If a value that is not marked missing is NaN or infinite.
        """
        values = tokens.values if available.rows is None else tokens.values[available.rows]
        if available.is_token is not None:
            values = values.masked_fill(~rearrange(available.is_token, "p n -> p n 1"), 0)
        values = values.to(self.direction.dtype)
        check_finite(values)
        return Memory(
            available.rows,
            available.is_token,
            tuple(
                torch.addcmul(project(self.identity), values, project(self.direction))
                for project in self.to_key_value
            ),
        )


def build_context(
    modality: ModalityConfig, config: HealNetConfig, generator: torch.Generator
) -> BagContext | TableContext:
    """Return the context that fits the modality."""
    kind = TableContext if modality.is_table else BagContext
    return kind(modality, config, generator=generator)
