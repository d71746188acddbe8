"""Every coordinate conversion of a slide, in one file.

Planes and their prefixes: ``l0_`` level-0 pixels (the frame of everything stored or sent),
``level_`` pixels of one stored level, ``um_`` micrometres from the slide's top-left corner,
``tile`` a cell of the viewer's pyramid, ``patch`` a cell of the encoder's lattice. All boxes
are half-open: a box of width 10 at x = 0 covers the pixels 0 to 9.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from healnet.exceptions import SlideError


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in level-0 pixels.

    Attributes:
        x: Left edge.
        y: Top edge.
        width: Number of columns, at least 1.
        height: Number of rows, at least 1.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        """Refuse an empty rectangle."""
        if self.width < 1 or self.height < 1:
            raise SlideError(
                f"an area of {self.width} x {self.height} pixels is empty", code="SLIDE-BOX"
            )

    @property
    def right(self) -> int:
        """First column past the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row past the box."""
        return self.y + self.height

    def is_inside(self, *, width: int, height: int) -> bool:
        """Return whether the box lies wholly on a slide of this size."""
        return self.x >= 0 and self.y >= 0 and self.right <= width and self.bottom <= height

    def clipped(self, *, width: int, height: int) -> "Box | None":
        """Return the part of the box that lies on a slide of this size, or None."""
        x, y = max(self.x, 0), max(self.y, 0)
        right, bottom = min(self.right, width), min(self.bottom, height)
        if right <= x or bottom <= y:
            return None
        return Box(x=x, y=y, width=right - x, height=bottom - y)


@dataclass(frozen=True, kw_only=True)
class PatchGrid:
    """The one lattice of patches of a slide.

    The stride is kept as a real number, so that the lattice has the same physical step on every
    slide; the top-left corners are rounded to whole level-0 pixels one by one and do not drift.

    Attributes:
        origin_x: Level-0 column of the first patch.
        origin_y: Level-0 row of the first patch.
        stride_l0: Step between patches, level-0 pixels.
        patch_size_l0: Side of a patch, level-0 pixels.
        columns: Number of lattice columns.
        rows: Number of lattice rows.
    """

    origin_x: int = 0
    origin_y: int = 0
    stride_l0: float
    patch_size_l0: int
    columns: int
    rows: int

    def __post_init__(self) -> None:
        """Refuse a lattice in which a patch cannot be found again from its corner."""
        if not math.isfinite(self.stride_l0) or self.stride_l0 < 2:  # noqa: PLR2004
            raise SlideError(
                f"a patch step of {self.stride_l0} level-0 pixels is too small; 2 is the least",
                code="SLIDE-GRID",
            )
        if self.patch_size_l0 < 1 or self.columns < 1 or self.rows < 1:
            raise SlideError("a patch grid needs at least one patch", code="SLIDE-GRID")

    def top_left(self, cells: Int64[ndarray, "n 2"]) -> Int64[ndarray, "n 2"]:
        """Return level-0 corners (x, y) of lattice cells (column, row)."""
        origin = np.array([self.origin_x, self.origin_y], dtype=np.int64)
        steps = np.floor(cells * self.stride_l0 + 0.5).astype(np.int64)
        corners: Int64[ndarray, "n 2"] = origin + steps
        return corners

    def cells(self, corners: Int64[ndarray, "n 2"]) -> Int64[ndarray, "n 2"]:
        """Return lattice cells (column, row) whose corners lie nearest to level-0 points."""
        origin = np.array([self.origin_x, self.origin_y], dtype=np.int64)
        cells = np.floor((corners - origin) / self.stride_l0 + 0.5)
        whole: Int64[ndarray, "n 2"] = cells.astype(np.int64)
        return whole

    def index(self, cells: Int64[ndarray, "n 2"]) -> Int64[ndarray, " n"]:
        """Return row-major lattice indices of cells (column, row)."""
        index: Int64[ndarray, " n"] = cells[:, 1] * self.columns + cells[:, 0]
        return index

    def cells_of_index(self, index: Int64[ndarray, " n"]) -> Int64[ndarray, "n 2"]:
        """Return cells (column, row) of row-major lattice indices."""
        return np.stack([index % self.columns, index // self.columns], axis=1)

    def box(self, *, column: int, row: int) -> Box:
        """Return the level-0 box of one cell."""
        corner = self.top_left(np.array([[column, row]], dtype=np.int64))[0]
        size = self.patch_size_l0
        return Box(x=int(corner[0]), y=int(corner[1]), width=size, height=size)

    def to_dict(self) -> dict[str, int | float]:
        """Return the fields as plain numbers."""
        return {
            "origin_x": self.origin_x,
            "origin_y": self.origin_y,
            "stride_l0": self.stride_l0,
            "patch_size_l0": self.patch_size_l0,
            "columns": self.columns,
            "rows": self.rows,
        }


def grid_over(
    *, width: int, height: int, slide_mpp: float, mpp: float, patch_px: int
) -> PatchGrid:
    """Return the lattice of whole patches that fit on a slide, from its top-left corner.

    Args:
        width: Level-0 columns.
        height: Level-0 rows.
        slide_mpp: Micrometres per level-0 pixel.
        mpp: Micrometres per pixel of the patch as the encoder sees it.
        patch_px: Side of the patch as the encoder sees it, pixels.

    Raises:
        SlideError: ``SLIDE-TOO-SMALL`` if not even one patch fits.
    """
    stride = patch_px * mpp / slide_mpp
    size = max(round(stride), 1)
    if size > width or size > height or stride < 2:  # noqa: PLR2004
        raise SlideError(
            f"the slide has {width} x {height} pixels; one patch covers {size} x {size}",
            code="SLIDE-TOO-SMALL",
            why=f"not one whole patch ({patch_px} px at {mpp:g} um/px) fits",
            fix="open a larger scan, or choose a smaller patch",
        )
    columns = math.floor((width - size + 0.5) / stride) + 1
    rows = math.floor((height - size + 0.5) / stride) + 1
    grid = PatchGrid(stride_l0=stride, patch_size_l0=size, columns=columns, rows=rows)
    last = grid.box(column=columns - 1, row=rows - 1)
    return PatchGrid(
        stride_l0=stride,
        patch_size_l0=size,
        columns=columns - (last.right > width),
        rows=rows - (last.bottom > height),
    )


def grid_through(corners: Int64[ndarray, "n 2"], *, size_l0: int) -> PatchGrid | None:
    """Return the lattice that all these patch corners lie on, or None if there is none.

    Args:
        corners: Top-left corners (x, y), level-0 pixels.
        size_l0: Side of a patch, level-0 pixels.
    """
    steps = [np.diff(np.unique(corners[:, axis])) for axis in (0, 1)]
    smallest = [int(step.min()) for step in steps if len(step)]
    stride = min(smallest, default=size_l0)
    if stride < 2:  # noqa: PLR2004
        return None
    origin = corners.min(axis=0)
    columns, rows = ((corners.max(axis=0) - origin) / stride).round().astype(int) + 1
    grid = PatchGrid(
        origin_x=int(origin[0]),
        origin_y=int(origin[1]),
        stride_l0=float(stride),
        patch_size_l0=size_l0,
        columns=int(columns),
        rows=int(rows),
    )
    is_on_it = (grid.top_left(grid.cells(corners)) == corners).all()
    return grid if is_on_it else None


def level_for(downsamples: tuple[float, ...], wanted: float) -> int:
    """Return the coarsest stored level that is still at least as fine as ``wanted``.

    Args:
        downsamples: Level-0 pixels per pixel of each level, rising.
        wanted: Level-0 pixels per pixel that the caller needs.
    """
    slack = 1.001  # scanners round the size of their levels
    fine_enough = [i for i, value in enumerate(downsamples) if value <= wanted * slack]
    return fine_enough[-1] if fine_enough else 0


def l0_to_um(
    corners: Int64[ndarray, "n 2"], *, mpp: float, size_l0: int = 0
) -> Float[ndarray, "n 2"]:
    """Return micrometres (x, y) of the centres of squares with these level-0 corners."""
    return (corners.astype(np.float64) + size_l0 / 2) * mpp


def tile_box(
    *, column: int, row: int, tile_px: int, downsample: float, width: int, height: int
) -> Box | None:
    """Return the level-0 box under a tile of the viewer, clipped to the slide.

    Args:
        column: Tile column.
        row: Tile row.
        tile_px: Side of a tile, pixels of its level.
        downsample: Level-0 pixels per pixel of that level.
        width: Level-0 columns of the slide.
        height: Level-0 rows of the slide.

    Returns:
        The box, or None where the tile lies off the slide.
    """
    if column < 0 or row < 0:
        return None
    left, top = round(column * tile_px * downsample), round(row * tile_px * downsample)
    right = round((column + 1) * tile_px * downsample)
    bottom = round((row + 1) * tile_px * downsample)
    whole = Box(x=left, y=top, width=max(right - left, 1), height=max(bottom - top, 1))
    return whole.clipped(width=width, height=height)
