"""The cases that ship with the study: files as a user would bring them.

A showcase patient is one of those kept apart, with a larger section than in the cohort.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from healnet.data.cohort import Cohort
from healnet.explain.prediction import Prediction
from healnet.study.build import Study, is_held_out
from healnet.study.encoding import encode_one
from healnet.study.patients import Patient
from healnet.study.slides import SHOWCASE_FORMAT, SlideFormat, write_slide

SHOWN_TUMOUR = (0.25, 0.62)  # share of tumour on a section worth showing
LEAST_LYMPHOCYTES = 0.04
TABLES = ("rna", "cnv", "mutation")


@dataclass(frozen=True, kw_only=True)
class Showcase:
    """A patient to ship and why.

    Attributes:
        patient: The patient.
        title: What the case shows, for a list of cases.
        has_slide: The slide is shipped, too.
    """

    patient: Patient
    title: str
    has_slide: bool


def choose_showcases(
    study: Study, predictions: Mapping[str, Prediction]
) -> tuple[Showcase, ...]:
    """Return a higher-risk and a lower-risk patient with a slide, and one without.

    Model and truth agree on the first two, and their tissue has something to look at.
    """
    held_out = [p for p in study.patients if is_held_out(p) and p.has_omics]
    complete = [p for p in held_out if p.has_slide and _is_worth_showing(p)]
    complete = complete or [p for p in held_out if p.has_slide]
    percentiles = [predictions[p.case_id].risk_percentile for p in complete]
    ranks = rankdata(percentiles) + rankdata([p.log_hazard for p in complete])
    ranked = [complete[i] for i in np.argsort(ranks, kind="stable")]
    bare = sorted((p for p in held_out if not p.has_slide), key=lambda p: abs(p.log_hazard))
    chosen = []
    if ranked:
        chosen.append(Showcase(patient=ranked[-1], title="Higher risk", has_slide=True))
    if len(ranked) > 1:
        chosen.append(Showcase(patient=ranked[0], title="Lower risk", has_slide=True))
    if bare:
        chosen.append(Showcase(patient=bare[0], title="No slide: omics only", has_slide=False))
    return tuple(chosen)


def _is_worth_showing(patient: Patient) -> bool:
    shares = patient.shares
    low, high = SHOWN_TUMOUR
    return low <= shares.tumour <= high and shares.lymphocytes >= LEAST_LYMPHOCYTES


def write_showcase(
    study: Study,
    cohort: Cohort,
    case: Showcase,
    *,
    folder: Path,
    workdir: Path,
    form: SlideFormat = SHOWCASE_FORMAT,
) -> None:
    """Write the files of one case: slide, features, true regions, and its rows of the tables.

    Args:
        study: The study that the patient belongs to.
        cohort: Its tables.
        case: Whom to write.
        folder: Folder of the case.
        workdir: For files on the way.
        form: Size and quality of the slide.
    """
    patient = case.patient
    folder.mkdir(parents=True, exist_ok=True)
    if case.has_slide:
        for name in ("slides", "truth"):
            (workdir / name).mkdir(parents=True, exist_ok=True)
        write_slide(patient, study.seed, form, folder=workdir)
        slide = workdir / "slides" / f"{patient.case_id}.svs"
        features = encode_one(slide, workdir / "features")
        shutil.copyfile(slide, folder / "slide.svs")
        shutil.copyfile(features, folder / "features.h5")
        truth = workdir / "truth" / f"{patient.case_id}.geojson"
        shutil.copyfile(truth, folder / "truth.geojson")
    for name in (*TABLES, "clinical"):
        table = cohort.tables[name]
        if patient.case_id in table.index:
            _write_row(table.loc[[patient.case_id]], folder / f"{name}.csv")


def _write_row(row: pd.DataFrame, path: Path) -> None:
    row.rename_axis("case_id").to_csv(path)
