r"""One time axis for an ensemble whose members were fitted on different patients.

Every member has the time bins of its own training patients, so that nothing of a held-out
patient's outcome enters it, and ranks patients by its risk on these. To be averaged and shown,
the curves are read at the edges of one shared axis, fitted on everybody. Between the edges of a
bin the hazard rate is constant, so

.. math::
    \log S(t) = \sum_k u_k(t) \log(1 - h_k),

with :math:`u_k(t)` the share of bin k that has passed at t. That is a matrix product, exact
where the axes agree. Beyond a member's horizon its curve stays level: nothing is extrapolated.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from numpy import ndarray
from torch import Tensor

from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens
from healnet.survival.hazards import risk_from_logits
from healnet.survival.time_bins import TimeBins


class Answer(NamedTuple):
    """What one member says about one patient."""

    risk: float  # on the shared axis, which is shown
    own_risk: float  # on the member's own bins, which is ranked
    survival: Float64[ndarray, " j"]  # at the shared edges
    modalities: tuple[str, ...]  # what the forward pass really read, in reading order


def elapsed_shares(member: TimeBins, shared: TimeBins) -> Float[Tensor, "j k"]:
    """Return the share of each of the member's bins (k) passed at each shared edge (j)."""
    right = member.right_edges
    left = np.concatenate([[0.0], right[:-1]])
    passed = (shared.right_edges[:, None] - left[None]) / (right - left)[None]
    return torch.from_numpy(np.clip(passed, 0.0, 1.0))


def survival_on(
    logits: Float[Tensor, "b k"], shares: Float[Tensor, "j k"]
) -> Float[Tensor, "b j"]:
    """Return a member's S at the shared edges."""
    return (F.logsigmoid(-logits) @ shares.to(logits).T).exp()


def risk_on(logits: Float[Tensor, "b k"], shares: Float[Tensor, "j k"]) -> Float[Tensor, " b"]:
    """Return minus the sum of a member's S over the shared edges; higher is worse."""
    return -survival_on(logits, shares).sum(dim=-1)


@torch.no_grad()
def ask(network: HealNet, tokens: Mapping[str, Tokens], shares: Float[Tensor, "j k"]) -> Answer:
    """Return a member's answer about one patient.

    Every number that is published about a patient, in the reference cohort and in a prediction,
    comes from here, one patient at a time, so that the same input gives the same bits.
    """
    fusion = network.fuse(network.remember(tokens))
    logits = fusion.logits.double()
    survival = survival_on(logits, shares)[0]
    modalities = tuple(dict.fromkeys(step.modality for step in fusion.steps))
    own_risk = float(risk_from_logits(logits)[0])
    return Answer(-float(survival.sum()), own_risk, survival.cpu().numpy(), modalities)
