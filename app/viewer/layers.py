"""From patches with scores to the arrays that the viewer draws.

A page has corners and one score a patch; the viewer wants a lattice. Corners from our own
encoding lie on one lattice. Foreign feature files restart theirs for every piece of tissue;
then the lattice here is finer than a patch, and each patch covers several cells.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.viewer.messages import MapGrid, PatchTable
from healnet.exceptions import ShapeError

MAX_CELLS = 4_000_000
_FINEST = 8  # cells per patch side, where corners do not share a lattice
_SLACK = 1.01  # two corners, each rounded to whole pixels, may be this far off their step


@dataclass(frozen=True, kw_only=True)
class PatchLattice:
    """The cells of the viewer's lattice and the patch in each.

    Attributes:
        grid: Where the cells lie.
        patch_of_cell: Patch number by (row, column), -1 = none.
        corners: Top-left corners of the patches, level-0 pixels, (n, 2).
    """

    grid: MapGrid
    patch_of_cell: NDArray[np.int64]
    corners: NDArray[np.int64]

    def spread(self, scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return scores by (row, column), NaN where there is no patch.

        Args:
            scores: One a patch; NaN = not known (yet).
        """
        if scores.shape != (len(self.corners),):
            raise ShapeError(
                f"{scores.shape} scores for {len(self.corners)} patches", code="MAP-SHAPE"
            )
        padded = np.append(np.asarray(scores, dtype=np.float32), np.float32(np.nan))
        return padded[self.patch_of_cell]

    def table(self, publish: Callable[[NDArray[np.floating]], str]) -> PatchTable:
        """Publish corners and numbers.

        Args:
            publish: Keeps an array and returns its address.
        """
        numbers = np.where(self.patch_of_cell < 0, np.nan, self.patch_of_cell)
        return PatchTable(
            corners_url=publish(self.corners.astype(np.float32)),
            cells_url=publish(numbers.astype(np.float32)),
            count=len(self.corners),
        )


def lay_lattice(
    corners: NDArray[np.integer], *, patch_size: float, stride: float | None = None
) -> PatchLattice:
    """Return the lattice of some patches.

    Args:
        corners: Top-left corners, level-0 pixels, (n, 2).
        patch_size: Side of a patch, level-0 pixels.
        stride: Step of the lattice that the corners were laid on, if it is known.

    Raises:
        ShapeError: Without patches, or if the lattice would have too many cells.
    """
    places = np.asarray(corners, dtype=np.int64)
    if places.ndim != 2 or places.shape[1] != 2 or not len(places):  # noqa: PLR2004
        raise ShapeError(f"corners of shape {places.shape}: (n, 2) expected", code="MAP-SHAPE")
    first = places.min(axis=0)
    step = stride or _common_step(places, patch_size)
    cells = (places - first) / step
    nearest = np.rint(cells).astype(np.int64)
    if np.abs(cells - nearest).max() * step <= _SLACK and step >= patch_size / 2:
        return _one_cell_each(places, first, nearest, step=step, patch_size=patch_size)
    return _several_cells_each(places, first, patch_size=patch_size)


def _common_step(places: NDArray[np.int64], patch_size: float) -> float:
    """The smallest step between neighbouring columns or rows that is no rounding."""
    steps = np.concatenate([np.diff(np.unique(places[:, axis])) for axis in (0, 1)])
    steps = steps[steps > 1]
    if not len(steps):
        return float(patch_size)
    similar = steps[steps < steps.min() + 1.5]  # a step of 372.6 shows as 372 and 373
    spans = np.ptp(places, axis=0)
    return float(spans.sum() / np.rint(spans / similar.mean()).sum())


def _one_cell_each(
    places: NDArray[np.int64],
    first: NDArray[np.int64],
    nearest: NDArray[np.int64],
    *,
    step: float,
    patch_size: float,
) -> PatchLattice:
    columns, rows = (int(side) + 1 for side in nearest.max(axis=0))
    inset = (patch_size - step) / 2  # overlapping patches: the cell is the middle of the patch
    grid = _grid(first + inset, step, columns, rows, patch_size)
    cells = np.full((rows, columns), -1, dtype=np.int64)
    cells[nearest[:, 1], nearest[:, 0]] = np.arange(len(places))
    return PatchLattice(grid=grid, patch_of_cell=cells, corners=places)


def _several_cells_each(
    places: NDArray[np.int64], first: NDArray[np.int64], *, patch_size: float
) -> PatchLattice:
    step = patch_size / _FINEST
    start = np.rint((places - first) / step).astype(np.int64)
    columns, rows = (int(side) + _FINEST for side in start.max(axis=0))
    grid = _grid(first.astype(np.float64), step, columns, rows, patch_size)
    cells = np.full((rows, columns), -1, dtype=np.int64)
    nearest = np.full((rows, columns), np.inf)
    numbers = np.arange(len(places))
    middle = (_FINEST - 1) / 2
    for row in range(_FINEST):
        for column in range(_FINEST):
            distance = (row - middle) ** 2 + (column - middle) ** 2
            at = (start[:, 1] + row, start[:, 0] + column)
            wins = distance < nearest[at]
            cells[at] = np.where(wins, numbers, cells[at])
            nearest[at] = np.where(wins, distance, nearest[at])
    return PatchLattice(grid=grid, patch_of_cell=cells, corners=places)


def _grid(
    origin: NDArray[np.floating], step: float, columns: int, rows: int, patch_size: float
) -> MapGrid:
    if columns * rows > MAX_CELLS:
        raise ShapeError(
            f"a map of {rows} x {columns} cells is too large to show",
            code="MAP-SIZE",
            fix="analyse the slide with larger patches",
        )
    return MapGrid(
        origin_x=float(origin[0]),
        origin_y=float(origin[1]),
        stride=step,
        columns=columns,
        rows=rows,
        patch_size=patch_size,
    )
