"""How well risks order patients: the numbers that stand beside every model and evaluation."""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.concordance import concordance, concordance_interval, uno_concordance
from healnet.survival.outcome import MIN_EVENTS_FOR_CONCORDANCE, Outcome

_TAU_SHARE = 0.9
_UNO_REPLICATES = 200  # each costs a whole estimate
_DEFINED_SHARE = 0.95


def judge_risk(
    risk: Float64[ndarray, " n"],
    outcome: Outcome,
    *,
    everyone: Outcome,
    replicates: int,
    seed: int,
    is_main: bool = False,
) -> dict[str, object]:
    """Return patients, events, Harrell's C with its interval and Uno's C of some patients.

    Args:
        risk: Of these patients; higher is worse.
        outcome: Of these patients.
        everyone: Patients from whom the censoring is estimated: those of the training.
        replicates: Of the bootstrap.
        seed: Of the bootstrap.
        is_main: Also give the interval of Uno's C, which takes seconds.
    """
    events = int(outcome.event.sum())
    found: dict[str, object] = {"patients": len(risk), "events": events}
    if events < MIN_EVENTS_FOR_CONCORDANCE:
        why = f"{events} events; at least {MIN_EVENTS_FOR_CONCORDANCE} needed for a concordance"
        return {**found, "harrell": None, "harrell_interval": None, "uno": None, "why": why}
    low, high = concordance_interval(risk, *outcome, replicates=replicates, seed=seed)
    found |= {"harrell": concordance(risk, *outcome), "harrell_interval": [low, high]}
    tau = float(np.quantile(everyone.time_months, _TAU_SHARE))
    try:
        found |= {"uno": _uno(risk, outcome, everyone, tau), "uno_tau_months": tau}
    except SurvivalError as error:
        return {**found, "uno": None, "why": error.what}
    if is_main:
        found["uno_interval"] = _uno_interval(risk, outcome, everyone, tau, seed)
    return found


def _uno(
    risk: Float64[ndarray, " n"], outcome: Outcome, everyone: Outcome, tau: float
) -> float:
    return uno_concordance(
        risk,
        *outcome,
        train_time_months=everyone.time_months,
        train_event=everyone.event,
        tau_months=tau,
    )


def _uno_interval(
    risk: Float64[ndarray, " n"], outcome: Outcome, everyone: Outcome, tau: float, seed: int
) -> list[float] | None:
    """Return the 95 % percentile interval over patients; None if too few resamples have one.

    The censoring is that of ``everyone`` in all resamples.
    """
    draw = np.random.default_rng(seed)
    values = []
    for _ in range(_UNO_REPLICATES):
        rows = draw.integers(len(risk), size=len(risk))
        try:
            part = Outcome(outcome.time_months[rows], outcome.event[rows])
            values.append(_uno(risk[rows], part, everyone, tau))
        except SurvivalError:
            continue
    if len(values) < _DEFINED_SHARE * _UNO_REPLICATES:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return [float(low), float(high)]
