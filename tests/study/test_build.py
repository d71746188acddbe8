"""The study on disk: files, determinism, and truth that agrees with the slides."""

import json
from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from healnet.data.read_cohort import read_cohort
from healnet.study.build import Study, build_study
from healnet.study.slides import draw_slide, draw_slide_scene
from healnet.study.tissue_layout import FIELD_STEP, REGION_NAMES, Region
from tests.study.small_slides import SMALL

pytestmark = pytest.mark.slow  # draws slides


def slide_of(study: Study, number: int) -> Path:
    return study.folder / "slides" / f"{study.patients[number].case_id}.svs"


def test_openslide_reads_the_slides_as_aperio(study: Study) -> None:
    with openslide.OpenSlide(slide_of(study, 0)) as slide:
        properties = slide.properties

        assert properties["openslide.vendor"] == "aperio"
        assert float(properties["openslide.mpp-x"]) == 0.5
        assert properties["openslide.objective-power"] == "20"
        assert slide.dimensions == (1100, 1000)
        assert slide.level_dimensions == ((1100, 1000), (275, 250))
        assert properties["openslide.level[0].tile-width"] == "256"
        assert "synthetic" in properties["tiff.ImageDescription"]
        assert list(slide.associated_images) == ["thumbnail"]


def test_the_file_holds_the_drawn_pixels_within_jpeg_error(study: Study) -> None:
    drawn, _ = draw_slide(study.patients[0], study.seed, SMALL)

    with openslide.OpenSlide(slide_of(study, 0)) as slide:
        stored = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))

    difference = np.abs(stored.astype(int) - drawn.astype(int))
    assert difference.mean() < 5
    assert np.abs(stored.mean(axis=(0, 1)) - drawn.mean(axis=(0, 1))).max() < 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_files_with_two_processes_as_with_one(
    study: Study, tmp_path: Path
) -> None:
    again = build_study(tmp_path, patients=2, seed=7, form=SMALL, processes=2)

    for patient in again.patients:
        name = f"slides/{patient.case_id}.svs"
        assert (tmp_path / name).read_bytes() == (study.folder / name).read_bytes()
    first = pd.read_csv(study.folder / "rna.csv", index_col=0)
    second = pd.read_csv(tmp_path / "rna.csv", index_col=0)
    assert second.equals(first.loc[second.index])


def test_the_cohort_can_be_read(study: Study) -> None:
    cohort = read_cohort(study.cohort_path)

    assert cohort.case_ids == tuple(patient.case_id for patient in study.patients)
    assert set(cohort.tables) == {"rna", "cnv", "mutation", "clinical"}
    assert set(cohort.tables["clinical"].columns) == {"age", "sex", "stage", "grade"}
    slides = [len(patient.slides) for patient in cohort.patients]
    assert slides == [int(patient.has_slide) for patient in study.patients]


def test_progress_counts_the_slides(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    build_study(
        tmp_path,
        patients=1,
        seed=7,
        form=SMALL,
        processes=1,
        progress=lambda step: seen.append((step.done, step.total)),
    )

    assert seen == [(0, 1), (1, 1)]


def polygons(study: Study, number: int) -> list[dict]:
    path = study.folder / "truth" / f"{study.patients[number].case_id}.geojson"
    return json.loads(path.read_text())["features"]


def test_true_regions_lie_on_the_slide_and_have_known_classes(study: Study) -> None:
    for number in range(len(study.patients)):
        for feature in polygons(study, number):
            assert feature["properties"]["class"] in REGION_NAMES.values()
            for ring in feature["geometry"]["coordinates"]:
                points = np.array(ring)
                assert ring[0] == ring[-1]
                assert points.min() >= 0
                assert points[:, 0].max() <= 1100
                assert points[:, 1].max() <= 1000


@pytest.mark.parametrize("region", [Region.TUMOUR, Region.LYMPHOCYTES, Region.STROMA])
def test_polygons_cover_the_share_that_was_drawn(study: Study, region: Region) -> None:
    patient = study.patients[0]
    scene = draw_slide_scene(patient, study.seed, SMALL)
    canvas = Image.new("1", (1100, 1000))
    for feature in polygons(study, 0):
        if feature["properties"]["class"] == REGION_NAMES[region]:
            outline, *holes = feature["geometry"]["coordinates"]
            one = Image.new("1", canvas.size)
            ImageDraw.Draw(one).polygon([tuple(point) for point in outline], fill=1)
            for hole in holes:
                ImageDraw.Draw(one).polygon([tuple(point) for point in hole], fill=0)
            canvas.paste(1, mask=one)

    covered = np.asarray(canvas)
    regions = scene.layout.regions.repeat(FIELD_STEP, 0).repeat(FIELD_STEP, 1)[:1000, :1100]

    assert (covered == (regions == region)).mean() > 0.985
    tissue = (regions != Region.GLASS).sum()
    assert covered.sum() / tissue == pytest.approx(scene.layout.share(region), abs=0.012)


def test_shares_on_the_slide_are_the_drawn_ones(study: Study) -> None:
    for patient in study.patients:
        layout = draw_slide_scene(patient, study.seed, SMALL).layout

        assert layout.share(Region.TUMOUR) == pytest.approx(patient.shares.tumour, abs=0.002)
        assert layout.share(Region.LYMPHOCYTES) == pytest.approx(
            patient.shares.lymphocytes, abs=0.002
        )


def test_truth_tables_name_drivers_and_hazards(study: Study) -> None:
    drivers = pd.read_csv(study.folder / "truth" / "drivers.csv")
    patients = pd.read_csv(study.folder / "truth" / "patients.csv")

    assert set(drivers["modality"]) == {"rna", "cnv", "mutation"}
    assert "VEGFA" in set(drivers.loc[drivers["modality"] == "rna", "feature"])
    assert patients["log_hazard"].round(4).tolist() == [
        round(patient.log_hazard, 4) for patient in study.patients
    ]


def test_splits_name_every_patient_once(study: Study) -> None:
    splits = pd.read_csv(study.folder / "splits.csv")

    assert splits["case_id"].tolist() == [patient.case_id for patient in study.patients]
    assert set(splits["role"]) <= {"development", "held-out"}
