"""Fourier features: coordinates as sines and cosines of several wavelengths.

Axis names: a coordinate axis, f frequency, p code channel.
Source: Jaegle et al., "Perceiver", ICML 2021 (grid); Mildenhall et al., "NeRF", ECCV 2020
(geometric spacing).
"""

import math

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from healnet.model.config import ModalityConfig, PositionConfig


def num_code_channels(modality: ModalityConfig) -> int:
    """Return how many channels the position code of a modality has (0 without one)."""
    positions = modality.positions
    if positions is None:
        return 0
    raw = 1 if positions.kind == "grid" else 0
    return modality.axes * (2 * positions.num_bands + raw)


def encode_positions(
    coords: Float[Tensor, "*n a"], positions: PositionConfig
) -> Float[Tensor, "*n p"]:
    r"""Return sines and cosines of each coordinate, axis by axis.

    ``grid``: :math:`\sin(\pi f x), \cos(\pi f x), x` with f evenly spaced from 1 to
    ``max_frequency / 2`` and x in [-1, 1]. ``physical``: :math:`\sin(2 \pi x / w),
    \cos(2 \pi x / w)` with w geometrically spaced from ``min_wavelength`` to
    ``max_wavelength`` in the unit of x. The scale is absolute, so a micrometre means the same
    on every slide.
    """
    angular = _angular_frequencies(positions, coords)
    phase = rearrange(coords, "... a -> ... a 1") * angular
    parts = [phase.sin(), phase.cos()]
    if positions.kind == "grid":
        parts.append(rearrange(coords, "... a -> ... a 1"))
    return rearrange(torch.cat(parts, dim=-1), "... a p -> ... (a p)")


def _angular_frequencies(
    positions: PositionConfig, like: Float[Tensor, "*n a"]
) -> Float[Tensor, " f"]:
    if positions.kind == "grid":
        steps = torch.linspace(
            1.0,
            positions.max_frequency / 2,
            positions.num_bands,
            dtype=like.dtype,
            device=like.device,
        )
        return steps * math.pi
    first, last = math.log(positions.min_wavelength), math.log(positions.max_wavelength)
    wavelengths = torch.linspace(first, last, positions.num_bands, dtype=torch.float64).exp()
    return (2 * math.pi / wavelengths).to(dtype=like.dtype, device=like.device)
