"""Concordance of risk and outcome: Harrell, Uno, and a bootstrap interval over patients.

Everywhere: higher risk means an earlier event, 0.5 is no order at all, and where no pair can
be compared there is an error, never a number.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.concordant_pairs import count_pairs, pair_table
from healnet.survival.kaplan_meier import kaplan_meier
from healnet.survival.outcome import check_outcome, check_risk

TABLE_LIMIT = 3000  # patients up to which n-squared tables fit (events x patients x 8 bytes)
CHUNK_VALUES = 4_000_000  # weights held at once above that, 32 MB


class Interval(NamedTuple):
    """A percentile interval."""

    low: float
    high: float


def concordance(
    risk: Float[ndarray, " n"], time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"]
) -> float:
    """Return Harrell's concordance.

    Args:
        risk: Higher means an earlier event.
        time_months: Follow-up, months.
        event: True if the event happened.

    Raises:
        SurvivalError: ``SURVIVAL-NO-PAIRS`` if no two patients can be compared.

    Source:
        Harrell et al., JAMA 247, 1982; computed by torchsurv up to ``TABLE_LIMIT`` patients.
    """
    time_months, event = check_outcome(time_months, event)
    return _concordance(check_risk(risk, len(event)), time_months, event)


def uno_concordance(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    *,
    train_time_months: Float[ndarray, " m"],
    train_event: Bool[ndarray, " m"],
    tau_months: float | None = None,
) -> float:
    """Return Uno's concordance: pairs weighted by the inverse probability of censoring.

    Args:
        risk: Higher means an earlier event.
        time_months: Follow-up, months.
        event: True if the event happened.
        train_time_months: Follow-up of the training patients: censoring is estimated there.
        train_event: Their events.
        tau_months: Only events before this time count. None: all.

    Raises:
        SurvivalError: ``SURVIVAL-NO-PAIRS`` if no two patients can be compared;
            ``SURVIVAL-CENSORING`` if an event lies where every training patient was already
            censored (choose a smaller tau).

    Source:
        Uno et al., Statistics in Medicine 30, 2011.
    """
    time_months, event = check_outcome(time_months, event)
    risk = check_risk(risk, len(event))
    counted = event if tau_months is None else event & (time_months < tau_months)
    uncensored = _uncensored_share(train_time_months, train_event, at=time_months[counted])
    if (uncensored <= 0).any():
        raise SurvivalError(
            "events happen later than any training patient was followed without censoring",
            code="SURVIVAL-CENSORING",
            fix="give tau_months, a time that enough training patients reached",
        )
    weights = np.zeros(len(event))
    weights[counted] = 1 / uncensored
    return _concordance(risk, time_months, event, weights=weights)


def concordance_interval(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    *,
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the percentile bootstrap interval of Harrell's concordance over patients.

    Raises:
        SurvivalError: If a number is out of range, or more than 5 % of the replicates have no
            comparable pair: too few events for an interval.
    """
    if replicates < 1 or not 0 < level < 1:
        raise SurvivalError("an interval needs replicates, and a level between 0 and 1")
    time_months, event = check_outcome(time_months, event)
    risk = check_risk(risk, len(event))
    values = bootstrap_concordance(risk, time_months, event, replicates=replicates, seed=seed)
    defined = values[np.isfinite(values)]
    if len(defined) < 0.95 * replicates:
        raise SurvivalError(
            f"{replicates - len(defined)} of {replicates} resamples have no comparable pair",
            code="SURVIVAL-NO-PAIRS",
            why=f"{int(event.sum())} events are too few for an interval",
        )
    low, high = np.quantile(defined, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(low), float(high))


