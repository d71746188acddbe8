r"""From the K outputs of the network to hazards, survival and one risk.

Axis names: b patient, k time bin.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def hazards_from_logits(logits: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    r"""Return :math:`h_k = \sigma(\text{logit}_k)`: P(event in bin k | alive at its start)."""
    return logits.sigmoid()


def survival_from_logits(logits: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    r"""Return :math:`S_k = \prod_{i \le k} (1 - h_i)`: P(alive at the right edge of bin k).

    Summed as logarithms, so that many bins of high hazard do not vanish early.
    """
    return F.logsigmoid(-logits).cumsum(dim=-1).exp()


def risk_from_logits(logits: Float[Tensor, "b k"]) -> Float[Tensor, " b"]:
    r"""Return :math:`-\sum_k S_k`, in [-K, 0]; higher means an earlier event.

    Source: the published HEALNet, MCAT and PORPOISE all rank patients this way.
    """
    return -survival_from_logits(logits).sum(dim=-1)
