"""A library of nuclei: shape, membrane, chromatin and nucleoli by kind of cell.

Every sprite is one nucleus, drawn once per process on a small square, with its coverage and its
amount of haematoxylin. Sprites of a kind are sorted by angle, so that a cell of a given
direction picks one of the few dozen that point there.

Axis names: n sprite, s side of the square.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from healnet.study.noise import periodic_noise, smoothstep

SPRITE_SEED = 911
Stack = Float32[np.ndarray, "n s s"]


class CellKind(IntEnum):
    """What a nucleus belongs to."""

    TUMOUR = 0
    GLAND = 1
    LYMPHOCYTE = 2
    FIBROBLAST = 3
    MUSCLE = 4
    ENDOTHELIUM = 5
    NEUTROPHIL = 6
    DEBRIS = 7
    MITOSIS = 8
    PLASMA = 9


@dataclass(frozen=True, kw_only=True)
class NucleusLook:
    """How the nuclei of one kind look. Lengths in pixels of 0.5 um.

    Attributes:
        count: Sprites in the library.
        side: Side of the square.
        length: Half axis along the cell's direction: mean.
        width: Half axis across.
        spread: Relative deviation of both (pleomorphism).
        irregular: Relative deviation of the outline from an ellipse.
        bend: Curvature of spindle nuclei, as a share of the length.
        density: Haematoxylin at the centre: mean.
        density_spread: Relative deviation between nuclei.
        rim: Extra density of the nuclear membrane.
        clumps: Amplitude of the chromatin.
        clump_px: Width of a chromatin clump.
        nucleoli: Mean number of nucleoli.
        dark_share: Share of smudged, hyperchromatic nuclei.
    """

    count: int
    side: int
    length: float
    width: float
    spread: float = 0.1
    irregular: float = 0.03
    bend: float = 0.0
    density: float = 1.0
    density_spread: float = 0.15
    rim: float = 0.25
    clumps: float = 0.2
    clump_px: float = 1.5
    nucleoli: float = 0.0
    dark_share: float = 0.0


LOOKS: dict[CellKind, NucleusLook] = {
    CellKind.TUMOUR: NucleusLook(
        count=768,
        side=44,
        length=9.6,
        width=7.2,
        spread=0.18,
        irregular=0.05,
        density=0.56,
        density_spread=0.30,
        rim=0.36,
        clumps=0.36,
        clump_px=1.35,
        nucleoli=1.4,
        dark_share=0.06,
    ),
    CellKind.GLAND: NucleusLook(
        count=384,
        side=34,
        length=9.2,
        width=4.7,
        spread=0.12,
        irregular=0.04,
        density=0.88,
        density_spread=0.2,
        rim=0.2,
        clumps=0.2,
        clump_px=1.3,
        nucleoli=0.25,
    ),
    CellKind.LYMPHOCYTE: NucleusLook(
        count=384,
        side=22,
        length=5.5,
        width=5.0,
        spread=0.11,
        irregular=0.05,
        density=1.3,
        density_spread=0.24,
        rim=0.08,
        clumps=0.42,
        clump_px=1.6,
    ),
    CellKind.FIBROBLAST: NucleusLook(
        count=512,
        side=46,
        length=11.0,
        width=3.1,
        spread=0.32,
        irregular=0.06,
        bend=0.09,
        density=0.62,
        density_spread=0.36,
        rim=0.3,
        clumps=0.32,
        nucleoli=0.15,
        dark_share=0.15,
    ),
    CellKind.MUSCLE: NucleusLook(
        count=256,
        side=54,
        length=17.0,
        width=3.4,
        spread=0.16,
        irregular=0.03,
        bend=0.07,
        density=0.72,
        rim=0.2,
        clumps=0.15,
    ),
    CellKind.ENDOTHELIUM: NucleusLook(
        count=192,
        side=34,
        length=9.5,
        width=2.5,
        spread=0.15,
        irregular=0.05,
        bend=0.15,
        density=1.0,
        rim=0.15,
        clumps=0.15,
    ),
    CellKind.DEBRIS: NucleusLook(
        count=192,
        side=16,
        length=2.7,
        width=2.2,
        spread=0.42,
        irregular=0.12,
        density=1.35,
        density_spread=0.3,
        rim=0.0,
        clumps=0.1,
    ),
    CellKind.PLASMA: NucleusLook(
        count=192,
        side=22,
        length=5.9,
        width=5.4,
        spread=0.07,
        irregular=0.02,
        density=1.1,
        rim=0.35,
        clumps=0.6,
        clump_px=1.9,
    ),
}


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
        radius > 1e-3, gradient / np.maximum(radius, 1e-3), 1 / width[:, None, None]
    )
    return (outline - radius) / slope


def _chromatin(rng: np.random.Generator, look: NucleusLook, depth: np.ndarray) -> np.ndarray:
    count = look.count
    level = look.density * np.exp(rng.normal(0, look.density_spread, count))
    smudged = rng.random(count) < look.dark_share
    level = np.where(smudged, level + 0.55 * look.density + 0.2, level)[:, None, None]
    texture = np.where(smudged, 0.35, 1.0)[:, None, None]
    clumps = _crops(rng, count, look.side, width=look.clump_px)
    rim = np.exp(-(((depth - 1.5) / 1.35) ** 2))
    density = level + texture * (
        look.rim * rim + look.clumps * clumps * smoothstep(depth, 0, 2)
    )
    density += texture * _nucleoli(rng, look, depth)
    return np.maximum(density, 0.15)


def _nucleoli(rng: np.random.Generator, look: NucleusLook, depth: np.ndarray) -> np.ndarray:
    spots = np.zeros_like(depth)
    row, column = np.mgrid[: look.side, : look.side] - (look.side - 1) / 2
    number = rng.poisson(look.nucleoli, look.count)
    for order in range(3):
        place = rng.normal(0, 0.3 * look.width, (2, look.count))[:, :, None, None]
        radius = rng.uniform(1.1, 1.9, look.count)[:, None, None]
        distance = np.hypot(column - place[0], row - place[1])
        spots += (number > order)[:, None, None] * 0.75 * np.exp(-((distance / radius) ** 2))
    return spots * smoothstep(depth, 0.5, 2.5)


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
