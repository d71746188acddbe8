"""How well risks order patients: the numbers that stand beside every model and evaluation."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from healnet.exceptions import SurvivalError
from healnet.survival.concordance import concordance, concordance_interval, uno_concordance
from healnet.survival.outcome import MIN_EVENTS_FOR_CONCORDANCE

_TAU_SHARE = 0.9


class Outcome(NamedTuple):
    """What happened to the patients of an evaluation."""

    time_months: Float64[ndarray, " n"]
    event: Bool[ndarray, " n"]


def judge_risk(
    risk: Float64[ndarray, " n"],
    outcome: Outcome,
    *,
    everyone: Outcome,
    replicates: int,
    seed: int,
) -> dict[str, object]:
    """Return patients, events, Harrell's C with its interval and Uno's C of some patients.

    Args:
        risk: Of these patients; higher is worse.
        outcome: Of these patients.
        everyone: Patients from whom the censoring is estimated.
        replicates: Of the bootstrap.
        seed: Of the bootstrap.
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
        uno = uno_concordance(
            risk,
            *outcome,
            train_time_months=everyone.time_months,
            train_event=everyone.event,
            tau_months=tau,
        )
    except SurvivalError as error:
        return {**found, "uno": None, "why": error.what}
    return {**found, "uno": uno, "uno_tau_months": tau}
