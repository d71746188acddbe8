"""Whether the data of a JPEG tile run through to their end.

Browsers and most decoders show a tile that breaks off with grey where pixels are missing, and
say nothing. Inside the data of an unbroken scan a byte FF is followed by 00 or a restart
marker, and only the last one by the end marker; counting these needs no decoding.

Source: ITU-T T.81, B.1.1 (byte stuffing, restart markers) and B.2.
"""

_START_OF_SCAN, _END = 0xDA, b"\xff\xd9"
_RESTARTS = tuple(bytes((0xFF, 0xD0 + number)) for number in range(8))


def is_unbroken(jpeg: bytes) -> bool:
    """Return whether a baseline JPEG file has one scan that ends where the file ends."""
    start = _scan_start(jpeg)
    if start is None:
        return False
    scan = jpeg[start:].rstrip(b"\0")
    if not scan.endswith(_END):
        return False
    markers = scan.count(b"\xff") - scan.count(b"\xff\x00") - 1
    return markers == 0 or markers == sum(scan.count(restart) for restart in _RESTARTS)


def _scan_start(jpeg: bytes) -> int | None:
    """Return where the entropy-coded data begin."""
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:  # noqa: PLR2004
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if jpeg[position + 1] == _START_OF_SCAN:
            return position + 2 + length
        position += 2 + length
    return None
