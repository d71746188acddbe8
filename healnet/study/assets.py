"""Rebuild what ships with the program: the study's model, its showcase cases and its numbers.

.. code-block:: text

    model/            the trained model
    cases/CASE_ID/    slide.svs features.h5 truth.geojson, one-row tables by modality
    study.json        what the study is, and every number of the model on patients kept apart
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from healnet.bundle.folder import read_bundle, write_bundle
from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.data.encode_progress import Progress
from healnet.data.feature_store import read_features
from healnet.data.read_cohort import read_cohort
from healnet.predict.prediction import predict_case
from healnet.slide.hashing import slide_sha256
from healnet.study.build import PROCESSES, Study, build_study, oracle_concordance
from healnet.study.encoding import ENCODER, encode_slides
from healnet.study.judging import HeldOut, judge_study, predict_all
from healnet.study.showcase import Showcase, choose_showcases, write_showcase
from healnet.train.member_training import DTYPES
from healnet.train.recipe import Recipe
from healnet.train.training import train_model

TUMOUR = "Synthetic adenocarcinoma"
RECIPE = Recipe(
    name="study-model",
    data="built-in synthetic study",
    endpoint="overall survival (synthetic)",
    is_synthetic=True,
    seed=7,
    stored_as="float16",
)
ProgressCall = Callable[[Progress], None]


def rebuild_assets(
    assets_dir: Path,
    *,
    patients: int = 300,
    seed: int = 7,
    workdir: Path | None = None,
    progress: ProgressCall | None = None,
) -> Path:
    """Build the study, train its model, judge it, and write all that ships to ``assets_dir``.

    Args:
        assets_dir: Target; its ``model``, ``cases`` and ``study.json`` are replaced.
        patients: Number of patients.
        seed: Of the study.
        workdir: Keeps the slides and features of the whole study; by default they go again.
        progress: Called often, with the stage.

    Returns:
        ``assets_dir``.
    """
    if workdir is None:
        with tempfile.TemporaryDirectory(prefix="healnet-study-") as folder:
            return _rebuild(assets_dir, patients, seed, Path(folder), progress)
    return _rebuild(assets_dir, patients, seed, workdir, progress)


def _rebuild(
    assets_dir: Path, patients: int, seed: int, workdir: Path, progress: ProgressCall | None
) -> Path:
    study = build_study(workdir / "study", patients=patients, seed=seed, progress=progress)
    slides = sorted((study.folder / "slides").glob("*.svs"))
    features = encode_slides(
        slides, workdir / "features", processes=PROCESSES, progress=progress
    )
    cohort = read_cohort(study.cohort_path)
    cohort = cohort.with_features({name: (path,) for name, path in features.items()})
    fresh = workdir / "assets"
    shutil.rmtree(fresh, ignore_errors=True)
    development = cohort.subset(study.case_ids(held_out=False))
    bundle = train_model(development, recipe=RECIPE, out_dir=fresh / "model", progress=progress)
    kept_apart = cohort.subset(study.case_ids(held_out=True))
    held_out = HeldOut(
        cohort=kept_apart,
        log_hazard={patient.case_id: patient.log_hazard for patient in study.patients},
        predictions=predict_all(bundle, kept_apart, progress=progress),
        truth=study.folder / "truth",
    )
    showcases = choose_showcases(study, held_out.predictions)
    for case in showcases:
        folder = fresh / "cases" / case.patient.case_id
        write_showcase(study, cohort, case, folder=folder, workdir=workdir / "showcase")
    bundle = _knowing_its_slides(bundle, fresh)
    facts = _facts(study, bundle, held_out, showcases=showcases, fresh=fresh)
    (fresh / "study.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    _publish(fresh, assets_dir)
    return assets_dir


def _knowing_its_slides(bundle: ModelBundle, fresh: Path) -> ModelBundle:
    """Return the model with the hashes of the shipped slides on its card, written again.

    They are of the study although no member was trained on them; every other slide that the
    model did not see is a stranger to it.
    """
    shipped = sorted(slide_sha256(path) for path in fresh.glob("cases/*/slide.svs"))
    known = replace(bundle, card={**bundle.card, "study_slides": shipped})
    return write_bundle(
        fresh / "model", known, created=bundle.created, dtype=DTYPES[RECIPE.stored_as]
    )


def _facts(
    study: Study,
    bundle: ModelBundle,
    held_out: HeldOut,
    *,
    showcases: tuple[Showcase, ...],
    fresh: Path,
) -> dict[str, object]:
    patients = study.patients
    return {
        "schema_version": 1,
        "is_synthetic": True,
        "tumour": TUMOUR,
        "command": f"healnet demo --rebuild --patients {len(patients)} --seed {study.seed}",
        "seed": study.seed,
        "patients": len(patients),
        "events": sum(patient.outcome.event for patient in patients),
        "patients_with_slide": sum(patient.has_slide for patient in patients),
        "patients_with_omics": sum(patient.has_omics for patient in patients),
        "encoder": ENCODER,
        "hazard": asdict(study.law),
        "oracle_concordance_all": oracle_concordance(patients),
        "model": {"name": bundle.name, "sha256": bundle.sha256},
        "training_patients": len(study.case_ids(held_out=False)),
        "held_out": judge_study(bundle, held_out),
        "cases": [
            {**_case_facts(case, held_out.cohort), **_answer(case, fresh)} for case in showcases
        ],
    }


def _answer(case: Showcase, fresh: Path) -> Mapping[str, object]:
    """Return the risk that the shipped model reads from the shipped slide alone.

    ``healnet doctor`` compares it with what the model answers on another machine.
    """
    path = fresh / "cases" / case.patient.case_id / "features.h5"
    if not path.is_file():
        return {}
    shown = Case(case_id=case.patient.case_id, slides=(read_features(path),))
    return {"slide_risk": predict_case(read_bundle(fresh / "model"), shown, explain=False).risk}


def _case_facts(case: Showcase, cohort: Cohort) -> Mapping[str, object]:
    patient = case.patient
    return {
        "case_id": patient.case_id,
        "title": case.title,
        "has_slide": case.has_slide,
        "true_log_hazard": round(patient.log_hazard, 4),
        "true_shares": {name: round(v, 4) for name, v in asdict(patient.shares).items()},
        "true_programme": round(patient.programme, 4),
        "time_months": cohort.patient(patient.case_id).time_months,
        "event": cohort.patient(patient.case_id).event,
    }


def _publish(fresh: Path, assets_dir: Path) -> None:
    """Replace what ships by what was made."""
    assets_dir.mkdir(parents=True, exist_ok=True)
    for name in ("model", "cases"):
        shutil.rmtree(assets_dir / name, ignore_errors=True)
        shutil.copytree(fresh / name, assets_dir / name)
    shutil.copyfile(fresh / "study.json", assets_dir / "study.json")
