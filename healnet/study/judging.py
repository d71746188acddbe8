"""How good the shipped model is on patients kept apart, beside what could be reached.

Everything here compares the model with the truth that only a synthetic study has: the hazard
that times were drawn from, the regions on the slides, the genes of the programme.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int64
from PIL import Image, ImageDraw
from scipy.stats import rankdata

from healnet.bundle.judgement import judge_risk
from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.data.encode_progress import Progress
from healnet.data.input_spec import SLIDE
from healnet.exceptions import ModalityError
from healnet.explain.prediction import Prediction
from healnet.predict.prediction import predict_case
from healnet.study.genes import CNV_DRIVERS, DRIVER_GENES, MUTATION_DRIVERS
from healnet.survival.outcome import Outcome

OMICS = ("rna", "cnv", "mutation")
SCALE = 8  # level-0 pixels per pixel of a rasterised region
MAJORITY = 0.5  # share of a patch that decides its class
REPLICATES = 1000
Scores = Float[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Patients kept apart and what the model says of them.

    Attributes:
        cohort: The patients, with feature files.
        log_hazard: True log-hazard by case id.
        predictions: With explanations, by case id.
        truth: Folder of the true regions.
    """

    cohort: Cohort
    log_hazard: Mapping[str, float]
    predictions: Mapping[str, Prediction]
    truth: Path


def predict_all(
    bundle: ModelBundle,
    cohort: Cohort,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Prediction]:
    """Return explained predictions of all patients of ``cohort``."""
    found = {}
    for done, case_id in enumerate(cohort.case_ids, start=1):
        found[case_id] = predict_case(bundle, cohort.case(case_id))
        if progress is not None:
            progress(Progress(stage="judge", done=done, total=len(cohort)))
    return found


def judge_study(bundle: ModelBundle, held_out: HeldOut) -> dict[str, object]:
    """Return every number of the study on the patients kept apart."""
    return {
        "concordance": _concordances(bundle, held_out),
        "maps": judge_maps(held_out),
        "drivers": judge_drivers(list(held_out.predictions.values())),
    }


def _concordances(bundle: ModelBundle, held_out: HeldOut) -> dict[str, object]:
    """Return C of the model, of the truth, and of parts of the input."""
    cohort, reference = held_out.cohort, bundle.reference
    training = Outcome(reference.time_months, reference.event)
    model = {name: one.risk_percentile for name, one in held_out.predictions.items()}
    slide = _risks(bundle, cohort, lambda case: replace(case, tables={}))
    omics = _risks(bundle, cohort, _only_omics)
    clinical = cohort.tables["clinical"]["age"]
    age = {
        name: float(clinical[name])
        for name in cohort.case_ids
        if name in clinical.index and np.isfinite(float(clinical[name]))
    }
    return {
        "oracle": _judge(held_out.log_hazard, cohort, training),
        "model": _judge(model, cohort, training),
        "slide_only": _judge(slide, cohort, training),
        "omics_only": _judge(omics, cohort, training),
        "age_only": _judge(age, cohort, training),
    }


def _only_omics(case: Case) -> Case:
    tables = {name: row for name, row in case.tables.items() if name in OMICS}
    return replace(case, slides=(), tables=tables)


def _risks(
    bundle: ModelBundle, cohort: Cohort, reduce: Callable[[Case], Case]
) -> dict[str, float]:
    """Return risk percentiles of those patients who still have something to read."""
    risks = {}
    for case_id in cohort.case_ids:
        try:
            answer = predict_case(bundle, reduce(cohort.case(case_id)), explain=False)
        except ModalityError:
            continue
        risks[case_id] = answer.risk_percentile
    return risks


def _judge(risk: Mapping[str, float], cohort: Cohort, training: Outcome) -> dict[str, object]:
    chosen = cohort.subset([name for name in cohort.case_ids if name in risk])
    values = np.array([risk[name] for name in chosen.case_ids])
    return judge_risk(
        values,
        Outcome(chosen.time_months, chosen.event),
        everyone=training,
        replicates=REPLICATES,
        seed=0,
    )


