"""Build the study: tables, slides and the truth about them, in one folder.

.. code-block:: text

    cohort.csv      case_id, time_months, event, site, slides, age, sex, stage, grade
    cohort.yaml     names the omic tables, units and clinical columns
    rna.csv cnv.csv mutation.csv
    splits.csv      case_id, role: development or held-out
    slides/CASE.svs
    truth/          CASE.geojson (true regions), patients.csv, drivers.csv
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from healnet.data.encode_progress import Progress
from healnet.exceptions import ConfigError
from healnet.study.genes import CNV_DRIVERS, DRIVER_GENES, MUTATION_DRIVERS
from healnet.study.hazard import HazardLaw
from healnet.study.molecules import draw_tables
from healnet.study.patients import NO_CLINICAL_VALUE, Patient, draw_patient, patient_rng
from healnet.study.slides import COHORT_FORMAT, SlideFormat, write_slide
from healnet.survival.concordance import concordance

PROCESSES = 2
HELD_OUT_EVERY = 5  # every fifth patient judges the finished model
UNITS = {"rna": "log2(TPM+1)", "cnv": "GISTIC call", "mutation": "0/1", "age": "years"}
CLINICAL = ("age", "sex", "stage", "grade")


ProgressCall = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A synthetic study on disk.

    Attributes:
        folder: Where it lies.
        seed: Seed that it was drawn from.
        law: The true hazard.
        patients: Everybody, with the truth.
    """

    folder: Path
    seed: int
    law: HazardLaw
    patients: tuple[Patient, ...]

    @property
    def cohort_path(self) -> Path:
        """The table that training reads."""
        return self.folder / "cohort.csv"

    def case_ids(self, *, held_out: bool) -> tuple[str, ...]:
        """Return the held-out patients, or those for development."""
        return tuple(p.case_id for p in self.patients if is_held_out(p) == held_out)

    def patient(self, case_id: str) -> Patient:
        """Return one patient.

        Raises:
            KeyError: If the study has no such patient.
        """
        for patient in self.patients:
            if patient.case_id == case_id:
                return patient
        raise KeyError(case_id)


def is_held_out(patient: Patient) -> bool:
    """Return whether the patient is kept apart to judge the finished model."""
    return patient.number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def oracle_concordance(patients: Sequence[Patient]) -> float:
    """Return Harrell's C of the true hazard: what no model can be expected to exceed."""
    return concordance(
        np.array([patient.log_hazard for patient in patients]),
        np.array([patient.outcome.time_months for patient in patients]),
        np.array([patient.outcome.event for patient in patients]),
    )


def draw_study(folder: Path, *, patients: int = 300, seed: int = 7) -> Study:
    """Return the study without writing anything."""
    if patients < 1 or seed < 0:
        raise ConfigError(
            f"{patients} patients and seed {seed} cannot work",
            code="STUDY-SIZE",
            fix="ask for at least 1 patient and a seed of 0 or more",
        )
    law = HazardLaw()
    drawn = tuple(draw_patient(seed, number, law) for number in range(patients))
    return Study(folder=folder, seed=seed, law=law, patients=drawn)


def build_study(
    out_dir: Path,
    *,
    patients: int = 300,
    seed: int = 7,
    form: SlideFormat = COHORT_FORMAT,
    progress: ProgressCall | None = None,
    processes: int = PROCESSES,
) -> Study:
    """Write a whole study to ``out_dir`` and return it.

    The cohort table is written last, so that a folder with one is complete.

    Args:
        out_dir: Folder to fill; made if missing.
        patients: Number of patients.
        seed: Every patient follows from it and the patient's number alone.
        form: Size and quality of the slides.
        progress: Called after each slide.
        processes: How many draw slides at the same time.

    Raises:
        ConfigError: ``STUDY-FOLDER`` if a cohort of somebody else lies there.
    """
    study = draw_study(out_dir, patients=patients, seed=seed)
    if study.cohort_path.exists() and not (out_dir / "truth").is_dir():
        raise ConfigError(
            "there is a cohort already that is no drawn study",
            code="STUDY-FOLDER",
            where=study.cohort_path.name,
            why="its table would be replaced",
            fix="choose another folder",
        )
    for name in ("slides", "truth"):
        (out_dir / name).mkdir(parents=True, exist_ok=True)
    _write_slides(study, form, progress=progress, processes=processes)
    _write_truth(study)
    _write_tables(study)
    return study


