"""The levels that a viewer asks for: the stored ones, and halvings where the file has gaps.

Level 0 is the finest. A level that the file stores keeps the file's own tile size, so that its
JPEG tiles can be passed on undecoded. Scanners store every fourth level or only one; a viewer
would then fetch sixteen times the pixels it shows, so the halvings between are made on request.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from healnet.slide.geometry import Box, tile_box
from healnet.slide.properties import SlideProperties

PLAIN_TILE_PX = 512  # where every tile is made, fewer requests win
SMALLEST_PX = 512  # halve until a level fits into this
REDUCTIONS = (2, 4, 8, 16)  # a made tile reads (16 x its side)^2 stored pixels at most
_GAP = 2.9  # stored levels further apart than this get a level between
_TILE_RANGE = range(128, 1025)


@dataclass(frozen=True, kw_only=True)
class TileLevel:
    """One level of the viewer.

    Attributes:
        width: Columns of pixels.
        height: Rows of pixels.
        tile_width: Columns of a tile.
        tile_height: Rows of a tile.
        downsample: Level-0 pixels per pixel.
        stored: Number of the stored level whose tiles these are; None if they are made.
        made_from: Number of the stored level that a made one reduces.
        factor: How many pixels of that level become one, per axis.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    downsample: float
    stored: int | None = None
    made_from: int | None = None
    factor: int = 1

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_width)

    @property
    def rows(self) -> int:
        """Tiles in a column."""
        return -(-self.height // self.tile_height)

    def tile_size(self, column: int, row: int) -> tuple[int, int] | None:
        """Return width and height of a tile, or None where the level has none."""
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        width = min(self.tile_width, self.width - column * self.tile_width)
        height = min(self.tile_height, self.height - row * self.tile_height)
        return width, height


def lay_pyramid(properties: SlideProperties) -> tuple[TileLevel, ...]:
    """Return the levels of a slide for its viewer, finest first."""
    passes_tiles = properties.has_exact_tiles or properties.is_mislabelled_rgb
    levels: list[TileLevel] = []
    downsamples = (*properties.downsamples, None)
    for number, (_, following) in enumerate(itertools.pairwise(downsamples)):
        stored = _stored_level(properties, number, passes_tiles=passes_tiles)
        levels.append(stored)
        levels.extend(_halvings(stored, number, following))
    return tuple(levels)


def box_of_tile(
    level: TileLevel, column: int, row: int, *, properties: SlideProperties
) -> Box | None:
    """Return the level-0 box under a tile, or None where the level has none."""
    if level.tile_size(column, row) is None:
        return None
    return tile_box(
        column=column,
        row=row,
        tile_px=level.tile_width,
        downsample=level.downsample,
        width=properties.width,
        height=properties.height,
    )


def _stored_level(properties: SlideProperties, number: int, *, passes_tiles: bool) -> TileLevel:
    level = properties.levels[number]
    is_square = level.tile_width == level.tile_height and level.tile_width in _TILE_RANGE
    size = level.tile_width if is_square and passes_tiles else PLAIN_TILE_PX
    return TileLevel(
        width=level.width,
        height=level.height,
        tile_width=size,
        tile_height=size,
        downsample=level.downsample,
        stored=number if is_square and passes_tiles else None,
    )


def _halvings(stored: TileLevel, number: int, following: float | None) -> Iterator[TileLevel]:
    """Yield made levels between two stored ones, or below the last one."""
    for factor in REDUCTIONS:
        downsample = stored.downsample * factor
        width, height = -(-stored.width // factor), -(-stored.height // factor)
        if following is not None and downsample * _GAP / 2 > following:
            return
        if following is None and max(width, height) * 2 <= SMALLEST_PX:
            return
        yield replace(
            stored,
            width=width,
            height=height,
            downsample=downsample,
            stored=None,
            made_from=number,
            factor=factor,
        )
