"""Where each tissue lies on a slide: regions of an exact share, with natural outlines.

Every region takes, from the tissue that is still free, the pixels on which its own smooth score
is highest. So its share of the section is exact, and its outline is as organic as the score.

Fields are coarse: one pixel stands for ``FIELD_STEP`` level-0 pixels.
Axis names: h height, w width of the coarse field.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, UInt8
from scipy import ndimage

from healnet.study.noise import Plane, fractal_noise, smooth_noise

FIELD_STEP = 4  # level-0 pixels per pixel of a coarse field
CORE_EXPONENT = 3.0  # outline between an ellipse (2) and a rectangle (large)
Mask = Bool[np.ndarray, "h w"]


class Region(IntEnum):
    """Tissue classes. ``GLASS`` is no tissue."""

    GLASS = 0
    STROMA = 1
    TUMOUR = 2
    LYMPHOCYTES = 3
    GLANDS = 4
    NECROSIS = 5
    FAT = 6
    MUSCLE = 7


REGION_NAMES: dict[Region, str] = {
    Region.STROMA: "stroma",
    Region.TUMOUR: "tumour",
    Region.LYMPHOCYTES: "lymphocytes",
    Region.GLANDS: "normal glands",
    Region.NECROSIS: "necrosis",
    Region.FAT: "fat",
    Region.MUSCLE: "muscle",
}


@dataclass(frozen=True, kw_only=True)
class TissueShares:
    """Share of the section that each tissue takes; stroma is the rest."""

    tumour: float
    lymphocytes: float
    glands: float = 0.0
    necrosis: float = 0.0
    fat: float = 0.0
    muscle: float = 0.0

    def __post_init__(self) -> None:
        shares = (
            self.tumour,
            self.lymphocytes,
            self.glands,
            self.necrosis,
            self.fat,
            self.muscle,
        )
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"shares must be 0 or more and sum to 1 at most; got {shares}")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The regions of one slide.

    Attributes:
        regions: One ``Region`` per coarse pixel.
        width: Level-0 pixels.
        height: Level-0 pixels.
    """

    regions: UInt8[np.ndarray, "h w"]
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the coarse fields."""
        rows, columns = self.regions.shape
        return int(rows), int(columns)

    def share(self, region: Region) -> float:
        """Return the share of the section (glass left out) that ``region`` takes."""
        tissue = int(np.count_nonzero(self.regions != Region.GLASS))
        return float(np.count_nonzero(self.regions == region)) / max(tissue, 1)


def draw_layout(
    rng: np.random.Generator,
    *,
    width: int,
    height: int,
    shares: TissueShares,
    tissue_share: float,
) -> Layout:
    """Return regions with these shares on a slide of ``width`` x ``height`` level-0 pixels."""
    shape = (-(-height // FIELD_STEP), -(-width // FIELD_STEP))
    tissue = _draw_tissue(rng, shape, tissue_share)
    regions = np.where(tissue, np.uint8(Region.STROMA), np.uint8(Region.GLASS))
    area = int(tissue.sum())
    _place_outer_layers(rng, regions, shares=shares, area=area)
    invaded = round((shares.tumour + shares.necrosis) * area)
    _place(regions, Region.TUMOUR, _tumour_score(rng, tissue), invaded)
    _place_necrosis(rng, regions, round(shares.necrosis * area))
    _place(
        regions,
        Region.LYMPHOCYTES,
        _margin_score(rng, regions),
        round(shares.lymphocytes * area),
    )
    glands = fractal_noise(rng, shape, scale=130.0) - 0.02 * _distance_to(regions, Region.GLASS)
    _place(regions, Region.GLANDS, glands, round(shares.glands * area))
    return Layout(regions=regions, width=width, height=height)


def _draw_tissue(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Mask:
    """Return the section: a core with a wavy outline, of an exact share of the frame."""
    row, column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    warp = 0.09 * min(shape)
    lobe = 0.19 * min(shape)
    down = (row + warp * smooth_noise(rng, shape, scale=lobe)) / shape[0] * 2 - 1
    right = (column + warp * smooth_noise(rng, shape, scale=lobe)) / shape[1] * 2 - 1
    shift = rng.uniform(-0.12, 0.12, size=2)
    reach = np.abs(down - shift[0]) ** CORE_EXPONENT + np.abs(right - shift[1]) ** CORE_EXPONENT
    score = -np.cbrt(reach) + 0.05 * fractal_noise(rng, shape, scale=45.0, octaves=4)
    score = score.astype(np.float32)
    tissue = score >= np.quantile(score, 1 - share)
    labels, _ = ndimage.label(tissue)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = sizes[labels] > 0.002 * tissue.size
    return np.asarray(ndimage.binary_fill_holes(kept & tissue))


def _place_outer_layers(
    rng: np.random.Generator,
    regions: UInt8[np.ndarray, "h w"],
    *,
    shares: TissueShares,
    area: int,
) -> None:
    """Lay fat along one side of the section, and muscle next to it."""
    shape = regions.shape
    row, column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    side = (row / shape[0] - 0.5) * np.sin(turn) + (column / shape[1] - 0.5) * np.cos(turn)
    wavy = side.astype(np.float32) + 0.07 * fractal_noise(rng, (shape[0], shape[1]), scale=80.0)
    _place(regions, Region.FAT, wavy, round(shares.fat * area))
    wavy = wavy + 0.05 * fractal_noise(rng, (shape[0], shape[1]), scale=50.0)
    _place(regions, Region.MUSCLE, wavy, round(shares.muscle * area))


def _tumour_score(rng: np.random.Generator, tissue: Mask) -> Plane:
    """Return where the tumour grows: one or two foci, and an invasive front of tongues."""
    shape = (tissue.shape[0], tissue.shape[1])
    row, column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    score = np.full(shape, -9.0, dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.uniform(0.2, 0.8, size=2) * shape
        spread = rng.uniform(0.25, 0.45) * min(shape)
        distance = np.hypot(row - centre[0], column - centre[1]) / np.float32(spread)
        score = np.maximum(score, -distance.astype(np.float32))
    return score + 0.42 * fractal_noise(rng, shape, scale=95.0, octaves=4, gain=0.55)


def _place_necrosis(
    rng: np.random.Generator, regions: UInt8[np.ndarray, "h w"], count: int
) -> None:
    """Let the deepest parts of the tumour die."""
    tumour = regions == Region.TUMOUR
    depth = ndimage.distance_transform_edt(tumour).astype(np.float32)
    score = depth / 40 + 0.55 * fractal_noise(
        rng, (tumour.shape[0], tumour.shape[1]), scale=55.0
    )
    regions[tumour] = np.where(
        _top(score, tumour, count)[tumour], np.uint8(Region.NECROSIS), np.uint8(Region.TUMOUR)
    )


def _margin_score(rng: np.random.Generator, regions: UInt8[np.ndarray, "h w"]) -> Plane:
    """Return where lymphocytes gather: in clumps along the tumour's edge."""
    shape = (regions.shape[0], regions.shape[1])
    nearness = np.exp(-_distance_to(regions, Region.TUMOUR) / 45)
    noise = fractal_noise(rng, shape, scale=32.0, octaves=3)
    inside = np.minimum(_distance_to(regions, Region.GLASS) / 12, 1)
    return np.asarray(noise + 1.5 * nearness + 1.2 * inside, dtype=np.float32)


def _distance_to(regions: UInt8[np.ndarray, "h w"], region: Region) -> Plane:
    """Return the distance to ``region`` in coarse pixels; far away if there is none."""
    target = regions == region
    if not target.any():
        return np.full(regions.shape, 1e3, dtype=np.float32)
    return np.asarray(ndimage.distance_transform_edt(~target), dtype=np.float32)


def _place(regions: UInt8[np.ndarray, "h w"], region: Region, score: Plane, count: int) -> None:
    """Turn the ``count`` best pixels of free stroma into ``region``."""
    regions[_top(score, regions == Region.STROMA, count)] = region


def _top(score: Plane, free: Mask, count: int) -> Mask:
    """Return the ``count`` pixels of ``free`` with the highest score."""
    count = min(count, int(free.sum()))
    chosen = np.zeros(free.shape, dtype=bool)
    if count == 0:
        return chosen
    candidates = np.flatnonzero(free)
    order = np.argpartition(-score.ravel()[candidates], count - 1)[:count]
    chosen.ravel()[candidates[order]] = True
    return chosen
