"""The slide of one patient: layout, scene, stain, file and true regions."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from healnet.study.glands import TumourHabit
from healnet.study.patients import SITES, Patient, patient_rng
from healnet.study.placement import CellHabit
from healnet.study.pyramid import write_svs
from healnet.study.render import render_slide
from healnet.study.scene import Scene, draw_scene
from healnet.study.stain import draw_stain
from healnet.study.tissue_layout import draw_layout
from healnet.study.truth import region_polygons

MPP = 0.5  # micrometres per level-0 pixel
FOLDED, TORN = 0.3, 0.3  # shares of slides


@dataclass(frozen=True, kw_only=True)
class SlideFormat:
    """Size and quality of a slide.

    Attributes:
        width: Level-0 pixels.
        height: Level-0 pixels.
        tissue_share: Share of the frame that is tissue: least and most.
        quality: JPEG quality.
    """

    width: int
    height: int
    tissue_share: tuple[float, float]
    quality: int


COHORT_FORMAT = SlideFormat(width=2048, height=2048, tissue_share=(0.78, 0.9), quality=75)
SHOWCASE_FORMAT = SlideFormat(width=4864, height=4352, tissue_share=(0.56, 0.60), quality=70)


def draw_slide_scene(patient: Patient, seed: int, form: SlideFormat) -> Scene:
    """Return the scene of the patient's slide; the same in whatever process."""
    rng = patient_rng(seed, patient.number, 2)
    layout = draw_layout(
        rng,
        width=form.width,
        height=form.height,
        shares=patient.shares,
        tissue_share=float(rng.uniform(*form.tissue_share)),
    )
    habit = TumourHabit(
        differentiation=patient.differentiation,
        spacing=float(rng.uniform(125, 190)),
        septum=float(rng.uniform(7, 15)),
    )
    density = float(np.exp(0.45 * patient.immune + rng.normal(0, 0.25)))
    cells = CellHabit(
        tumour_spacing=round(float(rng.uniform(17.5, 20.5)), 1),
        lymphocytes_in_tumour=70 * density,
        lymphocytes_in_stroma=190 * density,
        mitoses=float(rng.uniform(0.003, 0.016)),
        fibroblast_spacing=float(rng.uniform(36, 44)),
    )
    return draw_scene(
        rng,
        layout,
        habit=habit,
        cell_habit=cells,
        has_fold=bool(rng.random() < FOLDED),
        has_tear=bool(rng.random() < TORN),
    )


def draw_slide(
    patient: Patient, seed: int, form: SlideFormat
) -> tuple[UInt8[np.ndarray, "h w 3"], dict[str, object]]:
    """Return the pixels at level 0, and the true regions as GeoJSON."""
    scene = draw_slide_scene(patient, seed, form)
    stain = draw_stain(patient_rng(seed, patient.number, 3), site=SITES.index(patient.site))
    return render_slide(scene, stain), region_polygons(scene.layout)


def write_slide(patient: Patient, seed: int, form: SlideFormat, *, folder: Path) -> None:
    """Draw the slide; write it to the study's ``slides/`` and its regions to ``truth/``."""
    pixels, regions = draw_slide(patient, seed, form)
    truth = folder / "truth" / f"{patient.case_id}.geojson"
    truth.write_text(json.dumps(regions), encoding="utf-8")
    slide = folder / "slides" / f"{patient.case_id}.svs"
    write_svs(slide, pixels, mpp=MPP, magnification=20, quality=form.quality)
