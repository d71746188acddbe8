r"""Integrated gradients: what moved a number, feature by feature, with its own error bar.

For a function :math:`f`, an input :math:`x` and a baseline :math:`x'`, feature :math:`i` gets

.. math::
    (x_i - x'_i) \int_0^1 \partial_i f(x' + t (x - x'))\, dt,

and the sum over the features is :math:`f(x) - f(x')` (completeness). The integral is taken with
Gauss-Legendre nodes; what the sum misses is the convergence delta.

Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Inputs = Mapping[str, Tensor]  # each "b n c", with n and c of its own


class Attributions(NamedTuple):
    """Attribution of every input value, and the numerical error of their sum."""

    by_input: dict[str, Tensor]  # shapes of the inputs, batch of 1
    delta: float  # sum of the attributions minus the true difference, in units of f


def integrated_gradients(
    function: Callable[[dict[str, Tensor]], Float[Tensor, " b"]],
    inputs: Inputs,
    baselines: Inputs,
    *,
    num_nodes: int = 24,
    batch_size: int = 8,
) -> Attributions:
    """Return integrated gradients of all inputs along one joint straight path.

    Args:
        function: Takes a batch of every input, returns one number an item. What stays fixed
            (a bag of patches, say) is closed over.
        inputs: One item (batch of 1) of each input.
        baselines: Where the path starts; same shapes.
        num_nodes: Points of the path at which the gradient is taken.
        batch_size: Points evaluated at once.

    Returns:
        Attributions whose sum over everything is f(inputs) - f(baselines) up to ``delta``.
    """
    nodes, weights = np.polynomial.legendre.leggauss(num_nodes)
    points = torch.from_numpy((nodes + 1) / 2)
    shares = torch.from_numpy(weights / 2)
    total = {
        name: torch.zeros_like(value, dtype=torch.float64) for name, value in inputs.items()
    }
    for start in range(0, num_nodes, batch_size):
        chunk = slice(start, start + batch_size)
        gradients = _gradients_at(function, inputs, baselines, points[chunk])
        for name, gradient in gradients.items():
            share = shares[chunk].to(gradient.device).view(-1, 1, 1)
            total[name] += (gradient.double() * share).sum(dim=0, keepdim=True)
    by_input = {
        name: (value.double() - baselines[name].double()) * total[name]
        for name, value in inputs.items()
    }
    with torch.no_grad():
        difference = function(dict(inputs)).double() - function(dict(baselines)).double()
    reached = sum(float(value.sum()) for value in by_input.values())
    return Attributions(by_input, reached - float(difference.sum()))


def _gradients_at(
    function: Callable[[dict[str, Tensor]], Float[Tensor, " b"]],
    inputs: Inputs,
    baselines: Inputs,
    points: Float[Tensor, " p"],
) -> dict[str, Tensor]:
    batch = {}
    for name, value in inputs.items():
        where = points.to(value).view(-1, 1, 1)
        path = baselines[name] + where * (value - baselines[name])
        batch[name] = path.detach().requires_grad_()
    with torch.enable_grad():
        value = function(batch).sum()
        found = torch.autograd.grad(value, list(batch.values()), allow_unused=True)
    return {
        name: torch.zeros_like(batch[name]) if gradient is None else gradient
        for name, gradient in zip(batch, found, strict=True)
    }
