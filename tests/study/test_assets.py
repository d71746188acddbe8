"""What ships is what the command makes: tables, slides and numbers agree with the seed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest

from healnet.bundle.folder import read_bundle
from healnet.bundle.model_bundle import ModelBundle
from healnet.data.case import Case
from healnet.data.feature_store import read_features
from healnet.predict.prediction import predict_case
from healnet.study.build import Study, draw_study, is_held_out, oracle_concordance
from healnet.study.judging import OMICS
from healnet.study.molecules import draw_tables
from healnet.study.slides import SHOWCASE_FORMAT, draw_slide, write_slide
from healnet.survival.concordance import concordance

DEMO = Path(__file__).parents[2] / "assets" / "demo"
pytestmark = pytest.mark.skipif(
    not (DEMO / "study.json").is_file(),
    reason="assets/demo is not built: run `healnet demo --rebuild --out assets/demo`",
)
LARGEST_MB = 12.0


@pytest.fixture(scope="module")
def facts() -> dict:
    return json.loads((DEMO / "study.json").read_text())


@pytest.fixture(scope="module")
def study(facts: dict) -> Study:
    return draw_study(Path("nowhere"), patients=facts["patients"], seed=facts["seed"])


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return read_bundle(DEMO / "model")


def test_assets_are_small() -> None:
    size = sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file())

    assert size <= LARGEST_MB * 1e6


def test_facts_follow_from_the_seed(facts: dict, study: Study) -> None:
    assert facts["events"] == sum(patient.outcome.event for patient in study.patients)
    assert facts["oracle_concordance_all"] == pytest.approx(oracle_concordance(study.patients))
    held_out = [patient for patient in study.patients if is_held_out(patient)]
    oracle = facts["held_out"]["concordance"]["oracle"]
    assert oracle["harrell"] == pytest.approx(oracle_concordance(held_out))
    assert oracle["patients"] == len(held_out)


def test_the_numbers_are_of_the_shipped_model(facts: dict, bundle: ModelBundle) -> None:
    assert facts["model"] == {"name": bundle.name, "sha256": bundle.sha256}
    assert bundle.card["is_synthetic"] is True


@pytest.mark.slow
def test_the_omics_concordance_can_be_computed_again(
    facts: dict, study: Study, bundle: ModelBundle
) -> None:
    tables = draw_tables(study.patients, seed=study.seed, law=study.law)
    risk, time, event = [], [], []
    for patient in study.patients:
        if is_held_out(patient) and patient.has_omics:
            rows = {name: tables[name].loc[patient.case_id].to_dict() for name in OMICS}
            case = Case(case_id=patient.case_id, tables=rows)
            risk.append(predict_case(bundle, case, explain=False).risk_percentile)
            time.append(patient.outcome.time_months)
            event.append(patient.outcome.event)

    shipped = facts["held_out"]["concordance"]["omics_only"]

    again = concordance(np.array(risk), np.array(time), np.array(event))
    assert len(risk) == shipped["patients"]
    assert again == pytest.approx(shipped["harrell"], abs=0.005)


def test_showcase_patients_were_kept_out_of_training(facts: dict, study: Study) -> None:
    assert facts["cases"]
    for case in facts["cases"]:
        assert is_held_out(study.patient(case["case_id"]))


def test_showcase_tables_are_rows_of_the_study(facts: dict, study: Study) -> None:
    tables = draw_tables(study.patients, seed=study.seed, law=study.law)
    for case in facts["cases"]:
        for name in OMICS:
            shipped = pd.read_csv(
                DEMO / "cases" / case["case_id"] / f"{name}.csv", index_col="case_id"
            )
            drawn = tables[name].loc[[case["case_id"]]]
            np.testing.assert_allclose(shipped.to_numpy(), drawn.to_numpy(), atol=5e-4)
            assert list(shipped.columns) == list(drawn.columns)


def test_showcase_slides_open_and_fit_their_features(facts: dict) -> None:
    for case in facts["cases"]:
        folder = DEMO / "cases" / case["case_id"]
        assert (folder / "slide.svs").is_file() == case["has_slide"]
        if not case["has_slide"]:
            continue
        data = (folder / "slide.svs").read_bytes()
        features = read_features(folder / "features.h5")
        with openslide.OpenSlide(folder / "slide.svs") as slide:
            assert slide.properties["openslide.vendor"] == "aperio"
            assert float(slide.properties["openslide.mpp-x"]) == 0.5
            assert slide.dimensions == (SHOWCASE_FORMAT.width, SHOWCASE_FORMAT.height)
            corners = features.coords
            assert (corners >= 0).all()
            assert (corners.max(axis=0) <= np.array(slide.dimensions)).all()
        assert features.slide_sha256 == hashlib.sha256(data).hexdigest()
        assert len(data) < 3.4e6


def test_model_and_truth_agree_on_the_showcases(facts: dict, bundle: ModelBundle) -> None:
    percentile = {}
    for case in facts["cases"]:
        folder = DEMO / "cases" / case["case_id"]
        if case["has_slide"]:
            slides = (read_features(folder / "features.h5"),)
            rows = {
                name: pd.read_csv(folder / f"{name}.csv", index_col=0).iloc[0].to_dict()
                for name in OMICS
            }
            whole = Case(case_id=case["case_id"], slides=slides, tables=rows)
            answer = predict_case(bundle, whole, explain=False)
            percentile[case["true_log_hazard"]] = answer.risk_percentile

    ordered = [percentile[key] for key in sorted(percentile)]
    assert ordered == sorted(ordered)
    assert ordered[-1] - ordered[0] > 25


def test_the_stored_risk_of_a_showcase_is_that_of_its_slide_alone(
    facts: dict, bundle: ModelBundle
) -> None:
    for case in facts["cases"]:
        if "slide_risk" in case:  # study.json of earlier versions has none
            slides = (read_features(DEMO / "cases" / case["case_id"] / "features.h5"),)
            found = predict_case(
                bundle, Case(case_id=case["case_id"], slides=slides), explain=False
            )
            assert found.risk == pytest.approx(case["slide_risk"], abs=1e-3)


@pytest.mark.slow
def test_the_shipped_slide_can_be_drawn_again(
    facts: dict, study: Study, tmp_path: Path
) -> None:
    case_id = next(case["case_id"] for case in facts["cases"] if case["has_slide"])
    for name in ("slides", "truth"):
        (tmp_path / name).mkdir()

    write_slide(study.patient(case_id), study.seed, SHOWCASE_FORMAT, folder=tmp_path)

    shipped = DEMO / "cases" / case_id
    drawn = pixels_of(tmp_path / "slides" / f"{case_id}.svs")
    stored = pixels_of(shipped / "slide.svs")
    # other processors round differently: single pixels may move, the picture may not
    assert np.abs(drawn - stored).mean() < 0.2
    truth = json.loads((tmp_path / "truth" / f"{case_id}.geojson").read_text())
    expected = json.loads((shipped / "truth.geojson").read_text())
    assert len(truth["features"]) == pytest.approx(len(expected["features"]), rel=0.02)


def pixels_of(path: Path) -> np.ndarray:
    with openslide.OpenSlide(path) as slide:
        region = slide.read_region((0, 0), 0, slide.dimensions).convert("RGB")
    return np.asarray(region, dtype=np.int16)


@pytest.mark.slow
def test_a_slide_of_another_patient_is_another_slide(study: Study) -> None:
    form = SHOWCASE_FORMAT.__class__(width=512, height=512, tissue_share=(0.7, 0.8), quality=70)

    first, _ = draw_slide(study.patients[0], study.seed, form)
    second, _ = draw_slide(study.patients[1], study.seed, form)

    assert (first != second).mean() > 0.5
