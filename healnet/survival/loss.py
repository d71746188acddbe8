r"""The loss: negative log-likelihood of discrete-time survival, and its cross-entropy cousin.

Axis names: b patient, k time bin. All values are nats; ``event`` is True for a death seen.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from healnet.exceptions import SurvivalError


def discrete_hazard_nll(
    logits: Float[Tensor, "b k"], time_bin: Int[Tensor, " b"], event: Bool[Tensor, " b"]
) -> Float[Tensor, " b"]:
    r"""Return the negative log-likelihood of each patient, not yet averaged.

    With hazards :math:`h_k = \sigma(\text{logit}_k)`, last observed bin :math:`y` and
    :math:`\delta = 1` for an event,

    .. math::
        \ell = -\sum_{k<y} \log(1 - h_k) - \delta \log h_y - (1 - \delta) \log(1 - h_y).

    Computed with ``logsigmoid``, so there is no epsilon and no clamp.

    Args:
        logits: One unnormalised score per time bin.
        time_bin: Index of the last bin in which the patient was seen, in [0, k).
        event: True if the event happened in that bin, False if censored there.

    Returns:
        Nats per patient, never negative.

    Raises:
        SurvivalError: If a ``time_bin`` lies outside [0, k).

    Source:
        Zadeh and Schmid, IEEE TPAMI 43(9), 2021.
    """
    _check_bins(logits, time_bin)
    bins = torch.arange(logits.shape[-1], device=logits.device)
    died = (bins == time_bin[:, None]) & event[:, None]
    lived = (bins <= time_bin[:, None]) & ~died
    terms = torch.where(died, F.logsigmoid(logits), 0.0)
    terms = terms + torch.where(lived, F.logsigmoid(-logits), 0.0)
    return -terms.sum(dim=-1)


def survival_nll(
    logits: Float[Tensor, "b k"],
    time_bin: Int[Tensor, " b"],
    event: Bool[Tensor, " b"],
    *,
    alpha: float = 0.0,
    bin_weights: Float[Tensor, " w"] | None = None,
) -> Float[Tensor, ""]:
    r"""Return :math:`\text{mean}[(1-\alpha)\, w_y\, \ell + \alpha\, \delta\, \ell]`.

    The second term repeats the loss of patients with an event; as in the published code it is
    not weighted by bin.

    Args:
        logits: One unnormalised score per time bin.
        time_bin: Last bin in which the patient was seen.
        event: True if the event happened in that bin.
        alpha: In [0, 1]. 0: plain likelihood. 1: patients with an event only.
        bin_weights: Weight of a patient by time bin, one a bin; None: all 1.

    Raises:
        SurvivalError: If ``alpha``, a bin or the number of weights is out of range.

    Source:
        Published HEALNet (``alpha`` 0.4, inverse bin counts), MCAT (``alpha`` 0, none).
    """
    nll = discrete_hazard_nll(logits, time_bin, event)
    return _blend(_weigh(nll, time_bin, logits, bin_weights), event * nll, alpha)


def survival_cross_entropy(
    logits: Float[Tensor, "b k"],
    time_bin: Int[Tensor, " b"],
    event: Bool[Tensor, " b"],
    *,
    alpha: float = 0.0,
) -> Float[Tensor, ""]:
    r"""Return :math:`\text{mean}[(1-\alpha)\, c + \alpha\, \delta\, \ell]`.

    Here :math:`c = -\delta \log(1 - S_y) - (1 - \delta) \log S_y` is the cross-entropy of
    "alive at the right edge of the last bin", and :math:`\ell` the likelihood term of
    :func:`discrete_hazard_nll`.

    Source:
        Zadeh and Schmid, IEEE TPAMI 43(9), 2021; MCAT and the published HEALNet.
    """
    nll = discrete_hazard_nll(logits, time_bin, event)
    log_survival = F.logsigmoid(-logits).cumsum(dim=-1)
    log_alive = log_survival.gather(1, time_bin[:, None].long())[:, 0]
    # log(1 - S) as log(-expm1(log S)): S near 1 keeps its digits. The floor is the smallest
    # normal number: S rounds to exactly 1 only where the hazard is below machine precision.
    tiny = torch.finfo(logits.dtype).tiny
    log_dead = torch.log((-torch.expm1(log_alive)).clamp_min(tiny))
    return _blend(-torch.where(event, log_dead, log_alive), event * nll, alpha)


def _blend(
    loss: Float[Tensor, " b"], uncensored: Float[Tensor, " b"], alpha: float
) -> Float[Tensor, ""]:
    if not 0 <= alpha <= 1:
        raise SurvivalError(f"alpha must lie in [0, 1]; got {alpha}", code="SURVIVAL-ALPHA")
    return ((1 - alpha) * loss + alpha * uncensored).mean()


def _weigh(
    nll: Float[Tensor, " b"],
    time_bin: Int[Tensor, " b"],
    logits: Float[Tensor, "b k"],
    bin_weights: Tensor | None,
) -> Float[Tensor, " b"]:
    if bin_weights is None:
        return nll
    if bin_weights.shape != (logits.shape[-1],):
        raise SurvivalError(
            f"bin_weights needs {logits.shape[-1]} values; got {tuple(bin_weights.shape)}",
            code="SURVIVAL-BINS",
        )
    return nll * bin_weights.to(nll)[time_bin.long()]


def _check_bins(logits: Float[Tensor, "b k"], time_bin: Int[Tensor, " b"]) -> None:
    num_bins = logits.shape[-1]
    if logits.shape[0] == 0:
        raise SurvivalError("an empty batch has no loss", code="SURVIVAL-EMPTY")
    if time_bin.min() < 0 or time_bin.max() >= num_bins:
        raise SurvivalError(
            f"time_bin must lie in [0, {num_bins}); got {time_bin.min()} to {time_bin.max()}",
            code="SURVIVAL-BINS",
        )
