"""Where the cells lie: nuclei by tissue, at natural distances, turned along their surroundings.

Epithelium is lined up along the basement membrane, spindle cells lie along the fibres, and
lymphocytes crowd. Positions are level-0 pixels, angles radians (x to the right, y down).

Axis names: n cell, h height, w width of the coarse fields.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from healnet.study.glands import scatter_points
from healnet.study.noise import Plane
from healnet.study.nuclei import CellKind
from healnet.study.fields import SceneFields, Vessel, vessel_outline
from healnet.study.tissue_layout import FIELD_STEP, Layout, Region

LYMPHOCYTE_SPACING = 11.6  # level-0 pixels, where they crowd
Column = Float32[np.ndarray, " n"]

# Half of the distance that a nucleus keeps, level-0 pixels; the first kinds win a conflict.
REACH: dict[CellKind, float] = {
    CellKind.MITOSIS: 8.5,
    CellKind.GLAND: 4.2,
    CellKind.TUMOUR: 5.9,
    CellKind.ENDOTHELIUM: 4.5,
    CellKind.MUSCLE: 8.0,
    CellKind.FIBROBLAST: 7.0,
    CellKind.LYMPHOCYTE: 4.3,
    CellKind.PLASMA: 4.8,
    CellKind.NEUTROPHIL: 5.5,
    CellKind.DEBRIS: 3.0,
}


@dataclass(frozen=True, kw_only=True)
class CellHabit:
    """How many cells of each kind, and how the tumour's cells vary.

    Attributes:
        tumour_spacing: Level-0 pixels between tumour nuclei.
        lymphocytes_in_tumour: Per square millimetre of tumour.
        lymphocytes_in_stroma: Per square millimetre of stroma.
        mitoses: Share of tumour nuclei in mitosis.
        fibroblast_spacing: Level-0 pixels between fibroblasts.
    """

    tumour_spacing: float
    lymphocytes_in_tumour: float
    lymphocytes_in_stroma: float
    mitoses: float
    fibroblast_spacing: float


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells of a slide, one entry each."""

    x: Column
    y: Column
    angle: Column
    kind: Int64[np.ndarray, " n"]

    def take(self, chosen: Bool[np.ndarray, " n"] | Int64[np.ndarray, " m"]) -> "Cells":
        """Return the chosen cells."""
        return Cells(
            x=self.x[chosen], y=self.y[chosen], angle=self.angle[chosen], kind=self.kind[chosen]
        )


def place_cells(
    rng: np.random.Generator,
    layout: Layout,
    fields: SceneFields,
    *,
    vessels: tuple[Vessel, ...],
    habit: CellHabit,
) -> Cells:
    """Return all nuclei of a slide, thinned so that they do not pile up."""
    groups = [
        _gland_cells(rng, fields),
        _tumour_cells(rng, layout, fields, habit),
        _endothelium(rng, vessels),
        _spindle_cells(rng, layout, fields, habit),
        _lymphocytes(rng, layout, fields, habit),
        _debris(rng, layout),
    ]
    cells = _join(groups)
    inside = (_at(fields.edge, cells) > 6) & (_at(fields.tear, cells) < -5)
    inside &= (_at(fields.vessel, cells) < 1) | (cells.kind == CellKind.ENDOTHELIUM)
    return _thin(rng, cells.take(inside))


def _gland_cells(rng: np.random.Generator, fields: SceneFields) -> Cells:
    epithelium = fields.epithelium
    depth = np.where(epithelium.is_tumour, np.float32(-160), epithelium.depth)
    x, y = _walk(rng, depth, level=11.5, step=9.6, jitter=1.6)
    cells = _cells(x, y, np.zeros_like(x), CellKind.GLAND)
    return _turn(rng, cells, _normal(fields.epithelium.depth, cells), spread=0.12)


