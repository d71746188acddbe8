"""Epithelium: normal tubules and tumour glands, as smooth depth fields on the coarse grid.

Glands are the cells of a warped Voronoi diagram, cut back to leave stroma between them. Normal
ones are kept round with one lumen. Tumour ones are irregular and fuse; the better a
tumour is differentiated, the more lumens open in it (cribriform holes among them).

Depths are in level-0 pixels, positive inside.
Axis names: h height, w width of the coarse field.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage
from scipy.spatial import cKDTree

from healnet.study.noise import Plane, smooth_noise
from healnet.study.tissue_layout import FIELD_STEP, Layout, Region

FAR = -160.0  # depth where there is none
FEWEST_CRYPTS = 2
EMPTY_NESTS = 0.10  # share of places in a tumour that hold stroma only
CRYPT_SPACING = 160.0  # level-0 pixels between normal glands
CRYPT_RADIUS = (58.0, 80.0)
CRYPT_WALL = (46.0, 60.0)  # thickness of the epithelium of a normal gland
Points = Float32[np.ndarray, "n 2"]


@dataclass(frozen=True, kw_only=True)
class TumourHabit:
    """How a tumour grows.

    Attributes:
        differentiation: 0 solid sheets, 1 well-formed glands.
        spacing: Level-0 pixels between the centres of neighbouring nests.
        septum: Mean half width of the stroma between nests, level-0 pixels.
    """

    differentiation: float
    spacing: float
    septum: float


@dataclass(frozen=True, kw_only=True)
class Epithelium:
    """Depth fields of all epithelium on a slide.

    Attributes:
        depth: Below the basement membrane.
        lumen: Inside a lumen, from its edge.
        is_tumour: The epithelium here is malignant.
    """

    depth: Plane
    lumen: Plane
    is_tumour: Bool[np.ndarray, "h w"]


def draw_epithelium(
    rng: np.random.Generator, layout: Layout, habit: TumourHabit, *, keep_clear: Plane
) -> Epithelium:
    """Return the glands that fill the tumour and the normal-gland regions of ``layout``.

    No epithelium is drawn where ``keep_clear`` (level-0 pixels) is above 0.
    """
    normal_depth, normal_lumen = _crypts(rng, layout)
    tumour_depth, tumour_lumen = _nests(rng, layout, habit)
    is_tumour = tumour_depth > normal_depth
    depth = np.minimum(np.maximum(normal_depth, tumour_depth), -keep_clear)
    lumen = np.where(is_tumour, tumour_lumen, normal_lumen)
    return Epithelium(depth=depth, lumen=lumen.astype(np.float32), is_tumour=is_tumour)


def scatter_points(rng: np.random.Generator, layout: Layout, spacing: float) -> Points:
    """Return (x, y) of a jittered hexagonal grid over the slide and one spacing beyond it."""
    columns = np.arange(-spacing, layout.width + 2 * spacing, spacing, dtype=np.float64)
    rows = np.arange(-spacing, layout.height + 2 * spacing, spacing * np.sqrt(0.75))
    x, y = np.meshgrid(columns, rows)
    x[1::2] += spacing / 2
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    jittered = points + rng.uniform(-0.30, 0.30, points.shape) * spacing
    return jittered.astype(np.float32)


def _crypts(rng: np.random.Generator, layout: Layout) -> tuple[Plane, Plane]:
    region = layout.regions == Region.GLANDS
    blank = np.full(region.shape, FAR, dtype=np.float32)
    seeds = _whole_crypts(rng, layout, region)
    if len(seeds) < FEWEST_CRYPTS:
        return blank, blank.copy()
    free = ndimage.binary_dilation(region, iterations=int(CRYPT_RADIUS[1] / FIELD_STEP))
    free &= ~np.isin(layout.regions, (Region.GLASS, Region.TUMOUR, Region.FAT))
    place = _warped_places(rng, free, sizes=((34.0, 9.0), (9.0, 2.0)))
    distance, index = _two_nearest(seeds, place)
    radius = rng.uniform(*CRYPT_RADIUS, len(seeds)).astype(np.float32)
    wall = rng.uniform(*CRYPT_WALL, len(seeds)).astype(np.float32)
    gap = (distance[:, 1] - distance[:, 0]) / 2 - 7
    inside = np.zeros(region.shape, dtype=bool)
    inside[free] = np.minimum(radius[index[:, 0]] - distance[:, 0], gap) > 0
    depth = _signed_depth(_without_specks(inside, smallest=250))
    lumen = blank.copy()
    lumen[free] = depth[free] - wall[index[:, 0]] * np.minimum(1, radius[index[:, 0]] / 66)
    return depth, lumen


def _whole_crypts(
    rng: np.random.Generator, layout: Layout, region: Bool[np.ndarray, "h w"]
) -> Points:
    """Return the centres of normal glands that fit into the section as a whole."""
    seeds = scatter_points(rng, layout, CRYPT_SPACING)
    room = ndimage.distance_transform_edt(layout.regions != Region.GLASS) * FIELD_STEP
    fits = region & (room > CRYPT_RADIUS[1])
    row = np.clip((seeds[:, 1] / FIELD_STEP).astype(np.int64), 0, region.shape[0] - 1)
    column = np.clip((seeds[:, 0] / FIELD_STEP).astype(np.int64), 0, region.shape[1] - 1)
    return seeds[fits[row, column]]


def _nests(rng: np.random.Generator, layout: Layout, habit: TumourHabit) -> tuple[Plane, Plane]:
    region = layout.regions == Region.TUMOUR
    shape = layout.shape
    blank = np.full(shape, FAR, dtype=np.float32)
    if not region.any():
        return blank, blank.copy()
    place = _warped_places(
        rng, region, sizes=((44.0, 0.24 * habit.spacing), (13.0, 7.0), (5.0, 2.0))
    )
    seeds = scatter_points(rng, layout, habit.spacing)
    distance, index = _two_nearest(seeds, place)
    gap = habit.septum * (1 + 0.85 * smooth_noise(rng, shape, scale=26.0)[region])
    grown = rng.random(len(seeds)) >= EMPTY_NESTS
    inside = np.zeros(shape, dtype=bool)
    inside[region] = ((distance[:, 1] - distance[:, 0]) / 2 > gap) & grown[index[:, 0]]
    depth = _signed_depth(
        _without_specks(ndimage.binary_opening(inside, iterations=2), smallest=28)
    )
    opening = np.where(rng.random(len(seeds)) < habit.differentiation, 27.0, 90.0)
    onset = np.full(shape, 90, dtype=np.float32)
    onset[region] = (opening + rng.normal(0, 4, len(seeds)))[index[:, 0]]
    onset = ndimage.gaussian_filter(onset, 2.0)  # neighbours that fuse share a smooth lumen
    lumen = np.where(region, depth - onset + 4 * smooth_noise(rng, shape, scale=7.0), FAR)
    lumen = lumen.astype(np.float32)
    holes = _cribriform(rng, layout, depth, habit)
    return depth, np.maximum(lumen, holes)


def _cribriform(
    rng: np.random.Generator, layout: Layout, depth: Plane, habit: TumourHabit
) -> Plane:
    """Return small round holes deep inside the nests."""
    holes = np.full(depth.shape, FAR, dtype=np.float32)
    deep = depth > 0  # a hole ends before its nest does: see the minimum below
    if not deep.any():
        return holes
    seeds = scatter_points(rng, layout, 74.0)
    is_open = rng.random(len(seeds)) < 0.08 + 0.62 * habit.differentiation
    radius = np.where(is_open, rng.uniform(7, 19, len(seeds)), FAR)
    place = _warped_places(rng, deep, sizes=((9.0, 5.0),))
    distance, index = _two_nearest(seeds, place)
    hole = radius[index[:, 0]] - distance[:, 0]
    holes[deep] = np.minimum(hole, depth[deep] - 15)
    return holes


def _two_nearest(
    seeds: Float32[np.ndarray, "seeds 2"], place: Points
) -> tuple[Float[np.ndarray, "n 2"], Int[np.ndarray, "n 2"]]:
    """Return distance and index of the nearest and second nearest seed of each place."""
    distance, index = cKDTree(seeds).query(place, k=2)
    return np.asarray(distance), np.asarray(index)


def _warped_places(
    rng: np.random.Generator,
    mask: Bool[np.ndarray, "h w"],
    *,
    sizes: tuple[tuple[float, float], ...],
) -> Points:
    """Return (x, y) in level-0 pixels of the mask's pixels, displaced by smooth noise.

    ``sizes`` holds pairs of (noise width in coarse pixels, displacement in level-0 pixels).
    """
    shape = (mask.shape[0], mask.shape[1])
    row, column = np.nonzero(mask)
    x, y = column * float(FIELD_STEP), row * float(FIELD_STEP)
    for scale, amplitude in sizes:
        x = x + amplitude * smooth_noise(rng, shape, scale=scale)[mask]
        y = y + amplitude * smooth_noise(rng, shape, scale=scale)[mask]
    return np.stack([x, y], axis=1).astype(np.float32)


def _signed_depth(inside: Bool[np.ndarray, "h w"]) -> Plane:
    """Return the smoothed signed distance to the edge of ``inside``, in level-0 pixels."""
    if not inside.any():
        return np.full(inside.shape, FAR, dtype=np.float32)
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    smooth = ndimage.gaussian_filter(depth.astype(np.float32), 1.2)
    return np.asarray(np.maximum(smooth * FIELD_STEP, FAR), dtype=np.float32)


def _without_specks(mask: Bool[np.ndarray, "h w"], *, smallest: int) -> Bool[np.ndarray, "h w"]:
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    return np.asarray(mask & (sizes[labels] >= smallest))
