"""Seamless textures that every slide shares: collagen, muscle, cytoplasm, necrosis.

They are drawn once per process from a fixed seed. A slide takes them at its own offset.
Fibrous textures exist in ``DIRECTIONS`` directions, drawn from the same noise, so that a slide
can follow its own flow by picking, pixel by pixel, the direction that fits.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int32, UInt8
from scipy import fft, ndimage

from healnet.study.noise import Plane, periodic_noise, smoothstep

TILE = 768  # side of a texture in pixels
DIRECTIONS = 12  # over half a turn
TEXTURE_SEED = 20240

Tile = Float32[np.ndarray, "t t"]
FibreStack = UInt8[np.ndarray, "directions t t"]


@dataclass(frozen=True, kw_only=True)
class Textures:
    """The shared tiles.

    Attributes:
        fibres: Collagen, 0 (cleft) to 255 (dense), one tile a direction.
        muscle: The same for smooth muscle: denser, straighter, few clefts.
        grain: Fine isotropic grain of cytoplasm, unit deviation.
        froth: Cytoplasm: granules and small vacuoles, mean 0, about -1.5 to 0.6.
        mottle: Coarser isotropic noise, unit deviation.
        necrosis: Granular debris, 0 (hole) to about 1.5 (clump).
    """

    fibres: FibreStack
    muscle: FibreStack
    grain: Tile
    froth: Tile
    mottle: Tile
    necrosis: Tile


@dataclass(frozen=True, kw_only=True)
class FibreLook:
    """How a fibrous texture looks. Lengths in pixels.

    Attributes:
        bundle: Width of a bundle.
        bundle_length: Its length.
        fibril: Width of a fibril within.
        fibril_length: Its length.
        crimp: Amplitude of the waviness.
        crimp_length: Half wave.
        contrast: Deviation of the density.
        cleft: Depth of the clefts between bundles, 0 to 1.
    """

    bundle: float
    bundle_length: float
    fibril: float
    fibril_length: float
    crimp: float
    crimp_length: float
    contrast: float
    cleft: float


COLLAGEN = FibreLook(
    bundle=4.2,
    bundle_length=34.0,
    fibril=0.85,
    fibril_length=11.0,
    crimp=3.0,
    crimp_length=10.0,
    contrast=0.17,
    cleft=1.0,
)
SMOOTH_MUSCLE = FibreLook(
    bundle=7.0,
    bundle_length=75.0,
    fibril=1.3,
    fibril_length=34.0,
    crimp=2.6,
    crimp_length=26.0,
    contrast=0.115,
    cleft=0.55,
)


@lru_cache(maxsize=1)
def load_textures() -> Textures:
    """Return the shared tiles, drawn on the first call."""
    rng = np.random.default_rng(TEXTURE_SEED)
    return Textures(
        fibres=_fibre_stack(rng, COLLAGEN),
        muscle=_fibre_stack(rng, SMOOTH_MUSCLE),
        grain=_grain_tile(rng),
        froth=_froth_tile(rng),
        mottle=periodic_noise(rng, TILE, across=6.0, along=6.0),
        necrosis=_necrosis_tile(rng),
    )


def tile_at(tile: Tile, offset: tuple[int, int], shape: tuple[int, int]) -> Plane:
    """Return a part of the endless plane of ``tile``, from ``offset`` (row, column) on."""
    rows = (np.arange(shape[0]) + offset[0]) % tile.shape[0]
    columns = (np.arange(shape[1]) + offset[1]) % tile.shape[1]
    return tile[np.ix_(rows, columns)]


def sample_fibres(stack: FibreStack, turn: Plane, offset: tuple[int, int]) -> Plane:
    """Return fibres that follow a field of directions, 0 (cleft) to 1 (dense).

    Args:
        stack: ``Textures.fibres`` or ``Textures.muscle``.
        turn: Direction of the fibres in half turns, 0 to 1.
        offset: Row and column of the block on the endless texture.
    """
    place = turn * np.float32(DIRECTIONS)
    first = np.floor(place)
    share = place - first
    rows = (np.arange(turn.shape[0], dtype=np.int32) + offset[0]) % TILE * TILE
    columns = (np.arange(turn.shape[1], dtype=np.int32) + offset[1]) % TILE
    below: Int32[np.ndarray, "h w"] = first.astype(np.int32) % DIRECTIONS
    above = (below + 1) % np.int32(DIRECTIONS)
    flat = stack.ravel()
    pixel = (rows[:, None] + columns[None, :]).astype(np.int32)
    near = np.take(flat, below * np.int32(TILE * TILE) + pixel).astype(np.float32)
    far = np.take(flat, above * np.int32(TILE * TILE) + pixel).astype(np.float32)
    near += share * (far - near)
    near *= np.float32(1 / 255)
    return near


def _fibre_stack(rng: np.random.Generator, look: FibreLook) -> FibreStack:
    spectra = [fft.rfft2(rng.standard_normal((TILE, TILE), dtype=np.float32)) for _ in range(4)]
    angles = np.arange(DIRECTIONS) / DIRECTIONS * np.pi
    return np.stack([_fibre_tile(spectra, float(angle), look) for angle in angles])


def _fibre_tile(
    spectra: list[np.ndarray], angle: float, look: FibreLook
) -> UInt8[np.ndarray, "t t"]:
    bundle = _oriented(spectra[0], angle, look.bundle, look.bundle_length)
    fibril = _oriented(spectra[1], angle, look.fibril, look.fibril_length)
    gap = _oriented(spectra[2], angle, look.bundle * 0.8, look.bundle_length * 1.1)
    density = 0.55 + look.contrast * (0.62 * bundle + 0.78 * fibril)
    line = smoothstep(np.abs(gap), 0.22, 0.02) * smoothstep(bundle, 0.9, -0.6)
    density = density * (1 - look.cleft * line)
    # all fibres of a neighbourhood wave together: shift them across by a common crimp
    crimp = _oriented(spectra[3], angle, look.crimp_length * 3.2, look.crimp_length)
    shift = look.crimp * crimp
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    density = _displaced(density, -sine * shift, cosine * shift)
    return (np.clip(density, 0, 1) * 255).astype(np.uint8)


def _oriented(spectrum: np.ndarray, angle: float, across: float, along: float) -> Tile:
    """Return unit noise stretched along ``angle`` (from the columns towards the rows)."""
    row = fft.fftfreq(TILE).astype(np.float32)[:, None]
    column = fft.rfftfreq(TILE).astype(np.float32)[None, :]
    first = column * np.cos(angle) + row * np.sin(angle)
    second = row * np.cos(angle) - column * np.sin(angle)
    gain = np.exp(np.float32(-2 * np.pi**2) * ((first * along) ** 2 + (second * across) ** 2))
    gain[0, 0] = 0
    tile = fft.irfft2(spectrum * gain.astype(np.float32), s=(TILE, TILE))
    return np.asarray(tile / tile.std(), dtype=np.float32)


def _displaced(tile: Tile, right: Tile, down: Tile) -> Tile:
    """Return ``tile`` read at places shifted by (right, down), bilinear and periodic."""
    rows = np.arange(TILE, dtype=np.float32)[:, None] + down
    columns = np.arange(TILE, dtype=np.float32)[None, :] + right
    shifted = ndimage.map_coordinates(
        tile, np.stack([rows, columns]), order=1, mode="grid-wrap", prefilter=False
    )
    return np.asarray(shifted, dtype=np.float32)


def _grain_tile(rng: np.random.Generator) -> Tile:
    fine = periodic_noise(rng, TILE, across=0.62, along=0.62)
    middle = periodic_noise(rng, TILE, across=1.5, along=1.5)
    return np.asarray(0.8 * fine + 0.6 * middle, dtype=np.float32)


def _froth_tile(rng: np.random.Generator) -> Tile:
    small = periodic_noise(rng, TILE, across=1.4, along=1.4)
    large = periodic_noise(rng, TILE, across=2.8, along=2.8)
    where = periodic_noise(rng, TILE, across=15.0, along=15.0)
    holes = smoothstep(small + 0.6 * where, -1.1, -2.2)
    holes = holes + smoothstep(large + 1.1 * where, -1.4, -2.3)
    froth = 0.26 * small + 0.28 * large - 1.2 * np.minimum(holes, 1)
    return np.asarray(froth - froth.mean(), dtype=np.float32)


def _necrosis_tile(rng: np.random.Generator) -> Tile:
    lumps = periodic_noise(rng, TILE, across=1.9, along=1.9)
    fine = periodic_noise(rng, TILE, across=0.9, along=0.9)
    clouds = periodic_noise(rng, TILE, across=11.0, along=11.0)
    density = 0.74 + 0.16 * lumps + 0.10 * fine + 0.12 * clouds
    holes = smoothstep(lumps + 0.35 * fine + 0.55 * clouds, -1.5, -2.7)
    return np.asarray(np.clip(density * (1 - 0.8 * holes), 0, 1.5), dtype=np.float32)
