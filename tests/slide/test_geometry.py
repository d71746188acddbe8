"""Coordinates survive every round trip."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.exceptions import SlideError
from healnet.slide.geometry import (
    Box,
    PatchGrid,
    grid_over,
    grid_through,
    l0_to_um,
    level_for,
    tile_box,
)

mpps = st.floats(0.1, 2.0)
sides = st.integers(300, 100_000)


@given(width=sides, height=sides, slide_mpp=mpps, patch_px=st.sampled_from([224, 256, 512]))
def test_the_lattice_covers_the_slide_with_whole_patches(
    width: int, height: int, slide_mpp: float, patch_px: int
) -> None:
    size = round(patch_px * 0.5 / slide_mpp)
    if size > min(width, height):
        with pytest.raises(SlideError, match="SLIDE-TOO-SMALL"):
            grid_over(
                width=width, height=height, slide_mpp=slide_mpp, mpp=0.5, patch_px=patch_px
            )
        return

    grid = grid_over(
        width=width, height=height, slide_mpp=slide_mpp, mpp=0.5, patch_px=patch_px
    )

    last = grid.box(column=grid.columns - 1, row=grid.rows - 1)
    assert last.is_inside(width=width, height=height)
    assert last.right + grid.stride_l0 + 1 > width
    assert last.bottom + grid.stride_l0 + 1 > height


@given(
    stride=st.floats(2.0, 3_000.0),
    origin=st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)),
    columns=st.integers(1, 400),
    seed=st.integers(0, 2**16),
)
def test_a_patch_is_found_again_from_its_corner(
    stride: float, origin: tuple[int, int], columns: int, seed: int
) -> None:
    grid = PatchGrid(
        origin_x=origin[0],
        origin_y=origin[1],
        stride_l0=stride,
        patch_size_l0=max(round(stride), 1),
        columns=columns,
        rows=300,
    )
    generator = np.random.default_rng(seed)
    cells = np.stack([generator.integers(0, columns, 50), generator.integers(0, 300, 50)], 1)

    again = grid.cells(grid.top_left(cells))

    np.testing.assert_array_equal(again, cells)
    np.testing.assert_array_equal(grid.cells_of_index(grid.index(cells)), cells)


def test_corners_do_not_drift_from_their_physical_place() -> None:
    grid = PatchGrid(stride_l0=100.4, patch_size_l0=100, columns=1001, rows=1)

    corner = grid.top_left(np.array([[1000, 0]]))

    assert corner[0].tolist() == [100_400, 0]  # 1000 steps of 100 would end at 100,000


def test_centres_lie_half_a_patch_from_the_corner() -> None:
    centres = l0_to_um(np.array([[100, 200]], dtype=np.int64), mpp=0.5, size_l0=256)

    assert centres.tolist() == [[(100 + 128) * 0.5, (200 + 128) * 0.5]]


@given(
    width=st.integers(1, 5_000),
    height=st.integers(1, 5_000),
    downsample=st.sampled_from([1.0, 2.0, 4.0, 16.0, 2.0001, 4.0133]),
)
def test_tiles_cover_a_level_without_gap_or_overlap(
    width: int, height: int, downsample: float
) -> None:
    columns = int(np.ceil(width / downsample / 256)) + 1

    boxes = [
        tile_box(
            column=column, row=0, tile_px=256, downsample=downsample, width=width, height=height
        )
        for column in range(columns)
    ]

    found = [box for box in boxes if box is not None]
    assert found[0].x == 0
    assert found[-1].right == width
    assert all(left.right == right.x for left, right in pairwise(found))


@pytest.mark.parametrize(("column", "row"), [(-1, 0), (0, -1), (4, 0), (0, 4)])
def test_there_is_no_tile_off_the_slide(column: int, row: int) -> None:
    box = tile_box(column=column, row=row, tile_px=256, downsample=1.0, width=1024, height=1024)

    assert box is None


@pytest.mark.parametrize(
    ("wanted", "level"), [(0.5, 0), (1.0, 0), (1.99, 0), (2.0, 1), (3.999, 2), (100.0, 3)]
)
def test_reads_from_the_coarsest_level_that_is_fine_enough(wanted: float, level: int) -> None:
    assert level_for((1.0, 2.0001, 4.0, 16.0), wanted) == level


def test_finds_the_lattice_of_foreign_coordinates() -> None:
    corners = np.array([[512, 1024], [1024, 1024], [2048, 3072]], dtype=np.int64)

    grid = grid_through(corners, size_l0=512)

    assert grid is not None
    assert (grid.origin_x, grid.origin_y, grid.columns, grid.rows) == (512, 1024, 4, 5)
    np.testing.assert_array_equal(grid.top_left(grid.cells(corners)), corners)


def test_finds_no_lattice_where_there_is_none() -> None:
    corners = np.array([[0, 0], [100, 0], [233, 7]], dtype=np.int64)

    assert grid_through(corners, size_l0=50) is None


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_an_empty_box_is_refused(width: int, height: int) -> None:
    with pytest.raises(SlideError, match="SLIDE-BOX"):
        Box(x=0, y=0, width=width, height=height)


@pytest.mark.parametrize("stride", [0.0, 1.9, float("nan"), float("inf")])
def test_a_lattice_that_cannot_be_read_back_is_refused(stride: float) -> None:
    with pytest.raises(SlideError, match="SLIDE-GRID"):
        PatchGrid(stride_l0=stride, patch_size_l0=1, columns=1, rows=1)
