"""How sure a member may be: one factor that pulls its answers towards their mean.

A network that orders patients well is often far too sure of it: its likelihood on unseen
patients gets worse while their order still improves. With the mean logits m of the patients
who decide when to stop, the answers ``m + a (logits - m)`` keep the order for every a > 0; the
a with the best likelihood on these patients says how sure the member may be. It is used twice:
an epoch is judged by the likelihood at its best a, and the a of the best epoch is folded into
the head.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017 (one parameter, after
training).
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from healnet.exceptions import TrainingError
from healnet.model.healnet import HealNet
from healnet.survival.loss import survival_nll

_FACTORS = tuple(round(0.05 * step, 2) for step in range(1, 21))  # 0.05 to 1


class Calibration(NamedTuple):
    """The factor, the logits it pulls towards, and the likelihood it reaches."""

    factor: float
    centre: Float[Tensor, " k"]
    loss: float  # nats per patient


def fit_calibration(
    logits: Float[Tensor, "n k"], time_bin: Int64[Tensor, " n"], event: Bool[Tensor, " n"]
) -> Calibration:
    """Return the factor in (0, 1] with the best likelihood on these patients.

    Args:
        logits: Of patients who did not train the network.
        time_bin: Last bin in which each was seen.
        event: True if the event happened.
    """
    centre = logits.mean(dim=0)
    losses = [
        float(survival_nll(centre + factor * (logits - centre), time_bin, event))
        for factor in _FACTORS
    ]
    best = min(range(len(losses)), key=losses.__getitem__)
    return Calibration(_FACTORS[best], centre, losses[best])


@torch.no_grad()
def fold_into_head(network: HealNet, calibration: Calibration) -> None:
    """Change the last layer so that the network gives the calibrated logits itself."""
    last = network.head[-1]
    if not isinstance(last, nn.Linear):
        raise TrainingError("the head does not end in a linear layer", code="TRAIN-HEAD")
    last.weight.mul_(calibration.factor)
    last.bias.mul_(calibration.factor)
    last.bias.add_((1 - calibration.factor) * calibration.centre.to(last.bias))
