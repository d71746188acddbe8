"""Everything that a slide shows before it is drawn: coarse fields and the list of cells.

The renderer reads a scene block by block, so a slide of any size needs little memory.
Axis names: h height, w width of the coarse fields (``FIELD_STEP`` level-0 pixels each).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64
from scipy import ndimage

from healnet.study.glands import FAR, Epithelium, TumourHabit, draw_epithelium
from healnet.study.noise import Plane, fractal_noise, smooth_noise, smoothstep
from healnet.study.tissue_layout import FIELD_STEP, Layout, Region

# Eosin, haematoxylin, strength of the fibre texture and share of clefts, by region.
VESSEL_ROOM = 22  # coarse pixels between a vessel's centre and the glass
VESSEL_SPACING = 260  # level-0 pixels
CAPILLARY = 20  # level-0 pixels of half width below which walls are thin
TONES: dict[Region, tuple[float, float, float, float]] = {
    Region.GLASS: (0.50, 0.03, 1.0, 1.0),
    Region.STROMA: (0.54, 0.03, 1.0, 1.0),
    Region.TUMOUR: (0.45, 0.075, 0.9, 0.8),
    Region.LYMPHOCYTES: (0.32, 0.12, 0.6, 0.6),
    Region.GLANDS: (0.36, 0.07, 0.8, 1.0),
    Region.NECROSIS: (0.55, 0.06, 0.5, 0.5),
    Region.FAT: (0.42, 0.04, 0.9, 1.0),
    Region.MUSCLE: (0.66, 0.07, 0.9, 0.7),
}


@dataclass(frozen=True, kw_only=True)
class Vessel:
    """A vessel cut across: centre, half axes and direction, in level-0 pixels and radians."""

    x: float
    y: float
    long: float
    short: float
    angle: float
    wall: float


@dataclass(frozen=True, kw_only=True)
class SceneFields:
    """Coarse fields of a slide.

    Attributes:
        edge: Distance inside the section from its outline, level-0 pixels (negative on glass).
        epithelium: Depths of glands and lumens.
        vessel: Depth inside the lumen of the nearest vessel, level-0 pixels.
        vessel_wall: Thickness of that vessel's wall.
        eosin: Base amount of eosin of the stroma.
        haematoxylin: Base amount of haematoxylin of the stroma.
        fibre: Strength of the fibre texture.
        cleft: How much the clefts between bundles open, 0 to 1.
        flow: Direction of the fibres: cosine and sine of twice its angle.
        cellularity: Factor on the number of spindle cells.
        necrosis: Share of necrosis, 0 to 1, with soft borders.
        fat: The same for fat.
        muscle: The same for muscle.
        secretion: Where lumens hold some, around 0.
        shrinkage: Where tumour nests have drawn back from the stroma, around 0.
        thickness: Factor on all stain: uneven section, folds.
        tear: Depth inside a tear, level-0 pixels.
    """

    edge: Plane
    epithelium: Epithelium
    vessel: Plane
    vessel_wall: Plane
    eosin: Plane
    haematoxylin: Plane
    fibre: Plane
    cleft: Plane
    flow: Float32[np.ndarray, "2 h w"]
    cellularity: Plane
    necrosis: Plane
    fat: Plane
    muscle: Plane
    secretion: Plane
    shrinkage: Plane
    thickness: Plane
    tear: Plane


def draw_fields(
    rng: np.random.Generator,
    layout: Layout,
    *,
    habit: TumourHabit,
    vessels: tuple[Vessel, ...],
    has_fold: bool,
    has_tear: bool,
) -> SceneFields:
    """Return the coarse fields of a slide with this layout."""
    vessel, wall = _vessel_depth(layout, vessels)
    epithelium = draw_epithelium(rng, layout, habit, keep_clear=vessel + wall + 7)
    tones = _tones(rng, layout)
    shape = layout.shape
    return SceneFields(
        edge=_edge(rng, layout),
        epithelium=epithelium,
        vessel=vessel,
        vessel_wall=wall,
        eosin=tones[0],
        haematoxylin=tones[1],
        fibre=tones[2],
        cleft=tones[3],
        flow=_flow(rng, layout, np.maximum(epithelium.depth, vessel)),
        cellularity=_cellularity(rng, layout),
        necrosis=_soft(layout, Region.NECROSIS, blur=1.5),
        fat=_soft(layout, Region.FAT, blur=2.0),
        muscle=_soft(layout, Region.MUSCLE, blur=3.0),
        secretion=smooth_noise(rng, shape, scale=30.0),
        shrinkage=smooth_noise(rng, shape, scale=26.0),
        thickness=_thickness(rng, layout, has_fold=has_fold),
        tear=_tear(rng, layout) if has_tear else np.full(shape, -99, dtype=np.float32),
    )


def draw_vessels(rng: np.random.Generator, layout: Layout, *, count: int) -> tuple[Vessel, ...]:
    """Return up to ``count`` vessels in stroma, muscle or tumour, apart from each other."""
    allowed = np.isin(layout.regions, (Region.STROMA, Region.MUSCLE, Region.TUMOUR))
    allowed &= ndimage.distance_transform_edt(layout.regions != Region.GLASS) > VESSEL_ROOM
    rows, columns = np.nonzero(allowed)
    vessels: list[Vessel] = []
    for _ in range(4 * count if len(rows) else 0):
        place = int(rng.integers(len(rows)))
        x, y = columns[place] * float(FIELD_STEP), rows[place] * float(FIELD_STEP)
        if len(vessels) < count and all(
            np.hypot(x - v.x, y - v.y) > VESSEL_SPACING for v in vessels
        ):
            short = float(np.exp(rng.uniform(np.log(11), np.log(42))))
            vessels.append(_vessel(rng, x, y, short))
    return tuple(vessels)


def _vessel(rng: np.random.Generator, x: float, y: float, short: float) -> Vessel:
    return Vessel(
        x=x,
        y=y,
        long=short * float(rng.uniform(1.1, 2.6)),
        short=short,
        angle=float(rng.uniform(0, np.pi)),
        wall=float(rng.uniform(3, 5) if short < CAPILLARY else rng.uniform(6, 20)),
    )


def _vessel_depth(layout: Layout, vessels: tuple[Vessel, ...]) -> tuple[Plane, Plane]:
    depth = np.full(layout.shape, FAR, dtype=np.float32)
    wall = np.zeros_like(depth)
    for vessel in vessels:
        reach = vessel.long * (1 - FAR / vessel.short)  # beyond it the depth is below FAR
        rows = _span(vessel.y, reach, layout.shape[0])
        columns = _span(vessel.x, reach, layout.shape[1])
        window = np.ix_(rows, columns)
        down = rows[:, None] * FIELD_STEP - vessel.y
        right = columns[None, :] * FIELD_STEP - vessel.x
        inner = _ellipse_depth(vessel, right, down)
        wall[window] = np.where(inner > depth[window], np.float32(vessel.wall), wall[window])
        depth[window] = np.maximum(depth[window], inner)
    return depth, wall


def _span(centre: float, reach: float, size: int) -> Int64[np.ndarray, " n"]:
    """Return the coarse rows or columns within ``reach`` level-0 pixels of ``centre``."""
    first, last = int((centre - reach) / FIELD_STEP), int((centre + reach) / FIELD_STEP)
    return np.arange(max(first, 0), min(last + 1, size))


def _ellipse_depth(
    vessel: Vessel, right: Float[np.ndarray, "1 w"], down: Float[np.ndarray, "h 1"]
) -> Plane:
    along = right * np.cos(vessel.angle) + down * np.sin(vessel.angle)
    across = -right * np.sin(vessel.angle) + down * np.cos(vessel.angle)
    outline = vessel_outline(vessel, np.arctan2(across, along))
    radius = np.hypot(along / vessel.long, across / vessel.short)
    return np.asarray((outline - radius) * vessel.short, dtype=np.float32)


def vessel_outline(
    vessel: Vessel, turn: Float[np.ndarray, "*any"]
) -> Float[np.ndarray, "*any"]:
    """Return how far the wall lies from an ellipse's, as a factor, in each direction."""
    wave = 0.10 * np.cos(2 * turn + vessel.x) + 0.07 * np.cos(3 * turn + vessel.y)
    return np.asarray(1 + wave)


