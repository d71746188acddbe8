"""AdamW without decay on norms, biases and latents; warm-up, then a cosine to zero."""

import math

from torch import nn, optim


def build_optimiser(
    model: nn.Module, *, learning_rate: float, weight_decay: float
) -> optim.AdamW:
    """Return AdamW that decays weight matrices only.

    Norms, biases and gains have one axis; latents and other learned inputs are no weights of a
    sum either, and pulling them to zero would erase what they mean.
    """
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim > 1 and not _is_learned_input(name)
        (decayed if is_matrix else free).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    return optim.AdamW(groups, lr=learning_rate)


def learning_rate_at(step: int, *, total_steps: int, warmup: float, peak: float) -> float:
    """Return the learning rate of a step (from 0): linear warm-up, then a cosine to zero."""
    rising = math.ceil(total_steps * warmup)
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(total_steps - rising, 1)
    return peak * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def set_learning_rate(optimiser: optim.Optimizer, value: float) -> None:
    """Give every parameter group this learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = value


def _is_learned_input(name: str) -> bool:
    return any(part in name for part in ("latents", "identity", "embedding"))