def _tumour_cells(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    epithelium = fields.epithelium
    depth = np.where(epithelium.is_tumour, epithelium.depth, np.float32(-160))
    row = _walk(rng, depth, level=10.5, step=0.86 * habit.tumour_spacing, jitter=1.8)
    filler = scatter_points(rng, layout, habit.tumour_spacing)
    x, y = np.concatenate([row[0], filler[:, 0]]), np.concatenate([row[1], filler[:, 1]])
    kind = np.where(rng.random(len(x)) < habit.mitoses, CellKind.MITOSIS, CellKind.TUMOUR)
    cells = Cells(x=x, y=y, angle=np.zeros_like(x), kind=kind.astype(np.int64))
    is_row = np.arange(len(x)) < len(row[0])
    deep = (_at(depth, cells) > 17) | is_row
    kept = deep & (_at(depth, cells) > 4.5) & (_at(epithelium.lumen, cells) < -7.5)
    cells = cells.take(kept)
    # towards the nearer of the two surfaces, so that cells stand on membranes and round lumens
    surface = np.where(epithelium.lumen > -26, epithelium.lumen, epithelium.depth)
    return _turn(rng, cells, _normal(surface.astype(np.float32), cells), spread=0.55)


def _endothelium(rng: np.random.Generator, vessels: tuple[Vessel, ...]) -> Cells:
    x: list[Column] = []
    y: list[Column] = []
    angle: list[Column] = []
    for vessel in vessels:
        count = max(4, int(np.pi * (vessel.long + vessel.short) / 30))
        turn = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count * 2 * np.pi
        outline = vessel_outline(vessel, turn) + 0.04
        right, down = (
            vessel.long * outline * np.cos(turn),
            vessel.short * outline * np.sin(turn),
        )
        slope = np.arctan2(vessel.short * np.cos(turn), -vessel.long * np.sin(turn))
        cosine, sine = np.cos(vessel.angle), np.sin(vessel.angle)
        x.append((vessel.x + right * cosine - down * sine).astype(np.float32))
        y.append((vessel.y + right * sine + down * cosine).astype(np.float32))
        angle.append((slope + vessel.angle).astype(np.float32))
    if not x:
        return _cells(np.zeros(0), np.zeros(0), np.zeros(0), CellKind.ENDOTHELIUM)
    return _cells(
        np.concatenate(x), np.concatenate(y), np.concatenate(angle), CellKind.ENDOTHELIUM
    )


def _spindle_cells(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    points = scatter_points(rng, layout, habit.fibroblast_spacing)
    cells = _cells(points[:, 0], points[:, 1], points[:, 0], CellKind.FIBROBLAST)
    region = _region(layout, cells)
    is_muscle = region == Region.MUSCLE
    cells = Cells(
        x=cells.x,
        y=cells.y,
        angle=cells.angle,
        kind=np.where(is_muscle, CellKind.MUSCLE, CellKind.FIBROBLAST).astype(np.int64),
    )
    share = np.select(
        [
            region == Region.TUMOUR,
            region == Region.LYMPHOCYTES,
            is_muscle,
            region == Region.GLANDS,
        ],
        [1.0, 0.5, 0.9, 0.8],
        default=0.62,
    )
    share = np.where(np.isin(region, (Region.FAT, Region.NECROSIS, Region.GLASS)), 0, share)
    share = share * _at(fields.cellularity, cells)
    kept = (rng.random(len(cells.x)) < share) & (_at(fields.epithelium.depth, cells) < -5)
    cells = cells.take(kept)
    tangent = np.arctan2(_at(fields.flow[1], cells), _at(fields.flow[0], cells)) / 2
    return _turn(rng, cells, tangent, spread=0.16)


def _lymphocytes(
    rng: np.random.Generator, layout: Layout, fields: SceneFields, habit: CellHabit
) -> Cells:
    points = scatter_points(rng, layout, LYMPHOCYTE_SPACING)
    angle = rng.uniform(0, np.pi, len(points))
    cells = _cells(points[:, 0], points[:, 1], angle, CellKind.LYMPHOCYTE)
    per_mm2 = 1e6 / (
        LYMPHOCYTE_SPACING * LYMPHOCYTE_SPACING * np.sqrt(0.75) * 0.25
    )  # of the full grid, at 0.5 um
    region = _region(layout, cells)
    inside = _at(fields.epithelium.depth, cells) > 0
    share = np.where(inside, habit.lymphocytes_in_tumour, habit.lymphocytes_in_stroma) / per_mm2
    share = np.where(region == Region.GLANDS, np.where(inside, 0.003, 0.16), share)
    share = np.where((region == Region.LYMPHOCYTES) & ~inside, 0.93, share)
    share = np.where(np.isin(region, (Region.NECROSIS, Region.FAT, Region.GLASS)), 0, share)
    share = np.where(region == Region.MUSCLE, 0.004, share)
    kept = (rng.random(len(points)) < share) & (_at(fields.epithelium.lumen, cells) < -4)
    cells = cells.take(kept)
    is_plasma = rng.random(len(cells.x)) < np.where(
        _region(layout, cells) == Region.GLANDS, 0.5, 0.1
    )
    kind = np.where(is_plasma, CellKind.PLASMA, CellKind.LYMPHOCYTE).astype(np.int64)
    return Cells(x=cells.x, y=cells.y, angle=cells.angle, kind=kind)


def _debris(rng: np.random.Generator, layout: Layout) -> Cells:
    points = scatter_points(rng, layout, 19.0)
    cells = _cells(
        points[:, 0], points[:, 1], rng.uniform(0, np.pi, len(points)), CellKind.DEBRIS
    )
    kept = (_region(layout, cells) == Region.NECROSIS) & (rng.random(len(points)) < 0.6)
    cells = cells.take(kept)
    is_polymorph = rng.random(len(cells.x)) < 0.3
    kind = np.where(is_polymorph, CellKind.NEUTROPHIL, CellKind.DEBRIS).astype(np.int64)
    return Cells(x=cells.x, y=cells.y, angle=cells.angle, kind=kind)


def _walk(
    rng: np.random.Generator, depth: Plane, *, level: float, step: float, jitter: float
) -> tuple[Column, Column]:
    """Return points every ``step`` level-0 pixels along the line where depth is ``level``."""
    x: list[Column] = [np.zeros(0, dtype=np.float32)]
    y: list[Column] = [np.zeros(0, dtype=np.float32)]
    for line in find_contours(depth, level):
        path = line * FIELD_STEP
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        count = int(length[-1] / step)
        if count < 4:
            continue
        where = (np.arange(count) + rng.uniform(-0.22, 0.22, count)) * length[-1] / count
        x.append(np.interp(where, length, path[:, 1]).astype(np.float32))
        y.append(np.interp(where, length, path[:, 0]).astype(np.float32))
    right, down = np.concatenate(x), np.concatenate(y)
    shift = rng.normal(0, jitter, (2, len(right))).astype(np.float32)
    return right + shift[0], down + shift[1]


def _normal(field: Plane, cells: Cells) -> Column:
    """Return the direction in which ``field`` rises at each cell."""
    down, right = np.gradient(field)
    return np.arctan2(_at(down, cells), _at(right, cells)).astype(np.float32)


def _turn(rng: np.random.Generator, cells: Cells, angle: Column, *, spread: float) -> Cells:
    turned = angle + rng.normal(0, spread, len(angle)).astype(np.float32)
    return Cells(x=cells.x, y=cells.y, angle=turned, kind=cells.kind)


def _cells(x: np.ndarray, y: np.ndarray, angle: np.ndarray, kind: CellKind) -> Cells:
    return Cells(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        angle=angle.astype(np.float32),
        kind=np.full(len(x), kind, dtype=np.int64),
    )


def _join(groups: list[Cells]) -> Cells:
    return Cells(
        x=np.concatenate([group.x for group in groups]),
        y=np.concatenate([group.y for group in groups]),
        angle=np.concatenate([group.angle for group in groups]),
        kind=np.concatenate([group.kind for group in groups]),
    )


def _at(field: np.ndarray, cells: Cells) -> np.ndarray:
    row = np.clip((cells.y / FIELD_STEP).astype(np.int64), 0, field.shape[0] - 1)
    column = np.clip((cells.x / FIELD_STEP).astype(np.int64), 0, field.shape[1] - 1)
    return np.asarray(field[row, column])


def _region(layout: Layout, cells: Cells) -> np.ndarray:
    return _at(layout.regions, cells)


def _thin(rng: np.random.Generator, cells: Cells) -> Cells:
    """Drop, of two nuclei that overlap, the one of the later kind."""
    order = {kind: place for place, kind in enumerate(REACH)}
    rank = np.array([order[kind] for kind in CellKind])[cells.kind] + rng.random(len(cells.x))
    reach = np.array([REACH[kind] for kind in CellKind])[cells.kind]
    tree = cKDTree(np.stack([cells.x, cells.y], axis=1))
    first, second = tree.query_pairs(2 * max(REACH.values()), output_type="ndarray").T
    distance = np.hypot(cells.x[first] - cells.x[second], cells.y[first] - cells.y[second])
    clash = distance < reach[first] + reach[second]
    first, second = first[clash], second[clash]
    later = np.where(rank[first] > rank[second], first, second)
    kept = np.ones(len(cells.x), dtype=bool)
    kept[later] = False
    return cells.take(kept)
