"""Whether a slide's JPEG tiles hold what the file says about their colours.

Some files call their components YCbCr although red, green and blue were stored. Shown as
labelled such a slide is magenta and green. It can be told apart with certainty: a YCbCr image
made from colours never holds values that no colour can give, and pale glass stored as RGB gives
only such values.
"""

import io

from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.tile_index import LevelTiles

_MAX_TILES = 9
_OUTSIDE_BY = 24  # beyond what rounding and ringing of a JPEG can add, units of 0 to 255
_SHARE = 0.5
_MAX_SIDE = 64  # tiles are looked at reduced


def is_mislabelled_rgb(tiles: LevelTiles) -> bool:
    """Return whether tiles called YCbCr can only be red, green and blue."""
    if tiles.is_rgb:
        return False
    outside, total = 0, 0
    for column, row in _spread(tiles.columns, tiles.rows):
        try:
            jpeg = tiles.jpeg(column, row)
        except SlideError:  # a damaged tile says nothing about colours
            continue
        part, count = (0, 0) if jpeg is None else _impossible_pixels(jpeg)
        outside, total = outside + part, total + count
    return total > 0 and outside / total > _SHARE


def _spread(columns: int, rows: int) -> list[tuple[int, int]]:
    side = round(_MAX_TILES**0.5)
    across = sorted({column * (columns - 1) // (side - 1) for column in range(side)})
    down = sorted({row * (rows - 1) // (side - 1) for row in range(side)})
    return [(column, row) for row in down for column in across]


def _impossible_pixels(jpeg: bytes) -> tuple[int, int]:
    try:
        image: Image.Image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        image.draft("YCbCr", (_MAX_SIDE, _MAX_SIDE))
        if image.mode != "YCbCr":
            return 0, 0
        image = image.reduce(max(min(image.size) // _MAX_SIDE, 1))
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    data = image.tobytes()
    pixels = list(zip(data[0::3], data[1::3], data[2::3], strict=True))
    return sum(_is_impossible(*pixel) for pixel in pixels), len(pixels)


def _is_impossible(luma: int, blue: int, red: int) -> bool:
    """Return whether a YCbCr triple lies far outside the colours (ITU-T T.871)."""
    b, r = blue - 128, red - 128
    channels = (luma + 1.402 * r, luma - 0.344136 * b - 0.714136 * r, luma + 1.772 * b)
    return max(channels) > 255 + _OUTSIDE_BY or min(channels) < -_OUTSIDE_BY
