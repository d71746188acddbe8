"""Turning a JPEG tile inside a TIFF into a JPEG file of its own, without decoding it.

A stored tile may lack its tables (they stand once per level), names its colours only through
the TIFF directory, and can carry metadata. The whole file has the tables, an Adobe marker that
says what the colours are, and nothing else but frame and scan.

Source: ITU-T T.81 annex B (markers); Adobe TN 5116 (APP14); TIFF Technical Note 2 (tables).
"""

from collections.abc import Iterator

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_TABLE_MARKERS = frozenset(
    {0xDB, 0xC4, 0xCC, 0xDD}
)  # quantisation, Huffman, arithmetic, restart
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_KEPT = _TABLE_MARKERS | _FRAME_MARKERS
_ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_ADOBE_YCBCR = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"


def whole_jpeg(tile: bytes, tables: bytes, *, is_rgb: bool) -> bytes | None:
    """Return a stored tile as a JPEG file, or None if it is not a JPEG stream.

    Args:
        tile: Bytes of the tile as stored.
        tables: Bytes of the level's shared tables; empty if it has none.
        is_rgb: Whether the three components are red, green and blue, not YCbCr.
    """
    scan = _scan_start(tile)
    if scan is None:
        return None
    parts = [b"\xff\xd8", _ADOBE_RGB if is_rgb else _ADOBE_YCBCR]
    for source in (tables, tile):
        parts += [source[start:end] for code, start, end in _segments(source) if code in _KEPT]
    parts.append(tile[scan:])
    if not tile.rstrip(b"\x00").endswith(b"\xff\xd9"):
        parts.append(b"\xff\xd9")
    return b"".join(parts)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker code, start and end of each segment before the scan."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:  # noqa: PLR2004
        code = data[position + 1]
        if code == 0xFF:  # noqa: PLR2004  (fill byte)
            position += 1
            continue
        if code == _EOI:
            return
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end > len(data):
            return
        yield code, position, end
        if code == _SOS:
            return
        position = end


def _scan_start(tile: bytes) -> int | None:
    if tile[:2] != b"\xff\xd8":
        return None
    return next((start for code, start, _ in _segments(tile) if code == _SOS), None)
