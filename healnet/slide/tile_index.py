"""Where the JPEG tiles of each level stand in a TIFF file.

Only levels that a browser can show as they are: JPEG, three interleaved 8-bit components.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path

from healnet.exceptions import SlideError
from healnet.slide.jpeg_bytes import whole_jpeg
from healnet.slide.properties import Limits
from healnet.slide.tiff_header import Tag, TiffHeader, TiffPage

_JPEG, _RGB, _YCBCR = 7, 2, 6
_MAX_TABLES = 64 * 1024
_MAX_STORED = Limits().tile_bytes  # what is packed is no larger than what it unpacks to


@dataclass(frozen=True, kw_only=True)
class LevelTiles:
    """The stored JPEG tiles of one level.

    Attributes:
        path: The slide file.
        width: Columns of pixels of the level.
        height: Rows of pixels of the level.
        tile_width: Columns of a tile.
        tile_height: Rows of a tile.
        offsets: Byte position of each tile, row by row.
        counts: Bytes of each tile; 0 where none is stored.
        tables: JPEG tables shared by all of them.
        is_rgb: Whether the components are red, green and blue, not YCbCr.
    """

    path: Path
    width: int
    height: int
    tile_width: int
    tile_height: int
    offsets: "array[int]"
    counts: "array[int]"
    tables: bytes
    is_rgb: bool

    @property
    def columns(self) -> int:
        """Number of tiles in a row."""
        return -(-self.width // self.tile_width)

    @property
    def rows(self) -> int:
        """Number of tiles in a column."""
        return -(-self.height // self.tile_height)

    def jpeg(self, column: int, row: int, *, is_rgb: bool | None = None) -> bytes | None:
        """Return one tile as a JPEG file, or None where none is stored.

        Args:
            column: Tile column.
            row: Tile row.
            is_rgb: Overrules what the file says about its colours.

        Raises:
            SlideError: ``SLIDE-READ`` if what is stored is no JPEG stream.
        """
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        index = row * self.columns + column
        if self.counts[index] == 0:
            return None
        stored = b"" if self.counts[index] > _MAX_STORED else self._stored(index)
        is_rgb = self.is_rgb if is_rgb is None else is_rgb
        whole = whole_jpeg(stored, self.tables, is_rgb=is_rgb)
        if whole is None:
            raise SlideError(
                "a stored tile is damaged",
                code="SLIDE-READ",
                where=f"{self.path.name}, tile column {column}, row {row}",
                why="the copy may be incomplete",
                fix="copy the file again from the scanner",
            )
        return whole

    def _stored(self, index: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offsets[index])
            return file.read(self.counts[index])


def index_tiles(header: TiffHeader, *, width: int, height: int) -> LevelTiles | None:
    """Return the stored tiles of the level of this size, or None if they are not plain JPEG."""
    if header.is_ndpi:
        return None
    for page in header.pages:
        if (page.width, page.height) == (width, height) and _is_plain_jpeg(page):
            return _index_page(header, page)
    return None


def _is_plain_jpeg(page: TiffPage) -> bool:
    return (
        page.is_tiled
        and page.number(Tag.COMPRESSION, 1) == _JPEG
        and page.number(Tag.PHOTOMETRIC, 0) in (_RGB, _YCBCR)
        and page.samples == 3  # noqa: PLR2004
        and page.bits == 8  # noqa: PLR2004
        and page.number(Tag.PLANAR, 1) == 1
    )


def _index_page(header: TiffHeader, page: TiffPage) -> LevelTiles:
    tile_width, tile_height = page.tile_size
    return LevelTiles(
        path=header.path,
        width=page.width,
        height=page.height,
        tile_width=tile_width,
        tile_height=tile_height,
        offsets=header.values(page, Tag.TILE_OFFSETS),
        counts=header.values(page, Tag.TILE_COUNTS),
        tables=header.data(page, Tag.JPEG_TABLES, limit=_MAX_TABLES),
        is_rgb=page.number(Tag.PHOTOMETRIC, 0) == _RGB,
    )
