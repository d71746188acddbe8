"""Reading the directories of a TIFF file without decoding a pixel.

Classic TIFF, BigTIFF and the NDPI variant (classic with 64-bit links). Every number that comes
from the file is checked before it is used to read or allocate anything.

Source: TIFF 6.0 (Adobe, 1992); BigTIFF as in libtiff; NDPI as described by OpenSlide.
"""

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from healnet.exceptions import SlideError
from healnet.slide.properties import Limits

_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_ARRAY_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_ENTRIES = 1_000
_MAX_TEXT = 64 * 1024
_NDPI_TAG = 65420
_CLASSIC, _BIG = 42, 43


class Tag:
    """Numbers of the tags that are read."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    DESCRIPTION = 270
    ORIENTATION = 274
    SAMPLES = 277
    PLANAR = 284
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    ICC = 34675


@dataclass(frozen=True, kw_only=True)
class TagValue:
    """Where the values of a tag stand.

    Attributes:
        kind: TIFF number of the type.
        count: Number of values.
        position: Byte position of the first value in the file.
    """

    kind: int
    count: int
    position: int

    @property
    def size(self) -> int:
        """Bytes that the values take."""
        return _TYPE_SIZES.get(self.kind, 1) * self.count


@dataclass(frozen=True, kw_only=True)
class TiffPage:
    """One image directory: its tags, and the small ones among their values."""

    tags: Mapping[int, TagValue]
    numbers: Mapping[int, int]  # first value of each tag of whole numbers

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag."""
        return self.numbers.get(tag, default)

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self.number(Tag.WIDTH, 0)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self.number(Tag.HEIGHT, 0)

    @property
    def is_tiled(self) -> bool:
        """Whether the pixels are stored in tiles, not strips."""
        return Tag.TILE_WIDTH in self.tags and Tag.TILE_OFFSETS in self.tags

    @property
    def tile_size(self) -> tuple[int, int]:
        """Width and height of a tile."""
        return self.number(Tag.TILE_WIDTH, 0), self.number(Tag.TILE_HEIGHT, 0)

    @property
    def samples(self) -> int:
        """Channels."""
        return self.number(Tag.SAMPLES, 1)

    @property
    def bits(self) -> int:
        """Bits of one channel of one pixel."""
        return self.number(Tag.BITS, 1)


@dataclass(frozen=True, kw_only=True)
class TiffHeader:
    """The directories of a TIFF file.

    Attributes:
        path: The file.
        size: Its length in bytes when it was read.
        order: ``<`` or ``>``, as in :mod:`struct`.
        is_ndpi: Whether it is Hamamatsu's variant, which has no tiles.
        pages: Its directories in file order.
    """

    path: Path
    size: int
    order: str
    is_ndpi: bool
    pages: tuple[TiffPage, ...] = field(repr=False)

    def values(self, page: TiffPage, tag: int) -> "array[int]":
        """Return all values of a tag of whole numbers."""
        value = page.tags[tag]
        numbers = array(_array_code(value.kind, self.path.name))
        with self.path.open("rb") as file:
            file.seek(value.position)
            numbers.frombytes(file.read(value.size))
        if self.order == ">":
            numbers.byteswap()
        return numbers

    def data(self, page: TiffPage, tag: int, limit: int = _MAX_TEXT) -> bytes:
        """Return the bytes of a tag, cut at a limit; empty if the page lacks it."""
        value = page.tags.get(tag)
        if value is None or value.position > self.size:
            return b""
        with self.path.open("rb") as file:
            file.seek(value.position)
            return file.read(min(value.size, limit))


@dataclass(kw_only=True)
class _Walk:
    file: BinaryIO
    size: int
    name: str
    order: str
    is_big: bool
    long_links: bool = False  # NDPI: classic entries, but 64-bit links

    def unpack(self, form: str, position: int) -> tuple[int, ...]:
        length = struct.calcsize(self.order + form)
        if position < 0 or position + length > self.size:
            raise truncated(self.name, size=self.size, needed=position + length)
        self.file.seek(position)
        return struct.unpack(self.order + form, self.file.read(length))


