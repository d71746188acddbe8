r"""One time axis for an ensemble whose members were fitted on different patients.

Every member has the time bins of its own training patients, so that nothing of a held-out
patient's outcome enters it. To be averaged and compared, their curves are read at the edges of
one shared axis. Between the edges of a bin the hazard rate is constant, so

.. math::
    \log S(t) = \sum_k u_k(t) \log(1 - h_k),

with :math:`u_k(t)` the share of bin k that has passed at t. That is a matrix product, exact
where the axes agree. Beyond a member's horizon its curve stays level: nothing is extrapolated.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from healnet.survival.time_bins import TimeBins


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