def bootstrap_concordance(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> Float[ndarray, " r"]:
    """Return Harrell's concordance of each resample; NaN where no pair is comparable.

    Replicate r draws ``generator.integers(n, size=n)`` from ``default_rng(seed)``, so two risks
    with the same seed are resampled alike: their difference is a paired comparison.
    """
    num_patients = len(risk)
    generator = np.random.default_rng(seed)
    chunk = max(1, min(replicates, CHUNK_VALUES // num_patients))
    parts = []
    for start in range(0, replicates, chunk):
        size = min(chunk, replicates - start)
        weights = bootstrap_counts(num_patients, size, generator)
        parts.append(_weighted_concordance(risk, time_months, event, weights))
    return np.concatenate(parts)


def bootstrap_counts(
    num_patients: int, replicates: int, generator: np.random.Generator
) -> Float[ndarray, "r n"]:
    """Return how often each patient was drawn in each resample."""
    draws = (
        np.bincount(generator.integers(num_patients, size=num_patients), minlength=num_patients)
        for _ in range(replicates)
    )
    return np.stack(list(draws)).astype(np.float64)


def _weighted_concordance(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    weights: Float[ndarray, "r n"],
) -> Float[ndarray, " r"]:
    if len(risk) > TABLE_LIMIT:
        concordant, comparable = count_pairs(risk, time_months, event, weights)
    else:
        score, is_partner = pair_table(risk, time_months, event)
        own = weights[:, event]
        concordant = ((own @ score) * weights).sum(axis=1)
        comparable = ((own @ is_partner.astype(np.float64)) * weights).sum(axis=1)
    values = np.full(len(weights), np.nan)
    np.divide(concordant, comparable, out=values, where=comparable > 0)
    return values


def _concordance(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    *,
    weights: Float[ndarray, " n"] | None = None,
) -> float:
    counted = event if weights is None else event & (weights > 0)
    if not _has_pair(time_months, event, counted):
        raise SurvivalError(
            "the concordance is not defined: no two patients can be compared",
            code="SURVIVAL-NO-PAIRS",
            why="a pair needs one event and another patient followed for longer",
        )
    if len(risk) <= TABLE_LIMIT:
        return _torchsurv_concordance(risk, time_months, event, weights)
    squared = None if weights is None else weights**2
    ones = np.ones((1, len(risk)))
    counts = count_pairs(risk, time_months, event, ones, event_weights=squared)
    return float(counts.concordant[0] / counts.comparable[0])


def _has_pair(
    time_months: Float[ndarray, " n"], event: Bool[ndarray, " n"], counted: Bool[ndarray, " n"]
) -> bool:
    """Return whether the earliest event that counts has a partner: no other has more."""
    if not counted.any():
        return False
    first = time_months[counted].min()
    return bool(((time_months > first) | ((time_months == first) & ~event)).any())


def _torchsurv_concordance(
    risk: Float[ndarray, " n"],
    time_months: Float[ndarray, " n"],
    event: Bool[ndarray, " n"],
    weights: Float[ndarray, " n"] | None,
) -> float:
    # torchsurv compares in float32; only order matters, and ranks keep close values apart.
    value = _torchsurv()(
        torch.from_numpy(_ranks(risk)),
        torch.from_numpy(event),
        torch.from_numpy(_ranks(time_months)),
        weight=None if weights is None else torch.from_numpy(weights),
    )
    return float(value)


def _torchsurv() -> Callable[..., torch.Tensor]:
    """Return torchsurv's index; imported on first use, which takes 1.7 s.

    It uses ``torch.jit.script``, which recent PyTorch versions call deprecated.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from torchsurv.metrics.cindex import ConcordanceIndex  # noqa: PLC0415  (see above)

    index: Callable[..., torch.Tensor] = ConcordanceIndex()
    return index


def _ranks(values: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def _uncensored_share(
    time_months: Float[ndarray, " m"], event: Bool[ndarray, " m"], *, at: Float[ndarray, " n"]
) -> Float[ndarray, " n"]:
    """Return P(not censored by t), by Kaplan-Meier; an event at t leaves before a censoring."""
    time_months, event = check_outcome(time_months, event)
    if event.all():
        return np.ones(len(at))
    curve = kaplan_meier(time_months, event)
    at_risk = np.maximum(curve.at_risk - curve.events, 1)
    share = np.cumprod(1 - curve.censored / at_risk)
    steps = np.concatenate((np.ones(1), share))
    later: Float[ndarray, " n"] = steps[np.searchsorted(curve.time_months, at, side="right")]
    return later
