"""Which levels a viewer gets, and where their tiles lie."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tiles.pyramid import box_of_tile, lay_pyramid
from healnet.slide.properties import Level, SlideProperties


def properties_of(
    width: int, height: int, downsamples: tuple[int, ...], *, passes_tiles: bool = True
) -> SlideProperties:
    levels = tuple(
        Level(
            width=max(width // factor, 1),
            height=max(height // factor, 1),
            downsample=float(factor),
            tile_width=240,
            tile_height=240,
        )
        for factor in downsamples
    )
    return SlideProperties(
        width=width, height=height, levels=levels, has_exact_tiles=passes_tiles
    )


def test_levels_four_apart_get_one_between() -> None:
    levels = lay_pyramid(properties_of(40_000, 30_000, (1, 4, 16, 64)))

    assert [level.downsample for level in levels[:7]] == [1, 2, 4, 8, 16, 32, 64]
    assert [level.stored for level in levels[:7]] == [0, None, 1, None, 2, None, 3]


def test_levels_two_apart_are_left_alone() -> None:
    levels = lay_pyramid(properties_of(2048, 2048, (1, 2, 4, 8)))

    assert [level.stored for level in levels] == [0, 1, 2, 3]


def test_a_single_level_is_halved_until_it_fits_into_a_view() -> None:
    levels = lay_pyramid(properties_of(2220, 2967, (1,)))

    assert [level.width for level in levels] == [2220, 1110, 555, 278]
    assert max(levels[-1].width, levels[-1].height) <= 512


def test_levels_keep_the_tile_size_of_the_file() -> None:
    stored, made = lay_pyramid(properties_of(1000, 1000, (1,)))[:2]

    assert (stored.tile_width, made.tile_width) == (240, 240)
    assert (made.made_from, made.factor) == (0, 2)


def test_without_tiles_to_pass_on_the_tiles_are_larger() -> None:
    levels = lay_pyramid(properties_of(3000, 3000, (1, 4), passes_tiles=False))

    assert {level.tile_width for level in levels} == {512}
    assert {level.stored for level in levels} == {None}


def test_no_made_tile_reads_more_than_16_million_pixels() -> None:
    levels = lay_pyramid(properties_of(200_000, 200_000, (1,)))

    assert max(level.downsample * level.tile_width for level in levels) ** 2 <= 16 * 1024**2


@given(
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    step=st.sampled_from([2, 3, 4, 8]),
    num_levels=st.integers(1, 4),
)
def test_the_tiles_of_every_level_cover_the_slide_once(
    width: int, height: int, step: int, num_levels: int
) -> None:
    downsamples = tuple(step**number for number in range(num_levels))
    properties = properties_of(width, height, downsamples)

    for level in lay_pyramid(properties):
        row = [box_of_tile(level, x, 0, properties=properties) for x in range(level.columns)]
        boxes = [box for box in row if box is not None]
        assert boxes[0].x == 0
        assert all(a.right == b.x for a, b in itertools.pairwise(boxes))
        assert abs(boxes[-1].right - width) <= level.downsample


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (5, 0), (0, 5)])
def test_beside_a_level_there_is_no_tile(place: tuple[int, int]) -> None:
    properties = properties_of(1000, 1000, (1,))
    level = lay_pyramid(properties)[0]

    assert level.tile_size(*place) is None
    assert box_of_tile(level, *place, properties=properties) is None
