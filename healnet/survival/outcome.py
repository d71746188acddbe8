"""The one door for times and events: every statistic checks its outcome here first."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from healnet.exceptions import Notice, SurvivalError

MIN_EVENTS_TO_TRAIN = 20
MIN_EVENTS_FOR_CONCORDANCE = 10
FEW_EVENTS = 50


class Outcome(NamedTuple):
    """Checked times and events of a group of patients."""

    time_months: Float[ndarray, " n"]
    event: Bool[ndarray, " n"]


def check_outcome(time_months: Float[ndarray, " n"], event: Bool[ndarray, " m"]) -> Outcome:
    """Return the outcome as float64 and bool, or say what is wrong with it.

    Args:
        time_months: Time to the event or to the last contact, months.
        event: True if the event happened, False if censored.

    Raises:
        SurvivalError: If there is nobody, the lengths differ, or a time is not usable.
    """
    if len(time_months) != len(event):
        raise SurvivalError(
            f"{len(time_months)} times but {len(event)} events", code="SURVIVAL-LENGTH"
        )
    if len(time_months) == 0:
        raise SurvivalError("no patient", code="SURVIVAL-EMPTY")
    wrong = ~(np.isfinite(time_months) & (time_months >= 0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise SurvivalError(
            f"{int(wrong.sum())} times are negative or not finite, the first is "
            f"{time_months[first]}",
            code="SURVIVAL-TIME",
            where=f"position {first}",
            fix="give every patient a time of 0 or more",
        )
    return Outcome(time_months.astype(np.float64), event.astype(np.bool_))


def check_risk(risk: Float[ndarray, " n"], num_patients: int) -> Float[ndarray, " n"]:
    """Return the risks as float64.

    Raises:
        SurvivalError: If there is not one finite risk for each patient.
    """
    if len(risk) != num_patients:
        raise SurvivalError(
            f"{len(risk)} risks for {num_patients} patients", code="SURVIVAL-LENGTH"
        )
    if not np.isfinite(risk).all():
        raise SurvivalError(
            f"{int((~np.isfinite(risk)).sum())} of {len(risk)} risks are not finite numbers",
            code="SURVIVAL-RISK",
            why="they cannot be ranked",
        )
    return risk.astype(np.float64)


def event_notices(num_events: int) -> tuple[Notice, ...]:
    """Return the warning that belongs beside any concordance from few events.

    The standard deviation of a concordance without signal is about 0.35 / sqrt(events).
    """
    if num_events >= FEW_EVENTS:
        return ()
    spread = 0.35 / max(num_events, 1) ** 0.5
    return (
        Notice(
            code="SURVIVAL-FEW-EVENTS",
            what=f"only {num_events} events",
            why=f"chance alone moves the concordance by about {spread:.2f} either way",
            fix="read the interval, not the number",
        ),
    )
