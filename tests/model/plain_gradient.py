"""The plain gradient of a score with respect to tokens: what the maps are compared with."""

from dataclasses import replace

import torch
from torch import Tensor

from healnet.model.gradients import Score
from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens


def input_gradient(
    model: HealNet, tokens: dict[str, Tokens], modality: str, score: Score
) -> Tensor:
    """Return d score / d values of one modality, in the precision of the model."""
    values = tokens[modality].values.detach().to(model.latents.dtype).requires_grad_()
    varied = {**tokens, modality: replace(tokens[modality], values=values)}
    total = score(model(varied).logits).sum()
    (gradient,) = torch.autograd.grad(total, values, allow_unused=True)
    return torch.zeros_like(values) if gradient is None else gradient
