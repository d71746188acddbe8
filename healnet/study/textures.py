"""Seamless textures that every slide shares: collagen, cytoplasm, necrosis, glass.

They are drawn once per process from a fixed seed. A slide takes them at its own offset, and
collagen through its own flow field, so that no two places look alike.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from healnet.study.noise import Plane, periodic_noise, smoothstep

TILE = 1024  # side of a texture in pixels
FIBRE_TILE = 2048  # collagen is stored at twice the resolution, to be sampled without a filter
FIBRE_ZOOM = 2
TEXTURE_SEED = 20240

Tile = Float32[np.ndarray, "t t"]


@dataclass(frozen=True, kw_only=True)
class Textures:
    """The shared tiles.

    Attributes:
        fibres: Collagen, 0 (cleft) to 255 (dense), fibres along the columns.
        muscle: The same for smooth muscle: finer, denser, few clefts.
        grain: Fine isotropic grain of cytoplasm, unit deviation.
        mottle: Coarser isotropic noise, unit deviation.
        necrosis: Granular debris, 0 (hole) to about 1.5 (clump).
    """

    fibres: UInt8[np.ndarray, "f f"]
    muscle: UInt8[np.ndarray, "f f"]
    grain: Tile
    mottle: Tile
    necrosis: Tile


@lru_cache(maxsize=1)
def load_textures() -> Textures:
    """Return the shared tiles, drawn on the first call."""
    rng = np.random.default_rng(TEXTURE_SEED)
    return Textures(
        fibres=_fibre_tile(rng, bundle=15.0, fibril=2.6, crimp=7.0, cleft=0.9),
        muscle=_fibre_tile(rng, bundle=22.0, fibril=2.2, crimp=3.0, cleft=0.35),
        grain=_grain_tile(rng),
        mottle=periodic_noise(rng, TILE, across=6, along=6),
        necrosis=_necrosis_tile(rng),
    )


def tile_at(tile: Tile, offset: tuple[int, int], shape: tuple[int, int]) -> Plane:
    """Return the part of the endless plane of ``tile`` whose corner is ``offset`` (row, column)."""
    rows = (np.arange(shape[0]) + offset[0]) % tile.shape[0]
    columns = (np.arange(shape[1]) + offset[1]) % tile.shape[1]
    return tile[np.ix_(rows, columns)]


def sample_fibres(tile: UInt8[np.ndarray, "f f"], across: Plane, along: Plane) -> Plane:
    """Return the fibre texture at warped coordinates, 0 (cleft) to 1 (dense).

    Args:
        tile: ``Textures.fibres`` or ``Textures.muscle``.
        across: Coordinate across the fibres, in pixels.
        along: Coordinate along the fibres, in pixels.
    """
    row: Int32[np.ndarray, "h w"] = (across * np.float32(FIBRE_ZOOM)).astype(np.int32)
    column: Int32[np.ndarray, "h w"] = (along * np.float32(FIBRE_ZOOM)).astype(np.int32)
    mask = np.int32(FIBRE_TILE - 1)
    row &= mask
    row *= np.int32(FIBRE_TILE)
    column &= mask
    row += column
    return np.take(tile.ravel(), row).astype(np.float32) * np.float32(1 / 255)


def _fibre_tile(
    rng: np.random.Generator, *, bundle: float, fibril: float, crimp: float, cleft: float
) -> UInt8[np.ndarray, "f f"]:
    thick = periodic_noise(rng, FIBRE_TILE, across=bundle, along=bundle * 11)
    middle = periodic_noise(rng, FIBRE_TILE, across=fibril * 2.2, along=fibril * 40)
    thin = periodic_noise(rng, FIBRE_TILE, across=fibril, along=fibril * 30)
    density = 0.52 + 0.16 * thick + 0.13 * middle + 0.10 * thin
    gaps = periodic_noise(rng, FIBRE_TILE, across=bundle * 0.42, along=bundle * 5)
    density *= 1 - cleft * smoothstep(gaps + 0.5 * thin, 1.15, 1.75)
    density = _crimp(rng, density, amplitude=crimp)
    return (np.clip(density, 0, 1) * 255).astype(np.uint8)


def _crimp(rng: np.random.Generator, tile: Tile, *, amplitude: float) -> Tile:
    """Shift every column along the fibre's normal by a common wave: collagen's crimp."""
    wave = periodic_noise(rng, FIBRE_TILE, across=1, along=26)
    slow = periodic_noise(rng, FIBRE_TILE, across=160, along=130)
    shift = amplitude * (0.9 * wave[:1] + 1.0 * slow)  # one wave for all rows, slowly modulated
    rows = np.arange(FIBRE_TILE, dtype=np.float32)[:, None] + shift
    low = np.floor(rows).astype(np.int64)
    share = (rows - low).astype(np.float32)
    columns = np.broadcast_to(np.arange(FIBRE_TILE), low.shape)
    below = tile[low % FIBRE_TILE, columns]
    above = tile[(low + 1) % FIBRE_TILE, columns]
    return np.asarray((1 - share) * below + share * above, dtype=np.float32)


def _grain_tile(rng: np.random.Generator) -> Tile:
    fine = periodic_noise(rng, TILE, across=0.8, along=0.8)
    middle = periodic_noise(rng, TILE, across=2.2, along=2.2)
    return np.asarray(0.75 * fine + 0.65 * middle, dtype=np.float32)


def _necrosis_tile(rng: np.random.Generator) -> Tile:
    lumps = periodic_noise(rng, TILE, across=2.6, along=2.6)
    fine = periodic_noise(rng, TILE, across=1.0, along=1.0)
    clouds = periodic_noise(rng, TILE, across=14, along=14)
    density = 0.62 + 0.17 * lumps + 0.12 * fine + 0.13 * clouds
    holes = smoothstep(lumps + 0.35 * fine + 0.6 * clouds, -1.0, -1.7)
    return np.asarray(np.clip(density * (1 - 0.9 * holes), 0, 1.5), dtype=np.float32)
