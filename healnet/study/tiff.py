"""A minimal TIFF container: pages of JPEG segments that are already encoded.

Writers at hand want to encode JPEG themselves, or need one more package to do so. A slide only
needs pages that list where their encoded tiles lie.

Source: TIFF Revision 6.0, Adobe 1992, and its technical note 2 (JPEG, compression 7).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

YCBCR, JPEG, CENTIMETRE, CENTRED = 6, 7, 3, 1
SHORT, LONG, ASCII, RATIONAL = 3, 4, 2, 5
INLINE_BYTES = 4  # values that fit into the entry itself
FORMATS = {SHORT: "H", LONG: "I"}
Field = tuple[int, int, tuple[int, ...] | bytes]  # tag, type, values


@dataclass(frozen=True, kw_only=True)
class JpegPage:
    """One page: size, text, and its JPEG segments in reading order.

    Attributes:
        width: Pixels.
        height: Pixels.
        description: Text of the page.
        segments: Encoded tiles; one strip if ``tile_px`` is None.
        tile_px: Side of a tile.
        mpp: Micrometres per pixel, if known.
        is_reduced: The page is a smaller version of another one.
    """

    width: int
    height: int
    description: str
    segments: Iterable[bytes]
    tile_px: int | None
    mpp: float | None = None
    is_reduced: bool = False


def write_tiff(path: Path, pages: Iterable[JpegPage]) -> None:
    """Write the pages to ``path`` as a little-endian TIFF with chroma at half resolution."""
    with path.open("wb") as file:
        file.write(struct.pack("<2sHI", b"II", 42, 0))
        link = 4  # where the offset of the next directory belongs
        for page in pages:
            offsets, sizes = _write_segments(file, page.segments)
            link = _write_directory(file, _fields(page, offsets, sizes), link)


def _write_segments(
    file: BinaryIO, segments: Iterable[bytes]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    offsets, sizes = [], []
    for segment in segments:
        offsets.append(file.tell())
        sizes.append(len(segment))
        file.write(segment)
        file.write(b"\0" * (len(segment) % 2))
    return tuple(offsets), tuple(sizes)


def _fields(page: JpegPage, offsets: tuple[int, ...], sizes: tuple[int, ...]) -> list[Field]:
    fields: list[Field] = [
        (254, LONG, (int(page.is_reduced),)),
        (256, LONG, (page.width,)),
        (257, LONG, (page.height,)),
        (258, SHORT, (8, 8, 8)),
        (259, SHORT, (JPEG,)),
        (262, SHORT, (YCBCR,)),
        (270, ASCII, page.description.encode("ascii") + b"\0"),
        (277, SHORT, (3,)),
        (284, SHORT, (1,)),  # samples stay together
        (530, SHORT, (2, 2)),
        (531, SHORT, (CENTRED,)),
    ]
    if page.tile_px is None:
        fields += [(273, LONG, offsets), (278, LONG, (page.height,)), (279, LONG, sizes)]
    else:
        side = (page.tile_px,)
        fields += [
            (322, LONG, side),
            (323, LONG, side),
            (324, LONG, offsets),
            (325, LONG, sizes),
        ]
    if page.mpp is not None:
        pixels_per_cm = struct.pack("<II", round(1e7 / page.mpp), 1000)
        fields += [
            (282, RATIONAL, pixels_per_cm),
            (283, RATIONAL, pixels_per_cm),
            (296, SHORT, (CENTIMETRE,)),
        ]
    return sorted(fields, key=lambda field: field[0])


def _write_directory(file: BinaryIO, fields: list[Field], link: int) -> int:
    """Write one directory, hang it on ``link``, and return where the next one hangs."""
    entries = [_write_values(file, field) for field in fields]
    start = file.tell()
    file.write(struct.pack("<H", len(entries)) + b"".join(entries))
    next_link = file.tell()
    file.write(struct.pack("<I", 0))
    end = file.tell()
    file.seek(link)
    file.write(struct.pack("<I", start))
    file.seek(end)
    return next_link


def _write_values(file: BinaryIO, field: Field) -> bytes:
    """Return the 12 bytes of an entry; values that do not fit go to the file first."""
    tag, kind, values = field
    if isinstance(values, bytes):
        payload, count = values, len(values) // 8 if kind == RATIONAL else len(values)
    else:
        payload, count = struct.pack(f"<{len(values)}{FORMATS[kind]}", *values), len(values)
    if len(payload) <= INLINE_BYTES:
        return struct.pack("<HHI4s", tag, kind, count, payload)
    place = file.tell()
    file.write(payload + b"\0" * (len(payload) % 2))
    return struct.pack("<HHII", tag, kind, count, place)
