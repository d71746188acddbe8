r"""The true hazard of the study, and survival times drawn from it.

.. math::
    \log h_i = a\,z(\text{tumour}) - b\,z(\text{lymphocytes}) + c\,p
                + d\,p\,z(\text{tumour}) + e\,z(\text{age}),

with :math:`p` the score of the gene programme. Times follow a Weibull law whose rate is
multiplied by :math:`h_i`; follow-up ends at a date (administrative censoring) or earlier by
chance. Standardisation uses fixed constants of the population, so that the hazard of a patient
does not depend on who else is in the study.
"""

from dataclasses import dataclass

import numpy as np

MEDIAN_MONTHS = 40.0  # of a patient with log-hazard 0
WEIBULL_SHAPE = 1.35
FOLLOW_UP_MONTHS = (22.0, 108.0)  # from inclusion to the closing date, uniform
DROP_OUT_MONTHS = 240.0  # mean of the exponential time to loss of contact


@dataclass(frozen=True, kw_only=True)
class HazardLaw:
    """Weights of the log-hazard, and mean and deviation of its parts in the population."""

    tumour: float = 0.80
    lymphocytes: float = 0.70
    programme: float = 0.85
    interaction: float = 0.35
    age: float = 0.22
    tumour_mean: float = 0.345
    tumour_sd: float = 0.142
    lymphocytes_mean: float = 0.076
    lymphocytes_sd: float = 0.044
    age_mean: float = 64.0
    age_sd: float = 10.5

    def log_hazard(
        self, *, tumour: float, lymphocytes: float, programme: float, age: float
    ) -> float:
        """Return the log-hazard of a patient, 0 for the average one.

        Args:
            tumour: Share of the section.
            lymphocytes: Share of the section.
            programme: Score of the gene programme, unit deviation.
            age: Years.
        """
        more_tumour = (tumour - self.tumour_mean) / self.tumour_sd
        more_lymphocytes = (lymphocytes - self.lymphocytes_mean) / self.lymphocytes_sd
        older = (age - self.age_mean) / self.age_sd
        return (
            self.tumour * more_tumour
            - self.lymphocytes * more_lymphocytes
            + self.programme * programme
            + self.interaction * programme * more_tumour
            + self.age * older
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was observed: months, and whether the event happened."""

    time_months: float
    event: bool


def draw_outcome(rng: np.random.Generator, log_hazard: float) -> Outcome:
    """Return the observed time of a patient with this log-hazard."""
    chance = rng.exponential()
    scale = MEDIAN_MONTHS / np.log(2) ** (1 / WEIBULL_SHAPE)
    time = scale * (chance / np.exp(log_hazard)) ** (1 / WEIBULL_SHAPE)
    end = min(rng.uniform(*FOLLOW_UP_MONTHS), rng.exponential(DROP_OUT_MONTHS))
    months = max(round(float(min(time, end)), 2), 0.1)
    return Outcome(time_months=months, event=bool(time <= end))
