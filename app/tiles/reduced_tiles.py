"""Tiles of a level between the stored ones, from stored JPEG tiles decoded at 1/2, 1/4 or 1/8.

A JPEG can be decoded at these sizes directly, without first making all its pixels: several
times faster than reading the area whole and averaging it, and to the eye the same.
"""

import io

from PIL import Image

from app.tiles.jpeg_check import is_unbroken
from healnet.slide.stored_tiles import StoredTiles

FACTORS = (2, 4, 8)
_WHITE = (255, 255, 255)


def reduced_tile(
    stored: StoredTiles,
    level: int,
    *,
    factor: int,
    place: tuple[int, int],
    tile_px: int,
    size: tuple[int, int],
) -> Image.Image | None:
    """Return a tile of a reduced level, or None where this way does not lead to it.

    Args:
        stored: The stored tiles of the slide.
        level: The stored level that is reduced.
        factor: How many of its pixels become one, per axis.
        place: Column and row of the tile in the reduced level.
        tile_px: Side of the stored tiles and of the answer.
        size: Width and height of the answer, smaller at the edge of the slide.
    """
    part = tile_px // factor
    if factor not in FACTORS or part * factor != tile_px:
        return None
    tile = Image.new("RGB", size, _WHITE)
    for row in range(-(-size[1] // part)):
        for column in range(-(-size[0] // part)):
            at = (place[0] * factor + column, place[1] * factor + row)
            small = _decoded(stored.get(level, *at), part)
            if small is None:
                return None
            tile.paste(small, (column * part, row * part))
    return tile


def _decoded(jpeg: bytes | None, side: int) -> Image.Image | None:
    if jpeg is None or not is_unbroken(jpeg):
        return None  # the ordinary reader says what is wrong with it
    try:
        image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        image.draft("RGB", (side, side))
        image.load()
    except (OSError, SyntaxError, ValueError):
        return None
    return image.convert("RGB") if image.size == (side, side) else None
