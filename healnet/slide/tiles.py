"""Tiles for the viewer: a stored one where it fits, else one made for the purpose.

Levels of the viewer are the stored levels, under the same numbers, and after them levels made
by halving the coarsest one until it fits into one tile.
"""

import io

from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.geometry import tile_box
from healnet.slide.properties import Level, SlideProperties
from healnet.slide.reader import Slide

_QUALITY = 85


def viewer_levels(properties: SlideProperties, *, tile_px: int = 256) -> tuple[Level, ...]:
    """Return the levels that the viewer can ask for, stored ones first, then coarser ones."""
    levels = list(properties.levels)
    while max(levels[-1].width, levels[-1].height) > tile_px:
        last = levels[-1]
        levels.append(
            Level(
                width=max(-(-last.width // 2), 1),
                height=max(-(-last.height // 2), 1),
                downsample=last.downsample * 2,
            )
        )
    return tuple(levels)


def stored_tile(
    slide: Slide, level: int, column: int, row: int, *, tile_px: int | None = None
) -> bytes | None:
    """Return a stored tile as a JPEG file without its metadata, or None where none fits.

    Args:
        slide: The open slide.
        level: Stored level, 0 the finest.
        column: Tile column.
        row: Tile row.
        tile_px: Side of the tile that is asked for; None for the stored one.
    """
    if slide.stored_tiles is None or not 0 <= level < len(slide.properties.levels):
        return None
    stored = slide.properties.levels[level]
    if tile_px is not None and (stored.tile_width, stored.tile_height) != (tile_px, tile_px):
        return None
    return slide.stored_tiles.get_whole(level, column, row)


def tile_jpeg(slide: Slide, level: int, column: int, row: int, *, tile_px: int) -> bytes:
    """Return any tile of :func:`viewer_levels` as JPEG, smaller at the right and lower edge.

    Raises:
        SlideError: ``SLIDE-BOUNDS`` if there is no such tile; ``SLIDE-READ`` if it is damaged.
    """
    levels = viewer_levels(slide.properties, tile_px=tile_px)
    if not 0 <= level < len(levels):
        raise _no_such_tile(slide, level, column, row)
    wanted = levels[level]
    width = min(tile_px, wanted.width - column * tile_px)
    height = min(tile_px, wanted.height - row * tile_px)
    box = tile_box(
        column=column,
        row=row,
        tile_px=tile_px,
        downsample=wanted.downsample,
        width=slide.properties.width,
        height=slide.properties.height,
    )
    if box is None or width < 1 or height < 1:
        raise _no_such_tile(slide, level, column, row)
    return encode_jpeg(slide.read(box, size=(width, height)))


def encode_jpeg(pixels: UInt8[ndarray, "h w 3"]) -> bytes:
    """Return an image as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _no_such_tile(slide: Slide, level: int, column: int, row: int) -> SlideError:
    return SlideError(
        f"there is no tile at level {level}, column {column}, row {row}",
        code="SLIDE-BOUNDS",
        where=slide.name,
    )