def judge_maps(held_out: HeldOut) -> dict[str, object]:
    """Return, for each map, how well it ranks patches of a true class above the others.

    The area under the ROC curve is taken within each slide, where both kinds of patches exist,
    and averaged over slides.
    """
    areas: dict[str, dict[str, list[float]]] = {}
    for case_id, prediction in held_out.predictions.items():
        for slide in prediction.slides:
            regions = json.loads((held_out.truth / f"{case_id}.geojson").read_text("utf-8"))
            size = round(slide.features.patch_size_l0)
            classes = {
                name: patch_shares(regions, slide.features.coords, size, name=name) > MAJORITY
                for name in ("tumour", "lymphocytes")
            }
            for one in slide.maps:
                if one.layer is None and one.head is None:
                    for name, is_class in classes.items():
                        found = roc_area(one.values.astype(np.float64), is_class)
                        if found is not None:
                            areas.setdefault(one.method, {}).setdefault(name, []).append(found)
    return {
        method: {name: _spread(values) for name, values in by_class.items()}
        for method, by_class in areas.items()
    }


def _spread(values: Sequence[float]) -> dict[str, object]:
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return {
        "slides": len(values),
        "auc_mean": float(np.mean(values)),
        "auc_median": float(median),
        "auc_quartiles": [float(low), float(high)],
    }


def roc_area(score: Scores, is_positive: Bool[np.ndarray, " n"]) -> float | None:
    """Return the area under the ROC curve; None if all patches are of one kind."""
    positives = int(is_positive.sum())
    negatives = len(score) - positives
    if not positives or not negatives:
        return None
    ranks = rankdata(score)[is_positive].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def patch_shares(
    regions: Mapping[str, object], corners: Int64[np.ndarray, "n 2"], size: int, *, name: str
) -> Scores:
    """Return the share of each patch that lies in true regions of one class.

    Args:
        regions: Feature collection in level-0 pixels.
        corners: Upper left corners of the patches, level-0 pixels.
        size: Side of a patch, level-0 pixels.
        name: Class of the regions.
    """
    reach = int(corners.max(initial=0)) + size
    mask = Image.new("L", (reach // SCALE + 1, reach // SCALE + 1))
    for feature in regions["features"]:  # type: ignore[attr-defined]
        if feature["properties"]["class"] == name:
            _fill(mask, feature["geometry"]["coordinates"])
    total = np.pad(np.asarray(mask, dtype=np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    first = corners // SCALE
    last = (corners + size) // SCALE
    left, top, right, bottom = first[:, 0], first[:, 1], last[:, 0], last[:, 1]
    inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return np.asarray(inside / ((right - left) * (bottom - top)))


def _fill(mask: Image.Image, rings: Sequence[Sequence[Sequence[float]]]) -> None:
    """Draw one polygon, its holes left as they are."""
    polygon = Image.new("1", mask.size)
    for number, ring in enumerate(rings):
        points = [(x / SCALE, y / SCALE) for x, y in ring]
        ImageDraw.Draw(polygon).polygon(points, fill=int(number == 0))
    mask.paste(1, mask=polygon)


def judge_drivers(predictions: Sequence[Prediction]) -> dict[str, object]:
    """Return how many true driver genes stand among the strongest attributions.

    Features are ranked by their mean absolute attribution over patients.
    """
    moved: dict[tuple[str, str], list[float]] = {}
    for prediction in predictions:
        for one in prediction.attributions:
            if one.modality == SLIDE:
                continue
            key = (one.modality, one.feature)
            moved.setdefault(key, []).append(abs(one.attribution))
    ranked = sorted(moved, key=lambda key: -float(np.mean(moved[key])))
    genes = [feature for modality, feature in ranked if modality == "rna"]
    drivers = {
        *(("rna", gene) for gene in DRIVER_GENES),
        *(("cnv", gene) for gene in CNV_DRIVERS),
        *(("mutation", gene) for gene in MUTATION_DRIVERS),
    }
    top = len(DRIVER_GENES)
    found = [gene for gene in genes[:top] if gene in DRIVER_GENES]
    return {
        "patients": len(predictions),
        "driver_genes": len(DRIVER_GENES),
        "rna_recall_top_20": len(found) / len(DRIVER_GENES),
        "rna_top_20": genes[:top],
        "drivers_among_top_20_of_all": sum(key in drivers for key in ranked[:top]),
        "top_20_of_all": [f"{modality}:{feature}" for modality, feature in ranked[:top]],
    }
