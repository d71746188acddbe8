"""Where the cells lie: nuclei by tissue, at natural distances, turned along their surroundings.

Epithelium is lined up along the basement membrane, spindle cells lie along the fibres, and
lymphocytes crowd. Lengths are level-0 pixels.
Axis names: n cell, h height, w width of the coarse fields.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from healnet.study.cells import (
    Cells,
    Column,
    join,
    keep_apart,
    new_cells,
    turn,
    uphill,
    value_at,
)
from healnet.study.fields import SceneFields, Vessel, vessel_outline
from healnet.study.glands import FAR, scatter_points
from healnet.study.noise import Plane
from healnet.study.nucleus_looks import CellKind
from healnet.study.outlines import level_lines
from healnet.study.tissue_layout import FIELD_STEP, Layout, Region

LYMPHOCYTE_SPACING = 11.6  # where they crowd
DEBRIS_SPACING = 19.0
FROM_EDGE, FROM_TEAR, INTO_VESSEL = 6.0, 5.0, 1.0  # clearances of any nucleus
GLAND_ROW, TUMOUR_ROW = 11.5, 10.5  # depth of the basal row of nuclei
SECOND_ROW = 17.0  # depth below which tumour nuclei lie freely
LEAST_DEPTH, FROM_LUMEN = 4.5, 7.5
NEAR_LUMEN = -26.0  # within this of a lumen, tumour cells turn towards it
FROM_EPITHELIUM, LYMPHOCYTE_FROM_LUMEN = 5.0, 4.0
DEBRIS_SHARE, POLYMORPH_SHARE = 0.6, 0.3
SHORTEST_ROW = 4  # nuclei; shorter outlines stay empty
SPINDLE_SHARE = {
    Region.TUMOUR: 1.0,
    Region.STROMA: 0.62,
    Region.LYMPHOCYTES: 0.5,
    Region.MUSCLE: 0.9,
    Region.GLANDS: 0.8,
}
PLASMA_SHARE = {Region.GLANDS: 0.5}  # of the lymphocytes; elsewhere 0.1


@dataclass(frozen=True, kw_only=True)
class CellHabit:
    """How many cells of each kind a slide has.

    Attributes:
        tumour_spacing: Level-0 pixels between tumour nuclei.
        lymphocytes_in_tumour: Per square millimetre of tumour nests.
        lymphocytes_in_stroma: Per square millimetre of stroma.
        mitoses: Share of tumour nuclei in mitosis.
        fibroblast_spacing: Level-0 pixels between fibroblasts.
    """

    tumour_spacing: float
    lymphocytes_in_tumour: float
    lymphocytes_in_stroma: float
    mitoses: float
    fibroblast_spacing: float


def place_cells(
    rng: np.random.Generator,
    layout: Layout,
    fields: SceneFields,
    *,
    vessels: tuple[Vessel, ...],
    habit: CellHabit,
) -> Cells:
    """Return all nuclei of a slide, thinned so that they do not pile up."""
    cells = join(
        [
            _gland_cells(rng, fields),
            _tumour_cells(rng, layout, fields, habit),
            _endothelium(rng, vessels),
            _spindle_cells(rng, layout, fields, habit),
            _lymphocytes(rng, layout, fields, habit),
            _debris(rng, layout),
        ]
    )
    inside = value_at(fields.edge, cells) > FROM_EDGE
    inside &= value_at(fields.tear, cells) < -FROM_TEAR
    in_wall = value_at(fields.vessel, cells) < INTO_VESSEL
    inside &= in_wall | (cells.kind == CellKind.ENDOTHELIUM)
    return keep_apart(rng, cells.take(inside))


def _gland_cells(rng: np.random.Generator, fields: SceneFields) -> Cells:
    epithelium = fields.epithelium
    depth = np.where(epithelium.is_tumour, np.float32(FAR), epithelium.depth)
    x, y = _walk(rng, depth, level=GLAND_ROW, step=9.6, jitter=1.6)
    cells = new_cells(x, y, np.zeros_like(x), CellKind.GLAND)
    return turn(rng, cells, uphill(epithelium.depth, cells), spread=0.12)


def _tumour_cells(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    epithelium = fields.epithelium
    depth = np.where(epithelium.is_tumour, epithelium.depth, np.float32(FAR))
    row = _walk(rng, depth, level=TUMOUR_ROW, step=0.86 * habit.tumour_spacing, jitter=1.8)
    filler = scatter_points(rng, layout, habit.tumour_spacing)
    x, y = np.concatenate([row[0], filler[:, 0]]), np.concatenate([row[1], filler[:, 1]])
    kind = np.where(rng.random(len(x)) < habit.mitoses, CellKind.MITOSIS, CellKind.TUMOUR)
    cells = new_cells(x, y, np.zeros_like(x), kind.astype(np.int64))
    below = value_at(depth, cells)
    kept = (below > SECOND_ROW) | (np.arange(len(x)) < len(row[0]))
    kept &= (below > LEAST_DEPTH) & (value_at(epithelium.lumen, cells) < -FROM_LUMEN)
    cells = cells.take(kept)
    surface = np.where(epithelium.lumen > NEAR_LUMEN, epithelium.lumen, epithelium.depth)
    return turn(rng, cells, uphill(surface, cells), spread=0.55)


def _endothelium(rng: np.random.Generator, vessels: tuple[Vessel, ...]) -> Cells:
    nothing = np.zeros(0, dtype=np.float32)
    rings = [new_cells(nothing, nothing, nothing, CellKind.ENDOTHELIUM)]
    for vessel in vessels:
        count = max(SHORTEST_ROW, int(np.pi * (vessel.long + vessel.short) / 30))
        around = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count * 2 * np.pi
        outline = vessel_outline(vessel, around) + 0.04
        right = vessel.long * outline * np.cos(around)
        down = vessel.short * outline * np.sin(around)
        slope = np.arctan2(vessel.short * np.cos(around), -vessel.long * np.sin(around))
        cosine, sine = np.cos(vessel.angle), np.sin(vessel.angle)
        x = vessel.x + right * cosine - down * sine
        y = vessel.y + right * sine + down * cosine
        rings.append(new_cells(x, y, slope + vessel.angle, CellKind.ENDOTHELIUM))
    return join(rings)


def _spindle_cells(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    points = scatter_points(rng, layout, habit.fibroblast_spacing)
    cells = new_cells(points[:, 0], points[:, 1], points[:, 0], CellKind.FIBROBLAST)
    region = value_at(layout.regions, cells)
    share = _by_region(region, SPINDLE_SHARE) * value_at(fields.cellularity, cells)
    kind = np.where(region == Region.MUSCLE, CellKind.MUSCLE, CellKind.FIBROBLAST)
    cells = new_cells(cells.x, cells.y, cells.angle, kind.astype(np.int64))
    outside = value_at(fields.epithelium.depth, cells) < -FROM_EPITHELIUM
    cells = cells.take((rng.random(len(points)) < share) & outside)
    cosine, sine = (value_at(part, cells) for part in fields.flow)
    return turn(rng, cells, np.arctan2(sine, cosine) / 2, spread=0.16)


def _lymphocytes(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    points = scatter_points(rng, layout, LYMPHOCYTE_SPACING)
    angle = rng.uniform(0, np.pi, len(points))
    cells = new_cells(points[:, 0], points[:, 1], angle, CellKind.LYMPHOCYTE)
    full_per_mm2 = 4e6 / (LYMPHOCYTE_SPACING**2 * np.sqrt(0.75))  # at 0.5 um per pixel
    in_nest = habit.lymphocytes_in_tumour / full_per_mm2
    in_stroma = habit.lymphocytes_in_stroma / full_per_mm2
    outside = {
        Region.STROMA: in_stroma,
        Region.TUMOUR: in_stroma,
        Region.LYMPHOCYTES: 0.93,
        Region.GLANDS: 0.16,
        Region.MUSCLE: 0.004,
    }
    within = {Region.TUMOUR: in_nest, Region.LYMPHOCYTES: in_nest, Region.GLANDS: 0.003}
    region = value_at(layout.regions, cells)
    inside = value_at(fields.epithelium.depth, cells) > 0
    share = np.where(inside, _by_region(region, within), _by_region(region, outside))
    is_plasma = rng.random(len(points)) < _by_region(region, PLASMA_SHARE, default=0.1)
    kind = np.where(is_plasma, CellKind.PLASMA, CellKind.LYMPHOCYTE).astype(np.int64)
    cells = new_cells(cells.x, cells.y, cells.angle, kind)
    free = value_at(fields.epithelium.lumen, cells) < -LYMPHOCYTE_FROM_LUMEN
    return cells.take((rng.random(len(points)) < share) & free)


def _debris(rng: np.random.Generator, layout: Layout) -> Cells:
    points = scatter_points(rng, layout, DEBRIS_SPACING)
    is_polymorph = rng.random(len(points)) < POLYMORPH_SHARE
    kind = np.where(is_polymorph, CellKind.NEUTROPHIL, CellKind.DEBRIS).astype(np.int64)
    angle = rng.uniform(0, np.pi, len(points))
    cells = new_cells(points[:, 0], points[:, 1], angle, kind)
    in_necrosis = value_at(layout.regions, cells) == Region.NECROSIS
    return cells.take(in_necrosis & (rng.random(len(points)) < DEBRIS_SHARE))


def _by_region(
    region: np.ndarray, values: dict[Region, float], *, default: float = 0.0
) -> Float[np.ndarray, " n"]:
    table = np.array([values.get(one, default) for one in Region])
    return np.asarray(table[region])


def _walk(
    rng: np.random.Generator, depth: Plane, *, level: float, step: float, jitter: float
) -> tuple[Column, Column]:
    """Return points every ``step`` pixels along the lines where depth is ``level``."""
    points = [np.zeros((0, 2))]
    for line in level_lines(depth, level):
        path = line * FIELD_STEP
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        count = int(length[-1] / step)
        if count >= SHORTEST_ROW:
            where = (np.arange(count) + rng.uniform(-0.22, 0.22, count)) * length[-1] / count
            x, y = (np.interp(where, length, path[:, axis]) for axis in (1, 0))
            points.append(np.stack([x, y], axis=1))
    places = np.concatenate(points)
    places = places + rng.normal(0, jitter, places.shape)
    return places[:, 0].astype(np.float32), places[:, 1].astype(np.float32)
