"""Weights from a generator that the caller owns; the global random state is never touched."""

import math

import torch
from torch import nn


def linear(
    in_features: int, out_features: int, *, generator: torch.Generator, bias: bool = True
) -> nn.Linear:
    """Return a linear layer, uniform in +-1/sqrt(in_features): torch's own default."""
    layer = _BlankLinear(in_features, out_features, bias=bias)
    bound = 1 / math.sqrt(in_features)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer


def lecun_linear(
    in_features: int, out_features: int, *, generator: torch.Generator
) -> nn.Linear:
    """Return a linear layer with LeCun-normal weights and no offset.

    It keeps mean 0 and variance 1 through SELU (Klambauer et al., NeurIPS 2017).
    """
    layer = _BlankLinear(in_features, out_features)
    with torch.no_grad():
        layer.weight.normal_(std=1 / math.sqrt(in_features), generator=generator)
        layer.bias.zero_()
    return layer


def normal(*shape: int, scale: float, generator: torch.Generator) -> nn.Parameter:
    """Return a parameter with independent normal entries of standard deviation ``scale``."""
    return nn.Parameter(torch.empty(shape).normal_(std=scale, generator=generator))


class _BlankLinear(nn.Linear):
    """A linear layer whose memory holds anything: its own start would draw globally."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""
