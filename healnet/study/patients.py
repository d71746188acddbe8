"""Draw patients: who they are, what their tissue is made of, and how they fare.

A patient is drawn from the seed of the study and its own number alone, so the same patient
comes out whatever the size of the study, the order or the number of processes.
"""

from dataclasses import dataclass

import numpy as np

from healnet.study.hazard import HazardLaw, Outcome, draw_outcome
from healnet.study.tissue_layout import TissueShares

SITES = ("A1", "B2", "C3", "D4")
STAGES = ("I", "II", "III", "IV")
GRADES = ("G1", "G2", "G3")
NO_SLIDE, NO_OMICS, NO_CLINICAL_VALUE = 0.08, 0.10, 0.02  # shares of patients


@dataclass(frozen=True, kw_only=True)
class Patient:
    """One patient and the whole truth about them.

    Attributes:
        case_id: Name in every table.
        number: Place in the study; with the study's seed it fixes everything.
        site: Where the patient was treated.
        age: Years.
        sex: ``female`` or ``male``.
        stage: I to IV.
        grade: G1 to G3.
        shares: Tissue on the slide.
        differentiation: 0 solid tumour, 1 well-formed glands.
        programme: Score of the gene programme, unit deviation.
        immune: Strength of the immune response, unit deviation.
        log_hazard: True log-hazard.
        outcome: What was observed.
        has_slide: A slide exists.
        has_omics: RNA, CNV and mutation tables hold the patient.
    """

    case_id: str
    number: int
    site: str
    age: int
    sex: str
    stage: str
    grade: str
    shares: TissueShares
    differentiation: float
    programme: float
    immune: float
    log_hazard: float
    outcome: Outcome
    has_slide: bool
    has_omics: bool


def patient_rng(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Return the source of randomness of one patient for one purpose."""
    return np.random.default_rng([seed, number, purpose])


def draw_patient(seed: int, number: int, law: HazardLaw) -> Patient:
    """Return patient ``number`` of the study with this seed."""
    rng = patient_rng(seed, number, 0)
    immune, programme, aggression = rng.normal(size=3)
    shares = _draw_shares(rng, immune=float(immune))
    age = int(np.clip(round(rng.normal(law.age_mean, law.age_sd)), 31, 91))
    log_hazard = law.log_hazard(
        tumour=shares.tumour,
        lymphocytes=shares.lymphocytes,
        programme=float(programme),
        age=float(age),
    )
    grade = _ranked(0.8 * aggression + 0.6 * rng.normal(), (-0.75, 0.75))
    stage = _ranked(0.3 * log_hazard + rng.normal(), (-0.9, 0.2, 1.1))
    return Patient(
        case_id=f"SYN-{number + 1:04d}",
        number=number,
        site=SITES[int(rng.choice(len(SITES), p=(0.35, 0.3, 0.2, 0.15)))],
        age=age,
        sex=str(rng.choice(("female", "male"))),
        stage=STAGES[stage],
        grade=GRADES[grade],
        shares=shares,
        differentiation=float(np.clip(0.85 - 0.38 * grade + rng.normal(0, 0.1), 0, 1)),
        programme=float(programme),
        immune=float(immune),
        log_hazard=log_hazard,
        outcome=draw_outcome(rng, log_hazard),
        has_slide=bool(rng.random() >= NO_SLIDE),
        has_omics=bool(rng.random() >= NO_OMICS),
    )


def _draw_shares(rng: np.random.Generator, *, immune: float) -> TissueShares:
    """Return tissue shares; the immune response decides much of the lymphocytes."""
    tumour = 0.04 + 0.68 * float(rng.beta(2.2, 2.7))
    answer = 0.75 * immune + 0.66 * float(rng.normal())
    lymphocytes = 0.006 + 0.25 / (1 + float(np.exp(1.15 - 1.0 * answer)))
    room = max(0.97 - tumour - lymphocytes, 0.0)
    necrosis = min(float(rng.beta(1.1, 5)) * 0.35 * tumour, 0.3 * room)
    rest = room - necrosis
    parts = rng.dirichlet((1.3, 1.0, 1.0, 3.6)) * rest  # glands, fat, muscle, stroma
    return TissueShares(
        tumour=tumour,
        lymphocytes=lymphocytes,
        necrosis=necrosis,
        glands=float(parts[0]),
        fat=min(float(parts[1]), 0.22),
        muscle=float(parts[2]),
    )


def _ranked(value: float, borders: tuple[float, ...]) -> int:
    return int(np.searchsorted(borders, value))
