"""Stored JPEG tiles of a slide, as they are: to send to a browser, or to read fast.

A tile that is passed on undecoded costs next to nothing and shows the file's own pixels. Used
only where the probing process found that stored tiles decode to the very pixels of the ordinary
reader, or that the ordinary reader is misled by a wrong colour label.
"""

import io
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.openslide_reader import OpenSlideReader
from healnet.slide.properties import Level, Limits, SlideProperties
from healnet.slide.tiff_header import read_tiff_header
from healnet.slide.tile_index import LevelTiles, index_tiles

_CACHE_BYTES = 64 * 1024**2
_TIFF_STARTS = (b"II", b"MM")


class StoredTiles:
    """The JPEG tiles of every level that has them.

    Args:
        levels: Tiles of each stored level, None where a level has no plain JPEG tiles.
        is_rgb: Overrules the file's colour label; None to follow it.
    """

    def __init__(self, levels: tuple[LevelTiles | None, ...], *, is_rgb: bool | None) -> None:
        self.levels = levels
        self._is_rgb = is_rgb

    def get(self, level: int, column: int, row: int) -> bytes | None:
        """Return a tile as a JPEG file, or None where none is stored.

        Raises:
            SlideError: ``SLIDE-READ`` if what is stored is no JPEG stream.
        """
        tiles = self.levels[level] if 0 <= level < len(self.levels) else None
        return None if tiles is None else tiles.jpeg(column, row, is_rgb=self._is_rgb)

    def get_whole(self, level: int, column: int, row: int) -> bytes | None:
        """Return a sound tile that lies wholly on the slide, or None.

        A stored tile at the right or lower edge holds padding that must not be shown.
        """
        tiles = self.levels[level] if 0 <= level < len(self.levels) else None
        if tiles is None:
            return None
        fits_across = (column + 1) * tiles.tile_width <= tiles.width
        fits_down = (row + 1) * tiles.tile_height <= tiles.height
        if not (fits_across and fits_down):
            return None
        try:
            return self.get(level, column, row)
        except SlideError:  # told when the tile is made from the pixels instead
            return None


def find_stored_tiles(path: Path, properties: SlideProperties) -> StoredTiles | None:
    """Return the tiles of a slide that may be used undecoded, or None."""
    if not (properties.has_exact_tiles or properties.is_mislabelled_rgb):
        return None
    with path.open("rb") as file:
        if file.read(2) not in _TIFF_STARTS:
            return None
    header = read_tiff_header(path, Limits())
    levels = tuple(
        index_tiles(header, width=level.width, height=level.height)
        for level in properties.levels
    )
    return StoredTiles(levels, is_rgb=True if properties.is_mislabelled_rgb else None)


class StoredTileReader:
    """Reads areas by decoding each stored tile once, under the right colour label.

    Args:
        tiles: The tiles; every level must have them.
        levels: The levels as the slide's properties list them.
        strict: Another reader of the same slide. It must be able to read a tile too, whatever
            colours it sees: unlike Pillow it does not make up what a damaged tile lacks.
        name: File name for messages.
    """

    def __init__(
        self,
        tiles: StoredTiles,
        levels: tuple[Level, ...],
        *,
        strict: OpenSlideReader,
        name: str,
    ) -> None:
        self._tiles, self._levels, self._name = tiles, levels, name
        self._strict = strict
        self._cache: OrderedDict[tuple[int, int, int], ndarray] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()

    @property
    def associated_names(self) -> tuple[str, ...]:
        """Names of label, macro and thumbnail images, never their pixels."""
        return self._strict.associated_names

    def read_region(
        self, level: int, *, l0_x: int, l0_y: int, width: int, height: int
    ) -> UInt8[ndarray, "h w 3"]:
        """Return pixels of a stored level; white where no tile is stored.

        Raises:
            SlideError: ``SLIDE-READ`` if a tile under the area cannot be decoded.
        """
        tiles = self._tiles.levels[level]
        if tiles is None:
            raise SlideError(
                "this level has no JPEG tiles", code="SLIDE-READ", where=self._name
            )
        left = round(l0_x / self._levels[level].downsample)
        top = round(l0_y / self._levels[level].downsample)
        area = np.full((height, width, 3), 255, dtype=np.uint8)
        for row in range(top // tiles.tile_height, -(-(top + height) // tiles.tile_height)):
            for column in range(
                left // tiles.tile_width, -(-(left + width) // tiles.tile_width)
            ):
                tile = self._decoded(level, tiles, column, row)
                if tile is not None:
                    _paste(
                        area,
                        tile,
                        column * tiles.tile_width - left,
                        row * tiles.tile_height - top,
                    )
        return area

    def close(self) -> None:
        """Forget the decoded tiles and release the file."""
        self._strict.close()
        with self._lock:
            self._cache.clear()
            self._cached_bytes = 0

    def _decoded(
        self, level: int, tiles: LevelTiles, column: int, row: int
    ) -> UInt8[ndarray, "h w 3"] | None:
        key = (level, column, row)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        jpeg = self._tiles.get(level, column, row)
        if jpeg is None:
            return None
        self._check(level, tiles, column, row)
        pixels = self._decode(jpeg, tiles, key)
        self._keep(key, pixels)
        return pixels

    def _check(self, level: int, tiles: LevelTiles, column: int, row: int) -> None:
        x, y = column * tiles.tile_width, row * tiles.tile_height
        scale = self._levels[level].downsample
        self._strict.read_region(
            level,
            l0_x=round(x * scale),
            l0_y=round(y * scale),
            width=min(tiles.tile_width, tiles.width - x),
            height=min(tiles.tile_height, tiles.height - y),
        )

    def _decode(
        self, jpeg: bytes, tiles: LevelTiles, key: tuple[int, int, int]
    ) -> UInt8[ndarray, "h w 3"]:
        try:
            image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
            if image.size == (tiles.tile_width, tiles.tile_height):
                return np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise self._unreadable(key) from error
        raise self._unreadable(key)

    def _unreadable(self, key: tuple[int, int, int]) -> SlideError:
        level, column, row = key
        return SlideError(
            f"level {level} cannot be read here",
            code="SLIDE-READ",
            where=f"{self._name}, level {level}, tile column {column}, row {row}",
            why="the stored image data is damaged; the copy may be incomplete",
            fix="copy the file again from the scanner",
        )

    def _keep(self, key: tuple[int, int, int], pixels: UInt8[ndarray, "h w 3"]) -> None:
        with self._lock:
            if key not in self._cache:
                self._cached_bytes += pixels.nbytes
            self._cache[key] = pixels
            while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
                self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes


def _paste(
    area: UInt8[ndarray, "h w 3"], tile: UInt8[ndarray, "a b 3"], x: int, y: int
) -> None:
    """Copy a tile into an area at a position that may lie partly outside it."""
    height, width = area.shape[:2]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + tile.shape[1], width), min(y + tile.shape[0], height)
    if right > left and bottom > top:
        area[top:bottom, left:right] = tile[top - y : bottom - y, left - x : right - x]
