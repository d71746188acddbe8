"""Slides for the viewer's tests: pale ground, and one flat square of colour per scored patch.

The squares make the truth visible: whatever the viewer outlines, hides or tints can be compared
with the pixels of the square itself.
"""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

SIDE = 4096
PATCH = 256
GROUND = (236, 222, 232)
SQUARE = (90, 150, 90)
UM_PER_PX = 0.5
# corner (x, y) and score, highest first; the rest of the lattice rises slowly from 0.1
HOT = (
    (1024, 512, 9.0),
    (2560, 768, 7.5),
    (512, 3072, 6.0),
    (3328, 3328, 5.0),
    (2048, 2048, 4.0),
)


def make_site(folder: Path) -> None:
    """Write the slides and the scores of their patches."""
    for case, shift in (("case-a", 0), ("case-b", 256)):
        hot = [(x, y + shift, score) for x, y, score in HOT]
        _write_slide(folder / f"{case}.tiff", _pixels(hot))
        _write_scores(folder / f"{case}.npz", hot)
    pixels = _pixels(list(HOT))
    _write_slide(folder / "broken.tiff", pixels)
    _write_scores(folder / "broken.npz", list(HOT))


def _pixels(hot: list[tuple[int, int, float]]) -> NDArray[np.uint8]:
    pixels = np.full((SIDE, SIDE, 3), GROUND, dtype=np.uint8)
    for x, y, _ in hot:
        pixels[y : y + PATCH, x : x + PATCH] = SQUARE
    return pixels


def _write_slide(path: Path, pixels: NDArray[np.uint8]) -> None:
    per_cm = round(10_000 / UM_PER_PX)
    tifffile.imwrite(
        path,
        pixels,
        tile=(256, 256),
        compression="zlib",
        photometric="rgb",
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
    )


def _write_scores(path: Path, hot: list[tuple[int, int, float]]) -> None:
    cells = np.stack(np.meshgrid(np.arange(14), np.arange(15)), axis=-1).reshape(-1, 2)
    corners = cells * PATCH + np.array([256, 256])
    scores = 0.1 + 0.001 * np.arange(len(corners))
    for x, y, score in hot:
        scores[(corners == (x, y)).all(axis=1)] = score
    np.savez(path, corners=corners, scores=scores)