def _flow(
    rng: np.random.Generator, layout: Layout, depth: Plane
) -> Float32[np.ndarray, "2 h w"]:
    """Return the direction of the fibres; they wrap round glands and vessels."""
    row, column = (axis.astype(np.float32) * FIELD_STEP for axis in np.indices(layout.shape))
    turn = rng.uniform(0, np.pi)
    bend = 165 * smooth_noise(rng, layout.shape, scale=120.0)
    bend = bend + 48 * smooth_noise(rng, layout.shape, scale=42.0)
    bend = bend + 9 * smooth_noise(rng, layout.shape, scale=12.0)
    wrap = 90 * np.exp(np.minimum(depth, 0) / 38)
    across = column * np.cos(turn) + row * np.sin(turn) + bend + wrap
    down, right = np.gradient(across)
    doubled = 2 * np.arctan2(right, -down)  # fibres have no head and no tail
    cosine = ndimage.gaussian_filter(np.cos(doubled), 1.5)
    sine = ndimage.gaussian_filter(np.sin(doubled), 1.5)
    return np.asarray(np.stack([cosine, sine]), dtype=np.float32)


def _tones(rng: np.random.Generator, layout: Layout) -> tuple[Plane, Plane, Plane, Plane]:
    table = np.array([TONES[region] for region in Region], dtype=np.float32)
    planes = [ndimage.gaussian_filter(table[layout.regions, i], 4.0) for i in range(4)]
    uneven = 1 + 0.13 * fractal_noise(rng, layout.shape, scale=110.0)
    return (
        np.asarray(planes[0] * uneven, dtype=np.float32),
        np.asarray(planes[1] * (2 - uneven), dtype=np.float32),
        np.asarray(planes[2], dtype=np.float32),
        np.asarray(
            planes[3] * smoothstep(fractal_noise(rng, layout.shape, scale=80.0), -0.9, 1.0)
        ),
    )


