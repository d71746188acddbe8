"""Draw many small things on a block: nuclei, cell bodies, fat cells, red cells.

Axis names: h height, w width of a block; n thing; s side of a sprite.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int64

from healnet.study.noise import Plane
from healnet.study.nuclei import load_sprites
from healnet.study.nucleus_looks import CellKind
from healnet.study.stain import Densities

CONE_ANGLES = 32
CONE_SHAPES = 3
Stack = Float32[np.ndarray, "sprite s s"]


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """Cell bodies packed on a block.

    Attributes:
        best: Closeness to the nearest cell's centre, 1 at it, 0 at its reach.
        second: The same for the second nearest: equal to ``best`` on a border.
        tone: A number of the nearest cell, 0 to 1.
    """

    best: Plane
    second: Plane
    tone: Plane


def new_mosaic(shape: tuple[int, int]) -> Mosaic:
    """Return a block without cells."""
    return Mosaic(
        best=np.zeros(shape, dtype=np.float32),
        second=np.zeros(shape, dtype=np.float32),
        tone=np.full(shape, 0.5, dtype=np.float32),
    )


@lru_cache(maxsize=8)
def cones(long: float, short: float, ragged: float) -> Stack:
    """Return elliptic cones, ``CONE_SHAPES`` for each of ``CONE_ANGLES`` directions."""
    rng = np.random.default_rng([77, round(long * 10), round(short * 10)])
    count = CONE_ANGLES * CONE_SHAPES
    side = 2 * int(np.ceil(max(long, short))) + 1
    row, column = np.mgrid[:side, :side] - side // 2
    angle = (np.arange(count) // CONE_SHAPES / CONE_ANGLES * np.pi)[:, None, None]
    size = np.exp(rng.normal(0, 0.10, (2, count)))[:, :, None, None]
    along = (column * np.cos(angle) + row * np.sin(angle)) / (long * size[0])
    across = (-column * np.sin(angle) + row * np.cos(angle)) / (short * size[1])
    radius, turn = np.hypot(along, across), np.arctan2(across, along)
    phase = rng.uniform(0, 2 * np.pi, (2, count))[:, :, None, None]
    radius = radius * (
        1 + ragged * np.cos(3 * turn + phase[0]) + ragged * np.cos(5 * turn + phase[1])
    )
    return np.asarray(np.maximum(1 - radius, 0), dtype=np.float32)


def stamp_cones(
    mosaic: Mosaic,
    stack: Stack,
    x: Int64[np.ndarray, " n"],
    y: Int64[np.ndarray, " n"],
    *,
    index: Int64[np.ndarray, " n"],
    tone: Float32[np.ndarray, " n"],
) -> None:
    """Add cells with closeness ``stack[index]`` and their centres at (x, y) on the block."""
    half = stack.shape[1] // 2
    for place in zip(x.tolist(), y.tolist(), index.tolist(), tone.tolist(), strict=True):
        window = _window(mosaic.best.shape, place[0] - half, place[1] - half, stack.shape[1])
        if window is None:
            continue
        on_block, on_sprite = window
        cone = stack[place[2]][on_sprite]
        best, second = mosaic.best[on_block], mosaic.second[on_block]
        np.maximum(second, np.minimum(best, cone), out=second)
        np.copyto(mosaic.tone[on_block], np.float32(place[3]), where=cone > best)
        np.maximum(best, cone, out=best)


def stamp_nuclei(
    densities: Densities,
    x: Int64[np.ndarray, " n"],
    y: Int64[np.ndarray, " n"],
    *,
    kind: CellKind,
    index: Int64[np.ndarray, " n"],
    strength: Float32[np.ndarray, " n"],
) -> None:
    """Add nuclei with their centres at (x, y) on the block; what lies below is hidden."""
    sprites = load_sprites()[kind]
    side = sprites.coverage.shape[1]
    eosin = np.float32(EOSIN_IN_NUCLEUS.get(kind, 0.54))
    for place in zip(x.tolist(), y.tolist(), index.tolist(), strength.tolist(), strict=True):
        window = _window(
            densities.eosin.shape, place[0] - side // 2, place[1] - side // 2, side
        )
        if window is None:
            continue
        on_block, on_sprite = window
        coverage = sprites.coverage[place[2]][on_sprite]
        blue, pink = densities.haematoxylin[on_block], densities.eosin[on_block]
        blue *= 1 - np.float32(0.75) * coverage
        blue += np.float32(place[3]) * sprites.density[place[2]][on_sprite]
        pink += coverage * (eosin - pink) * np.float32(0.75)


EOSIN_IN_NUCLEUS: dict[CellKind, float] = {
    CellKind.LYMPHOCYTE: 0.46,
    CellKind.PLASMA: 0.48,
    CellKind.DEBRIS: 0.55,
    CellKind.MITOSIS: 0.4,
}


def stamp_discs(
    plane: Plane,
    stack: Stack,
    x: Int64[np.ndarray, " n"],
    y: Int64[np.ndarray, " n"],
    *,
    index: Int64[np.ndarray, " n"],
) -> None:
    """Raise ``plane`` to ``stack[index]`` where that is higher."""
    half = stack.shape[1] // 2
    for place in zip(x.tolist(), y.tolist(), index.tolist(), strict=True):
        window = _window(plane.shape, place[0] - half, place[1] - half, stack.shape[1])
        if window is not None:
            on_block, on_sprite = window
            np.maximum(plane[on_block], stack[place[2]][on_sprite], out=plane[on_block])


Slices = tuple[slice, slice]


def _window(
    shape: tuple[int, ...], left: int, top: int, side: int
) -> tuple[Slices, Slices] | None:
    """Return the part of the block and of the sprite that overlap, if any."""
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + side, shape[1]), min(top + side, shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    block = (slice(y0, y1), slice(x0, x1))
    return block, (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
