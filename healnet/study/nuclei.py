"""A library of nuclei: shape, membrane, chromatin and nucleoli by kind of cell.

Every sprite is one nucleus, drawn once per process on a small square, with its coverage and its
amount of haematoxylin. Sprites of a kind are sorted by angle, so that a cell of a given
direction picks one of the few dozen that point there.

Axis names: n sprite, s side of the square.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from healnet.study.noise import periodic_noise, smoothstep
from healnet.study.nucleus_looks import LOOKS, CellKind, NucleusLook

SPRITE_SEED = 911
TINY = 1e-3  # relative radius below which a nucleus's centre is
Stack = Float32[np.ndarray, "sprite s s"]


@dataclass(frozen=True, kw_only=True)
class Sprites:
    """The nuclei of one kind, sorted by angle from 0 to pi.

    Attributes:
        coverage: 0 outside, 1 inside the nucleus.
        density: Amount of haematoxylin, already times coverage.
    """

    coverage: Stack
    density: Stack

    def pick(self, angle: Float32[np.ndarray, " n"], rng: np.random.Generator) -> list[int]:
        """Return one sprite for each direction (radians), at random among those that fit."""
        count = len(self.coverage)
        turn = np.mod(angle, np.pi) / np.pi + rng.uniform(-0.02, 0.02, size=len(angle))
        index = np.floor(turn * count).astype(np.int64) % count
        return [int(value) for value in index]


@lru_cache(maxsize=1)
def load_sprites() -> dict[CellKind, Sprites]:
    """Return the library, drawn on the first call."""
    rng = np.random.default_rng(SPRITE_SEED)
    library = {kind: draw_nuclei(rng, look) for kind, look in LOOKS.items()}
    library[CellKind.NEUTROPHIL] = _lobed(rng)
    library[CellKind.MITOSIS] = _mitoses(rng)
    return library


def draw_nuclei(rng: np.random.Generator, look: NucleusLook) -> Sprites:
    """Return ``look.count`` nuclei, sorted by angle."""
    count = look.count
    angle = (np.arange(count) + rng.uniform(0, 1, count)) / count * np.pi
    size = np.exp(rng.normal(0, look.spread, (2, count)))
    length, width = look.length * size[0], look.width * size[1]
    along, across = _local_axes(rng, angle, look.side)
    across = (
        across + (look.bend * rng.normal(0, 1, count) / look.length)[:, None, None] * along**2
    )
    depth = _depth(rng, along, across, length=length, width=width, irregular=look.irregular)
    coverage = smoothstep(depth, -1.2, 1.1)
    density = _chromatin(rng, look, depth)
    return Sprites(
        coverage=coverage.astype(np.float32), density=(density * coverage).astype(np.float32)
    )


def _local_axes(
    rng: np.random.Generator, angle: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    shift = rng.uniform(-0.5, 0.5, (2, len(angle)))[:, :, None, None]
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    cosine, sine = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    along = (column + shift[0]) * cosine + (row + shift[1]) * sine
    across = -(column + shift[0]) * sine + (row + shift[1]) * cosine
    return along, across


def _depth(
    rng: np.random.Generator,
    along: np.ndarray,
    across: np.ndarray,
    *,
    length: np.ndarray,
    width: np.ndarray,
    irregular: float,
) -> np.ndarray:
    """Return the depth below a wavy elliptic outline, in pixels (negative outside)."""
    first, second = along / length[:, None, None], across / width[:, None, None]
    radius, turn = np.hypot(first, second), np.arctan2(second, first)
    outline = np.ones_like(radius)
    for wave in (2, 3, 4, 5):
        amplitude = rng.normal(0, irregular * 2 / wave, len(length))[:, None, None]
        phase = rng.uniform(0, 2 * np.pi, len(length))[:, None, None]
        outline += amplitude * np.cos(wave * turn + phase)
    gradient = np.hypot(first / length[:, None, None], second / width[:, None, None])
    slope = np.where(
        radius > TINY, gradient / np.maximum(radius, TINY), 1 / width[:, None, None]
    )
    return np.asarray((outline - radius) / slope)


def _chromatin(rng: np.random.Generator, look: NucleusLook, depth: np.ndarray) -> np.ndarray:
    count = look.count
    level = look.density * np.exp(rng.normal(0, look.density_spread, count))
    smudged = rng.random(count) < look.dark_share
    level = np.where(smudged, level + 0.55 * look.density + 0.2, level)[:, None, None]
    texture = np.where(smudged, 0.35, 1.0)[:, None, None]
    clumps = _crops(rng, count, look.side, width=look.clump_px)
    rim = np.exp(-(((depth - 1.5) / 1.35) ** 2))
    density = level + texture * (
        look.rim * rim + look.clumps * clumps * smoothstep(depth, 0.0, 2.0)
    )
    density += texture * _nucleoli(rng, look, depth)
    return np.asarray(np.maximum(density, 0.15))


def _nucleoli(rng: np.random.Generator, look: NucleusLook, depth: np.ndarray) -> np.ndarray:
    spots = np.zeros_like(depth)
    row, column = np.mgrid[: look.side, : look.side] - (look.side - 1) / 2
    number = rng.poisson(look.nucleoli, look.count)
    for order in range(3):
        place = rng.normal(0, 0.3 * look.width, (2, look.count))[:, :, None, None]
        radius = rng.uniform(1.1, 1.9, look.count)[:, None, None]
        distance = np.hypot(column - place[0], row - place[1])
        spots += (number > order)[:, None, None] * 0.75 * np.exp(-((distance / radius) ** 2))
    return np.asarray(spots * smoothstep(depth, 0.5, 2.5))


def _crops(rng: np.random.Generator, count: int, side: int, *, width: float) -> np.ndarray:
    tile = periodic_noise(rng, 512, across=width, along=width)
    corners = rng.integers(0, 512 - side, (count, 2))
    return np.stack([tile[top : top + side, left : left + side] for top, left in corners])


def _lobed(rng: np.random.Generator) -> Sprites:
    """Return neutrophils: two to four small lobes on an arc."""
    count, side = 128, 20
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    depth = np.full((count, side, side), -9.0)
    start = (np.arange(count) / count * np.pi)[:, None, None]
    lobes = rng.integers(2, 5, count)
    for order in range(4):
        turn = start + order * rng.uniform(0.9, 2.0, count)[:, None, None]
        reach = rng.uniform(2.0, 3.6, count)[:, None, None]
        distance = np.hypot(column - reach * np.cos(turn), row - reach * np.sin(turn))
        lobe = rng.uniform(1.6, 2.8, count)[:, None, None] - distance
        depth = np.where((lobes > order)[:, None, None], np.maximum(depth, lobe), depth)
    coverage = smoothstep(depth, -0.8, 0.8).astype(np.float32)
    return Sprites(coverage=coverage, density=coverage * np.float32(1.45))


def _mitoses(rng: np.random.Generator) -> Sprites:
    """Return metaphase plates: dark ragged bars."""
    look = NucleusLook(
        count=96,
        side=36,
        length=8.5,
        width=2.9,
        spread=0.15,
        irregular=0.2,
        density=1.9,
        rim=0.0,
        clumps=0.25,
    )
    return draw_nuclei(rng, look)
