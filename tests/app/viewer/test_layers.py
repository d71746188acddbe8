"""From patches to the lattice that the viewer draws: every patch keeps its place and score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.viewer.layers import PatchLattice, lay_lattice
from healnet.exceptions import ShapeError


def cell_at(lattice: PatchLattice, x: float, y: float) -> int:
    """The patch that the viewer finds at a level-0 point (lattice.ts, patchAt)."""
    grid = lattice.grid
    column = int(np.floor((x - grid.origin_x) / grid.stride))
    row = int(np.floor((y - grid.origin_y) / grid.stride))
    if not (0 <= column < grid.columns and 0 <= row < grid.rows):
        return -1
    return int(lattice.patch_of_cell[row, column])


def scattered(
    seed: int, num_patches: int, stride: float, offset: tuple[int, int]
) -> NDArray[np.int64]:
    """Corners on one lattice of a real stride, rounded one by one, in random order."""
    generator = np.random.default_rng(seed)
    cells = generator.choice(40 * 30, size=num_patches, replace=False)
    places = np.stack([cells % 40, cells // 40], axis=1)
    return np.floor(places * stride + 0.5).astype(np.int64) + np.array(offset)


@given(
    seed=st.integers(0, 2**16),
    num_patches=st.integers(1, 300),
    stride=st.floats(20, 600),
    offset=st.tuples(st.integers(0, 5000), st.integers(0, 5000)),
)
def test_the_middle_of_every_patch_finds_that_patch(
    seed: int, num_patches: int, stride: float, offset: tuple[int, int]
) -> None:
    corners = scattered(seed, num_patches, stride, offset)
    size = round(stride)

    lattice = lay_lattice(corners, patch_size=size, stride=stride)

    found = [cell_at(lattice, x + size / 2, y + size / 2) for x, y in corners]
    assert found == list(range(num_patches))
    assert (lattice.patch_of_cell >= 0).sum() == num_patches


@given(seed=st.integers(0, 2**16), stride=st.floats(64, 600))
def test_a_lattice_of_unknown_stride_is_found_from_the_corners(
    seed: int, stride: float
) -> None:
    corners = scattered(seed, 200, stride, (17, 4))
    size = round(stride)

    lattice = lay_lattice(corners, patch_size=size)

    found = [cell_at(lattice, x + size / 2, y + size / 2) for x, y in corners]
    assert found == list(range(200))


@given(seed=st.integers(0, 2**16), num_pieces=st.integers(2, 5))
def test_pieces_of_tissue_with_lattices_of_their_own_keep_their_places(
    seed: int, num_pieces: int
) -> None:
    generator = np.random.default_rng(seed)
    cells = np.stack(np.meshgrid(np.arange(3), np.arange(3)), axis=-1).reshape(-1, 2)
    pieces = [
        cells * 256 + np.array([2000 * piece, 0]) + generator.integers(0, 256, size=2)
        for piece in range(num_pieces)
    ]
    corners = np.concatenate(pieces)

    lattice = lay_lattice(corners, patch_size=256)

    for patch, (x, y) in enumerate(corners):
        assert cell_at(lattice, x + 128, y + 128) == patch
        # within a sixteenth of a patch, no cell reaches past its patch
        rows, columns = np.nonzero(lattice.patch_of_cell == patch)
        left = lattice.grid.origin_x + columns.min() * lattice.grid.stride
        top = lattice.grid.origin_y + rows.min() * lattice.grid.stride
        assert abs(left - x) <= 17 or columns.size < 64
        assert abs(top - y) <= 17 or rows.size < 64


def test_overlapping_patches_get_the_cell_in_their_middle() -> None:
    corners = np.array([[0, 0], [128, 0], [256, 0]])

    lattice = lay_lattice(corners, patch_size=256)

    assert lattice.grid.stride == 128
    assert lattice.grid.origin_x == 64
    assert [cell_at(lattice, x + 128, 128) for x, _ in corners] == [0, 1, 2]


def test_scores_are_spread_to_their_cells_and_nowhere_else() -> None:
    lattice = lay_lattice(np.array([[0, 0], [512, 256]]), patch_size=256)

    spread = lattice.spread(np.array([1.5, 2.5]))

    assert spread.dtype == np.float32
    np.testing.assert_array_equal(spread, [[1.5, np.nan, np.nan], [np.nan, np.nan, 2.5]])


def test_the_table_of_patches_numbers_cells_as_the_exported_files_do() -> None:
    kept: dict[str, NDArray[np.floating]] = {}
    lattice = lay_lattice(np.array([[256, 0], [0, 0]]), patch_size=256)

    def publish(values: NDArray[np.floating]) -> str:
        kept[name := f"maps/{len(kept)}"] = values
        return name

    table = lattice.table(publish)

    assert table.count == 2
    np.testing.assert_array_equal(kept[table.cells_url], [[1, 0]])
    np.testing.assert_array_equal(kept[table.corners_url], [[256, 0], [0, 0]])


@pytest.mark.parametrize("corners", [np.empty((0, 2), int), np.zeros((3, 3), int)])
def test_corners_that_are_none_are_refused(corners: NDArray[np.int64]) -> None:
    with pytest.raises(ShapeError, match="MAP-SHAPE"):
        lay_lattice(corners, patch_size=256)


def test_scores_of_other_patches_are_refused() -> None:
    lattice = lay_lattice(np.array([[0, 0], [256, 0]]), patch_size=256)

    with pytest.raises(ShapeError, match="MAP-SHAPE"):
        lattice.spread(np.zeros(3))


def test_a_lattice_too_large_to_show_is_refused_by_name() -> None:
    corners = np.array([[0, 0], [256, 0], [0, 256], [400_000, 390_001]])

    with pytest.raises(ShapeError, match="MAP-SIZE"):
        lay_lattice(corners, patch_size=16)