def read_tiff_header(path: Path, limits: Limits) -> TiffHeader:
    """Return the directories of a TIFF file.

    Raises:
        SlideError: ``SLIDE-TRUNCATED``, ``SLIDE-DAMAGED`` or ``SLIDE-PAGES``.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        order = "<" if file.read(2) == b"II" else ">"
        walk = _Walk(file=file, size=size, name=path.name, order=order, is_big=False)
        walk.is_big = walk.unpack("H", 2)[0] == _BIG
        start = _first_directory(walk, is_ndpi_name=path.suffix.lower() == ".ndpi")
        pages = _walk_directories(walk, start, limits)
    is_ndpi = _NDPI_TAG in pages[0].tags
    return TiffHeader(path=path, size=size, order=order, is_ndpi=is_ndpi, pages=tuple(pages))


def truncated(name: str, *, size: int, needed: int, what: str = "") -> SlideError:
    """Return the refusal of a file that points past its own end."""
    subject = what or "no image directory found"
    return SlideError(
        f"{subject}: the file ends at byte {size:,} of at least {needed:,}",
        code="SLIDE-TRUNCATED",
        where=name,
        why="the copy was cut short, or is still being written",
        fix="wait until the copy is complete, or copy the file again from the scanner",
    )


def damaged(name: str, what: str) -> SlideError:
    """Return the refusal of a file whose structure makes no sense."""
    return SlideError(
        what,
        code="SLIDE-DAMAGED",
        where=name,
        why="its pixels cannot be found reliably",
        fix="copy the file again from the scanner",
    )


def _first_directory(walk: _Walk, *, is_ndpi_name: bool) -> int:
    if walk.is_big:
        return walk.unpack("Q", 8)[0]
    if is_ndpi_name and walk.size > 2**32:
        walk.long_links = True
        return walk.unpack("Q", 4)[0]
    return walk.unpack("I", 4)[0]


def _walk_directories(walk: _Walk, start: int, limits: Limits) -> list[TiffPage]:
    pages: list[TiffPage] = []
    seen: set[int] = set()
    position = start
    while position:
        if position in seen:
            raise damaged(walk.name, "the image directories run in a circle")
        if len(pages) >= limits.pages:
            raise _too_many_pages(walk, limits)
        seen.add(position)
        page, position = _read_directory(walk, position)
        pages.append(page)
    if not pages:
        raise damaged(walk.name, "no image directory found")
    return pages


def _too_many_pages(walk: _Walk, limits: Limits) -> SlideError:
    return SlideError(
        f"more pages than the limit of {limits.pages:,}",
        code="SLIDE-PAGES",
        where=walk.name,
        why="a slide has a few levels, not thousands of pages",
        fix="export the one image that is meant as a pyramid",
    )


def _read_directory(walk: _Walk, position: int) -> tuple[TiffPage, int]:
    head, entry_form, link = ("Q", "HHQ", "Q") if walk.is_big else ("H", "HHI", "I")
    link = "Q" if walk.long_links else link
    count = walk.unpack(head, position)[0]
    if not 0 < count <= _MAX_ENTRIES:
        raise damaged(walk.name, f"an image directory claims {count:,} entries")
    position += struct.calcsize("=" + head)
    entry_size, inline = (20, 8) if walk.is_big else (12, 4)
    tags: dict[int, TagValue] = {}
    for index in range(count):
        at = position + index * entry_size
        code, kind, values = walk.unpack(entry_form, at)
        tags[code] = _locate(walk, kind, values, at + entry_size - inline, inline)
    following = walk.unpack(link, position + count * entry_size)[0]
    return TiffPage(tags=tags, numbers=_first_numbers(walk, tags)), following


def _locate(walk: _Walk, kind: int, count: int, at: int, inline: int) -> TagValue:
    value = TagValue(kind=kind, count=count, position=at)
    if value.size <= inline:
        return value
    position = walk.unpack("Q" if inline == 8 else "I", at)[0]  # noqa: PLR2004
    return TagValue(kind=kind, count=count, position=position)


def _first_numbers(walk: _Walk, tags: Mapping[int, TagValue]) -> dict[int, int]:
    numbers: dict[int, int] = {}
    for code, value in tags.items():
        form = _ARRAY_CODES.get(value.kind)
        past_end = value.position + value.size > walk.size
        if form is None or value.count < 1 or past_end:
            continue
        numbers[code] = walk.unpack(form, value.position)[0]
    return numbers


def _array_code(kind: int, name: str) -> str:
    if kind not in _ARRAY_CODES:
        raise damaged(name, "a table of the file has an impossible type")
    return _ARRAY_CODES[kind]