def _cellularity(rng: np.random.Generator, layout: Layout) -> Plane:
    return np.asarray(
        0.25 + 1.15 * smoothstep(fractal_noise(rng, layout.shape, scale=60.0), -1.1, 1.1)
    )


def _edge(rng: np.random.Generator, layout: Layout) -> Plane:
    tissue: Bool[np.ndarray, "h w"] = layout.regions != Region.GLASS
    padded = np.pad(tissue, 1, mode="edge")
    inside = ndimage.distance_transform_edt(padded) - ndimage.distance_transform_edt(~padded)
    edge = ndimage.gaussian_filter(inside[1:-1, 1:-1].astype(np.float32), 1.0)
    fray = smooth_noise(rng, layout.shape, scale=4.0) + smooth_noise(
        rng, layout.shape, scale=14.0
    )
    return np.asarray(edge * FIELD_STEP + 3 * fray, dtype=np.float32)


def _soft(layout: Layout, region: Region, *, blur: float) -> Plane:
    share = np.asarray(layout.regions == region, dtype=np.float32)
    if not share.any():
        return share
    return np.asarray(ndimage.gaussian_filter(share, blur), dtype=np.float32)


def _thickness(rng: np.random.Generator, layout: Layout, *, has_fold: bool) -> Plane:
    thickness = 1 + 0.055 * fractal_noise(rng, layout.shape, scale=170.0)
    if has_fold:
        band = _curve_distance(rng, layout.shape, wiggle=16.0)
        width = rng.uniform(3.5, 7)
        ragged = band + 2.0 * smooth_noise(rng, layout.shape, scale=12.0)
        ends = smoothstep(
            smooth_noise(rng, layout.shape, scale=max(layout.shape) / 2.5), -0.2, 0.3
        )
        thickness = thickness + 0.85 * ends * smoothstep(-np.abs(ragged), -width, -width + 2.5)
    return np.asarray(thickness, dtype=np.float32)


def _tear(rng: np.random.Generator, layout: Layout) -> Plane:
    distance = np.abs(_curve_distance(rng, layout.shape, wiggle=22.0))
    width = 5.5 * smooth_noise(rng, layout.shape, scale=60.0) - 2.5
    ragged = width - distance + 1.2 * smooth_noise(rng, layout.shape, scale=6.0)
    return np.asarray(ragged * FIELD_STEP, dtype=np.float32)


def _curve_distance(
    rng: np.random.Generator, shape: tuple[int, int], *, wiggle: float
) -> Float32[np.ndarray, "h w"]:
    """Return the signed distance, in coarse pixels, to a wavy line across the slide."""
    row, column = np.indices(shape).astype(np.float32)
    turn = rng.uniform(0, np.pi)
    centre = rng.uniform(0.3, 0.7, size=2) * shape
    line = (column - centre[1]) * np.cos(turn) + (row - centre[0]) * np.sin(turn)
    return np.asarray(line + wiggle * smooth_noise(rng, shape, scale=80.0), dtype=np.float32)
