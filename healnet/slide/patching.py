"""Which patches of a slide are encoded: one lattice, kept where there is tissue."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from healnet.exceptions import Notice, SlideError
from healnet.slide.geometry import PatchGrid, grid_over
from healnet.slide.properties import MPP_RANGE, SlideProperties, is_plausible_mpp
from healnet.slide.tissue import TissueMask

_COARSEST = 1.5  # times the wanted um per pixel; beyond that, detail would be invented
_UNNOTICED = 1.05
MAX_PATCHES = 1_000_000
_MAX_CELLS = 10 * MAX_PATCHES  # most of a slide is glass
_MOSTLY = 0.5
_LATTICES = (8, 4, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchCoords:
    """The patches of a slide that hold tissue.

    Attributes:
        xy: Top-left corners, level-0 pixels, in reading order.
        grid: The lattice they lie on.
        patch_px: Side of a patch as the encoder sees it, pixels.
        mpp: Micrometres per pixel as the encoder sees it.
        num_candidates: Patches with enough tissue, before any cap.
        min_tissue: Least share of a patch that is tissue.
        notices: Says so if patches were left out by a cap.
    """

    xy: Int64[ndarray, "n 2"]
    grid: PatchGrid
    patch_px: int
    mpp: float
    num_candidates: int
    min_tissue: float
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        """Return the number of patches."""
        return len(self.xy)

    @property
    def patch_size_l0(self) -> int:
        """Side of a patch, level-0 pixels."""
        return self.grid.patch_size_l0


def check_resolution(properties: SlideProperties, mpp: float) -> tuple[Notice, ...]:
    """Return warnings about reading a slide at a wanted resolution.

    Args:
        properties: The slide.
        mpp: Wanted micrometres per pixel.

    Raises:
        SlideError: ``SLIDE-MPP-MISSING`` or ``SLIDE-MPP-ABSURD`` if the slide's pixel size has
            to be given by the user; ``SLIDE-COARSE`` if the slide lacks the detail.
    """
    if properties.mpp is None:
        raise _no_pixel_size(properties.mpp_declared)
    ratio = properties.mpp / mpp
    if ratio > _COARSEST:
        raise SlideError(
            f"the slide has {properties.mpp:g} um per pixel; {mpp:g} um or finer is needed",
            code="SLIDE-COARSE",
            why=f"detail finer than {properties.mpp:g} um would have to be invented",
            fix="open a scan at higher magnification (20x is about 0.5 um per pixel)",
        )
    if ratio <= _UNNOTICED:
        return ()
    notice = Notice(
        code="SLIDE-UPSAMPLED",
        what=f"the slide has {properties.mpp:g} um per pixel; patches are read at {mpp:g} um",
        why="they are enlarged, so they look softer than those the encoder was made for",
        fix="use a scan at higher magnification if there is one",
    )
    return (notice,)


def lay_grid(  # noqa: PLR0913  (each is a choice of the user)
    properties: SlideProperties,
    tissue: TissueMask,
    *,
    mpp: float = 0.5,
    patch_px: int = 256,
    min_tissue: float = 0.25,
    max_patches: int | None = None,
    seed: int = 0,
    min_patches: int = 1,
) -> PatchCoords:
    """Return the patches of a slide that hold enough tissue.

    Args:
        properties: The slide; its pixel size must be known.
        tissue: Where its tissue is.
        mpp: Micrometres per pixel as the encoder sees it.
        patch_px: Side of a patch as the encoder sees it, pixels.
        min_tissue: Least share of a patch that must be tissue.
        max_patches: More than that are thinned out by a seeded draw; None for no cap.
        seed: Of that draw.
        min_patches: Fewer than that are refused.

    Raises:
        SlideError: ``SLIDE-TOO-SMALL``, ``SLIDE-NO-TISSUE`` or ``SLIDE-TOO-MANY``; also as
            :func:`check_resolution`.
    """
    if properties.mpp is None:
        raise _no_pixel_size(properties.mpp_declared)
    grid = grid_over(
        width=properties.width,
        height=properties.height,
        slide_mpp=properties.mpp,
        mpp=mpp,
        patch_px=patch_px,
    )
    _check_lattice(grid)
    cells = np.stack(np.meshgrid(np.arange(grid.columns), np.arange(grid.rows)), axis=-1)
    corners = grid.top_left(cells.reshape(-1, 2).astype(np.int64))
    kept = corners[tissue_share(tissue, corners, grid.patch_size_l0) >= min_tissue]
    _check_count(len(kept), tissue, min_patches)
    chosen, notices = _capped(kept, max_patches, seed)
    return PatchCoords(
        xy=chosen,
        grid=grid,
        patch_px=patch_px,
        mpp=mpp,
        num_candidates=len(kept),
        min_tissue=min_tissue,
        notices=notices,
    )


def coarse_to_fine(coords: PatchCoords) -> Int64[ndarray, " n"]:
    """Return an order of patches that covers the slide coarsely first, then ever more finely.

    Cells whose column and row are multiples of 8 come first, then of 4, 2 and 1, so that a map
    of a few per cent of the patches already shows the whole slide.
    """
    cells = coords.grid.cells(coords.xy)
    stage = np.full(len(cells), len(_LATTICES))
    for index, step in reversed(list(enumerate(_LATTICES))):
        stage[(cells % step == 0).all(axis=1)] = index
    order: Int64[ndarray, " n"] = np.lexsort((coords.grid.index(cells), stage))
    return order


def tissue_share(
    tissue: TissueMask, corners: Int64[ndarray, "n 2"], size_l0: int
) -> Float[ndarray, " n"]:
    """Return which share of each square is tissue, 0 to 1.

    Args:
        tissue: The mask.
        corners: Top-left corners, level-0 pixels.
        size_l0: Side of the squares, level-0 pixels.
    """
    total = np.pad(
        tissue.mask.cumsum(axis=0).cumsum(axis=1).astype(np.float64), ((1, 0), (1, 0))
    )
    left, top = corners[:, 0] / tissue.scale_x, corners[:, 1] / tissue.scale_y
    right = (corners[:, 0] + size_l0) / tissue.scale_x
    bottom = (corners[:, 1] + size_l0) / tissue.scale_y
    inside = (
        _sum_to(total, right, bottom)
        - _sum_to(total, left, bottom)
        - _sum_to(total, right, top)
        + _sum_to(total, left, top)
    )
    share: Float[ndarray, " n"] = inside / ((right - left) * (bottom - top))
    return share


def _sum_to(
    total: Float[ndarray, "h w"], x: Float[ndarray, " n"], y: Float[ndarray, " n"]
) -> Float[ndarray, " n"]:
    """Return the tissue area left of x and above y, mask pixels, exact between pixels too."""
    column = np.clip(x.astype(np.int64), 0, total.shape[1] - 2)
    row = np.clip(y.astype(np.int64), 0, total.shape[0] - 2)
    part_x, part_y = np.clip(x - column, 0, 1), np.clip(y - row, 0, 1)
    upper = total[row, column] * (1 - part_x) + total[row, column + 1] * part_x
    lower = total[row + 1, column] * (1 - part_x) + total[row + 1, column + 1] * part_x
    area: Float[ndarray, " n"] = upper * (1 - part_y) + lower * part_y
    return area


def _capped(
    corners: Int64[ndarray, "n 2"], max_patches: int | None, seed: int
) -> tuple[Int64[ndarray, "m 2"], tuple[Notice, ...]]:
    count = len(corners)
    if max_patches is None or count <= max_patches:
        return corners, ()
    drawn = np.random.default_rng(seed).choice(count, size=max_patches, replace=False)
    notice = Notice(
        code="SLIDE-CAPPED",
        what=f"{max_patches:,} of {count:,} tissue patches are used, drawn with seed {seed}",
        why="small regions can be missed, and the map has gaps",
        fix="raise the largest number of patches",
    )
    return corners[np.sort(drawn)], (notice,)


def _check_lattice(grid: PatchGrid) -> None:
    """Refuse a lattice that would fill the memory before a single patch was looked at."""
    count = grid.columns * grid.rows
    if count > _MAX_CELLS:
        raise _too_many(f"{count:,} places for patches, limit {_MAX_CELLS:,}")


def _too_many(what: str) -> SlideError:
    return SlideError(
        what,
        code="SLIDE-TOO-MANY",
        why="the features would not fit in memory",
        fix="use a larger patch, a coarser resolution, or a cap",
    )


def _check_count(count: int, tissue: TissueMask, min_patches: int) -> None:
    if count > MAX_PATCHES:
        raise _too_many(f"{count:,} patches, limit {MAX_PATCHES:,}")
    if count >= max(min_patches, 1):
        return
    if count == 0:
        what = "no tissue found" + _instead(tissue)
    else:
        what = f"only {count} tissue patches found; at least {min_patches} needed"
    raise SlideError(
        what,
        code="SLIDE-NO-TISSUE",
        why="no risk can be read from glass",
        fix="look at the tissue mask; choose another slide, or a lower tissue share per patch",
    )


def _instead(tissue: TissueMask) -> str:
    shares = tissue.excluded_shares
    if shares.get("border", 0) > _MOSTLY:
        return ": the slide is black"
    if shares.get("pen", 0) > _MOSTLY:
        return ": the slide is covered by pen marks"
    return ""


def _no_pixel_size(declared: float | None) -> SlideError:
    fix = "enter um per pixel or the scan magnification; results will be marked"
    why = "patches must have the same physical size on every slide"
    if declared is None:
        what = "this file does not state its pixel size"
        return SlideError(what, code="SLIDE-MPP-MISSING", why=why, fix=fix)
    hint = ""
    if is_plausible_mpp(declared * 1e6):
        hint = f"; did you mean {declared * 1e6:g} um (value in metres)?"
    what = f"the file states {declared:.7g} um per pixel, which is impossible{hint}"
    why = f"slides have {MPP_RANGE[0]:g} to {MPP_RANGE[1]:g} um per pixel"
    return SlideError(what, code="SLIDE-MPP-ABSURD", why=why, fix=fix)
