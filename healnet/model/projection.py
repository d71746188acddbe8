r"""Keys and values of all layers in one sweep over the bag, exactly.

A LayerNorm followed by a projection without bias is

.. math::
    \left(\frac{x - \mu}{\sigma} g + b\right) W = \frac{1}{\sigma} (x W_c) + b W,
    \qquad W_c = \left(I - \tfrac{1}{C} 1 1^T\right) \mathrm{diag}(g)\, W,

so that centring and affine go into a small weight once, and what is left per token is one
scale. No normalised copy of the bag is made, in forward or in backward; the bag itself gets a
gradient only if it asks for one. Position codes are a second, narrow operand, made chunk by
chunk.

Axis names: t tokens of the batch, k tokens of a chunk, c channel, p code channel,
m keys and values of all layers.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from healnet.exceptions import FeatureError
from healnet.model.chunks import Chunk, TokenSource
from healnet.model.positions import encode_positions
from healnet.model.product import multiply

EPSILON = 1e-5  # torch.nn.LayerNorm
CANCELLATION = (
    1e-3  # below this share of the mean square, the variance is computed in two passes
)


class FoldedWeights(NamedTuple):
    """A LayerNorm and the projection behind it, as one weight and one constant."""

    values: Float[Tensor, "c m"]
    codes: Float[Tensor, "p m"] | None
    constant: Float[Tensor, " m"]
    codes_inside: bool  # True: the code passes through the LayerNorm; False: it is added behind


class ChunkOperands(NamedTuple):
    """What one chunk brings into the product."""

    values: Float[Tensor, "k c"]
    codes: Float[Tensor, "k p"] | None
    mean: Float[Tensor, "k 1"]
    scale: Float[Tensor, "k 1"]  # 1 / sqrt(variance + epsilon)


def fold_norm(
    norm: nn.LayerNorm, project: nn.Linear
) -> tuple[Float[Tensor, "c m"], Float[Tensor, " m"]]:
    """Return the centred weight and the constant of a LayerNorm with a projection behind it."""
    gained = project.weight * norm.weight
    return (gained - gained.mean(dim=1, keepdim=True)).T, project.weight @ norm.bias


def project_tokens(weights: FoldedWeights, source: TokenSource) -> Float[Tensor, "t m"]:
    """Return keys and values of the planned tokens; rows of padding are exactly 0.

    Differentiable in the weights, and in ``source.values`` if they require a gradient.

    Raises:
        FeatureError: If a real token holds NaN or an infinite value.
    """
    projected: Tensor = _ProjectTokens.apply(  # type: ignore[no-untyped-call]
        weights.values, weights.codes, weights.constant, source.values, weights, source
    )
    return projected


def chunk_operands(
    weights: FoldedWeights,
    source: TokenSource,
    chunk: Chunk,
    moments: Float[Tensor, "t 2"] | None = None,
) -> ChunkOperands:
    """Return values, position codes, mean and scale of the tokens of one chunk.

    Args:
        weights: Say whether the code passes through the LayerNorm.
        source: The bag.
        chunk: Which tokens.
        moments: Mean and scale of all targets, where they are known already.
    """
    values, coords = source.read(chunk, weights.values.dtype)
    codes = None
    if coords is not None and source.positions is not None:
        codes = encode_positions(coords, source.positions)
    if moments is not None:
        return ChunkOperands(values, codes, *torch.split(moments[chunk.target], 1, dim=1))
    if coords is not None:
        check_finite(coords)
    mean, scale = _moments(values, codes if weights.codes_inside else None)
    return ChunkOperands(values, codes, mean, scale)


def project_chunk(weights: FoldedWeights, chunk: ChunkOperands) -> Float[Tensor, "k m"]:
    """Return keys and values of one chunk."""
    projected = multiply(chunk.values, weights.values)
    if weights.codes is None or chunk.codes is None:
        return projected.mul_(chunk.scale).add_(weights.constant)
    if weights.codes_inside:
        projected.addmm_(chunk.codes, weights.codes).mul_(chunk.scale)
    else:
        projected.mul_(chunk.scale).addmm_(chunk.codes, weights.codes)
    return projected.add_(weights.constant)


def values_gradient(
    weights: FoldedWeights, chunk: ChunkOperands, gradient: Float[Tensor, "k m"]
) -> Float[Tensor, "k c"]:
    """Return the gradient of the channels of a chunk from that of its keys and values."""
    projected = chunk.values @ weights.values
    num_channels = chunk.values.shape[1]
    if weights.codes_inside and weights.codes is not None and chunk.codes is not None:
        projected.addmm_(chunk.codes, weights.codes)
        num_channels += chunk.codes.shape[1]
    through_scale = (gradient * projected).sum(dim=1, keepdim=True) * chunk.scale**3
    direct = (gradient * chunk.scale) @ weights.values.T
    return direct - through_scale * (chunk.values - chunk.mean) / num_channels


def check_finite(derived: Float[Tensor, "..."]) -> None:
    """Refuse real tokens with NaN or infinite values.

    Raises:
        FeatureError: If ``derived``, computed from them, is not finite.
    """
    if not torch.isfinite(derived).all():
        raise FeatureError(
            "a token holds NaN or an infinite value",
            code="MODEL-NOT-FINITE",
            fix="Mark it in is_token, or read the features again.",
        )


def _moments(
    values: Float[Tensor, "k c"], codes: Float[Tensor, "k p"] | None
) -> tuple[Float[Tensor, "k 1"], Float[Tensor, "k 1"]]:
    parts = [values] if codes is None else [values, codes]
    count = sum(part.shape[1] for part in parts)
    mean = torch.stack([part.sum(dim=1) for part in parts]).sum(dim=0) / count
    squares = [torch.linalg.vector_norm(part, dim=1).square_() for part in parts]
    mean_square = torch.stack(squares).sum(dim=0) / count
    variance = mean_square - mean.square()
    if (variance < CANCELLATION * mean_square).any():
        centred = [(part - mean[:, None]).square_().sum(dim=1) for part in parts]
        variance = torch.stack(centred).sum(dim=0) / count
    check_finite(variance)
    return mean[:, None], torch.rsqrt(variance + EPSILON)[:, None]


class _ProjectTokens(torch.autograd.Function):
    """The sweep. Saves the bag by reference, and two numbers per token."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  (torch gives no public type)
        values_weight: Tensor,
        codes_weight: Tensor | None,
        constant: Tensor,
        values: Tensor,
        weights: FoldedWeights,
        source: TokenSource,
    ) -> Tensor:
        moments = constant.new_empty(source.num_targets, 2)
        ctx.save_for_backward(values_weight, codes_weight, constant, values, moments)
        ctx.codes_inside, ctx.plan = weights.codes_inside, source._replace(values=values[:0])
        shape = (source.num_targets, values_weight.shape[1])
        projected = constant.new_empty(shape) if source.is_full else constant.new_zeros(shape)
        for chunk in source.chunks:
            operands = chunk_operands(weights, source, chunk)
            projected[chunk.target] = project_chunk(weights, operands)
            moments[chunk.target] = torch.cat([operands.mean, operands.scale], dim=1)
        return projected

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        values_weight, codes_weight, constant, values, moments = ctx.saved_tensors
        weights = FoldedWeights(values_weight, codes_weight, constant, ctx.codes_inside)
        source = ctx.plan._replace(values=values)
        weight_sum, constant_sum = (
            values_weight.new_zeros(values_weight.shape[::-1]),
            torch.zeros_like(constant),
        )
        codes_sum = None if codes_weight is None else torch.zeros_like(codes_weight)
        values_sum = torch.zeros_like(values) if ctx.needs_input_grad[3] else None
        for chunk in source.chunks:
            operands = chunk_operands(weights, source, chunk, moments)
            piece = gradient[chunk.target]
            scaled = piece * operands.scale
            weight_sum.addmm_(scaled.T, operands.values)  # this way round is the faster one
            constant_sum.add_(piece.sum(dim=0))
            if codes_sum is not None and operands.codes is not None:
                codes_sum.addmm_(operands.codes.T, scaled if weights.codes_inside else piece)
            if values_sum is not None:
                found = values_gradient(weights, operands, piece)
                values_sum[chunk.source] = found.to(values.dtype)
        return weight_sum.T, codes_sum, constant_sum, values_sum, None, None
