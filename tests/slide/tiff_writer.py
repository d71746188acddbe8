"""A TIFF writer for tests: any tag, classic or BigTIFF, either byte order, tiles as given."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SHORT, LONG, RATIONAL, ASCII, UNDEFINED, LONG8 = 3, 4, 5, 2, 7, 16
_FORMS = {SHORT: "H", LONG: "I", LONG8: "Q"}
_SIZES = {SHORT: 2, LONG: 4, RATIONAL: 8, ASCII: 1, UNDEFINED: 1, LONG8: 8}

Value = tuple[int, Sequence[int] | bytes]


@dataclass(frozen=True)
class Page:
    """Tags of one directory, and the tiles it points at."""

    tags: Mapping[int, Value]
    tiles: Sequence[bytes]
    jpeg_tables: bytes = b""
    extra: Mapping[int, Value] = field(default_factory=dict)


def write_tiff(
    path: Path, pages: Sequence[Page], *, order: str = "<", is_big: bool = False
) -> Path:
    """Write the pages to a file, tiles first."""
    out = bytearray(_head(order, is_big=is_big))
    places = []
    for page in pages:
        starts = []
        for tile in page.tiles:
            starts.append(len(out) if tile else 0)
            out += tile
        places.append(starts)
    link_at = 8 if is_big else 4
    for page, starts in zip(pages, places, strict=True):
        out += b"\0" * (len(out) % 2)
        link = struct.pack(
            order + ("Q" if is_big else "I"), _directory(out, page, starts, order, is_big)
        )
        out[link_at : link_at + len(link)] = link
        link_at = len(out) - len(link)
    path.write_bytes(out)
    return path


def _head(order: str, *, is_big: bool) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if is_big:
        return mark + struct.pack(order + "HHHQ", 43, 8, 0, 0)
    return mark + struct.pack(order + "HI", 42, 0)


def _directory(
    out: bytearray, page: Page, starts: Sequence[int], order: str, is_big: bool
) -> int:
    kind = LONG8 if is_big else LONG
    tags: dict[int, Value] = dict(page.tags)
    tags[324] = (kind, starts)
    tags[325] = (kind, [len(tile) for tile in page.tiles])
    if page.jpeg_tables:
        tags[347] = (UNDEFINED, page.jpeg_tables)
    tags |= page.extra
    inline = 8 if is_big else 4
    entries = []
    for code in sorted(tags):
        tag_kind, values = tags[code]
        data = _packed(tag_kind, values, order)
        count = len(data) // _SIZES[tag_kind]
        if len(data) > inline:
            out += b"\0" * (len(out) % 2)
            place = struct.pack(order + ("Q" if is_big else "I"), len(out))
            out += data
            data = place
        entries.append(
            struct.pack(order + ("HHQ" if is_big else "HHI"), code, tag_kind, count)
            + data.ljust(inline, b"\0")
        )
    out += b"\0" * (len(out) % 2)
    start = len(out)
    out += struct.pack(order + ("Q" if is_big else "H"), len(entries)) + b"".join(entries)
    out += b"\0" * (8 if is_big else 4)
    return start


def _packed(kind: int, values: Sequence[int] | bytes, order: str) -> bytes:
    if isinstance(values, bytes):
        return values
    if kind == RATIONAL:
        return b"".join(struct.pack(order + "II", value, 1000) for value in values)
    return struct.pack(order + _FORMS[kind] * len(values), *values)