def _write_slides(
    study: Study, form: SlideFormat, *, progress: ProgressCall | None, processes: int
) -> None:
    chosen = [patient for patient in study.patients if patient.has_slide]
    report = progress or _ignore
    report(Progress(stage="draw slides", done=0, total=len(chosen)))
    for done, _ in enumerate(_drawn(study, chosen, form, processes=processes), start=1):
        report(Progress(stage="draw slides", done=done, total=len(chosen)))


def _drawn(
    study: Study, chosen: Sequence[Patient], form: SlideFormat, *, processes: int
) -> Iterator[None]:
    """Write the slides of these patients; yield after each."""
    if processes <= 1:
        for patient in chosen:
            write_slide(patient, study.seed, form, folder=study.folder)
            yield
        return
    # fresh processes: a forked one would inherit the locks of the caller's threads
    with ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn")) as pool:
        waiting = [
            pool.submit(write_slide, patient, study.seed, form, folder=study.folder)
            for patient in chosen
        ]
        try:
            for job in as_completed(waiting):
                job.result()
                yield
        finally:
            pool.shutdown(cancel_futures=True)


def _ignore(progress: Progress) -> None:
    """Do nothing with it."""


def _write_tables(study: Study) -> None:
    tables = draw_tables(study.patients, seed=study.seed, law=study.law)
    for name, frame in tables.items():
        frame.to_csv(study.folder / f"{name}.csv")
    settings = {
        "omics": {name: f"{name}.csv" for name in tables},
        "units": UNITS,
        "clinical": list(CLINICAL),
        "endpoint": "overall survival (synthetic)",
    }
    text = "# Synthetic study: made by `healnet demo`, no real patients.\n"
    text += yaml.safe_dump(settings, sort_keys=False)
    (study.folder / "cohort.yaml").write_text(text, encoding="utf-8")
    roles = [
        {"case_id": p.case_id, "role": "held-out" if is_held_out(p) else "development"}
        for p in study.patients
    ]
    pd.DataFrame(roles).to_csv(study.folder / "splits.csv", index=False)
    rows = [_cohort_row(study, patient) for patient in study.patients]
    pd.DataFrame(rows).to_csv(study.cohort_path, index=False)


def _cohort_row(study: Study, patient: Patient) -> dict[str, object]:
    rng = patient_rng(study.seed, patient.number, 4)
    clinical = {name: getattr(patient, name) for name in CLINICAL}
    known = {
        name: value if rng.random() >= NO_CLINICAL_VALUE else ""
        for name, value in clinical.items()
    }
    return {
        "case_id": patient.case_id,
        "time_months": patient.outcome.time_months,
        "event": int(patient.outcome.event),
        "site": patient.site,
        "slides": f"slides/{patient.case_id}.svs" if patient.has_slide else "",
        **known,
    }


def _write_truth(study: Study) -> None:
    rows = [_truth_row(patient) for patient in study.patients]
    pd.DataFrame(rows).to_csv(study.folder / "truth" / "patients.csv", index=False)
    drivers = [
        *({"modality": "rna", "feature": gene} for gene in DRIVER_GENES),
        *({"modality": "cnv", "feature": gene} for gene in CNV_DRIVERS),
        *({"modality": "mutation", "feature": gene} for gene in MUTATION_DRIVERS),
    ]
    pd.DataFrame(drivers).to_csv(study.folder / "truth" / "drivers.csv", index=False)


def _truth_row(patient: Patient) -> dict[str, object]:
    shares = patient.shares
    return {
        "case_id": patient.case_id,
        "log_hazard": round(patient.log_hazard, 6),
        "programme": round(patient.programme, 6),
        "immune": round(patient.immune, 6),
        "tumour_share": round(shares.tumour, 6),
        "lymphocyte_share": round(shares.lymphocytes, 6),
        "necrosis_share": round(shares.necrosis, 6),
        "gland_share": round(shares.glands, 6),
        "fat_share": round(shares.fat, 6),
        "muscle_share": round(shares.muscle, 6),
        "has_slide": int(patient.has_slide),
        "has_omics": int(patient.has_omics),
    }
