"""The few fields of a DICOM file that say whether it is a slide we can read.

Only the top-level elements up to group 0048 are walked; nothing is decoded.

Source: DICOM PS3.5 section 7 (encoding) and PS3.3 A.32.8 (whole slide microscopy).
"""

import struct
from pathlib import Path
from typing import BinaryIO

from healnet.exceptions import SlideError
from healnet.slide.tiff_header import truncated

_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_IMPLICIT = "1.2.840.10008.1.2"
_READ_SYNTAXES = {
    "1.2.840.10008.1.2.1": "uncompressed",
    "1.2.840.10008.1.2.4.50": "JPEG",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
}
_KNOWN_SYNTAXES = {
    _IMPLICIT: "implicit little endian",
    "1.2.840.10008.1.2.2": "big endian",
    "1.2.840.10008.1.2.4.70": "lossless JPEG",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.5": "RLE",
}
_LONG_LENGTH = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR"})
_LONG_LENGTH |= {b"UT", b"SV", b"UV"}
_SYNTAX, _CLASS, _KIND = (0x0002, 0x0010), (0x0008, 0x0016), (0x0008, 0x0008)
_MODALITY, _COLUMNS = (0x0008, 0x0060), (0x0048, 0x0006)
_SERIES = (0x0020, 0x000E)
_WANTED = frozenset({_SYNTAX, _CLASS, _KIND, _MODALITY, _SERIES, _COLUMNS})
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_UNDEFINED = 0xFFFFFFFF
_MAX_ELEMENTS = 100_000
_MAX_VALUE = 4096


def check_dicom(path: Path) -> None:
    """Refuse a DICOM file that is not a readable whole slide image.

    Raises:
        SlideError: ``SLIDE-DICOM-KIND``, ``SLIDE-DICOM-LABEL``, ``SLIDE-COMPRESSION``,
            ``SLIDE-DICOM-PIXELS`` or ``SLIDE-TRUNCATED``.
    """
    fields = _read_fields(path)
    modality = fields.get(_MODALITY, "unknown kind")
    if fields.get(_CLASS) != _WHOLE_SLIDE:
        raise SlideError(
            f"DICOM {modality}: only VL Whole Slide Microscopy is read",
            code="SLIDE-DICOM-KIND",
            where=path.name,
            why="it holds another kind of image",
            fix="choose the file of the slide itself",
        )
    if any(word in fields.get(_KIND, "").split("\\") for word in ("LABEL", "OVERVIEW")):
        raise SlideError(
            "label or overview image, left out",
            code="SLIDE-DICOM-LABEL",
            where=path.name,
            why="it may show the patient's name and is not the tissue",
            fix="choose a file of the same series with image type VOLUME",
        )
    syntax = fields.get(_SYNTAX, "")
    if syntax not in _READ_SYNTAXES:
        raise SlideError(
            f"{_KNOWN_SYNTAXES.get(syntax, 'this')} compression in DICOM is not read",
            code="SLIDE-COMPRESSION",
            where=path.name,
            why="the pixels cannot be decoded",
            fix="convert the file to JPEG or JPEG 2000 compression",
        )
    if not fields.get(_COLUMNS):
        raise SlideError(
            "no pixel data: the total size of the slide is missing",
            code="SLIDE-DICOM-PIXELS",
            where=path.name,
            why="there is nothing to show",
            fix="export the slide again, with its pixels",
        )


def series_of(path: Path) -> str:
    """Return the series a DICOM file belongs to; empty if it does not say or is damaged."""
    try:
        return _read_fields(path).get(_SERIES, "")
    except SlideError:
        return ""


class _Elements:
    """Walks the elements of one file."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file, self.size, self.name = file, size, name
        self.is_implicit = False
        self.left = _MAX_ELEMENTS

    def read(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            needed = self.file.tell() + count - len(data)
            raise truncated(self.name, size=self.size, needed=needed, what="cut short")
        return data

    def header(self) -> tuple[tuple[int, int], int]:
        """Return tag and length of the next element."""
        self.left -= 1
        if self.left < 0:
            raise SlideError(
                "more metadata than any slide has", code="SLIDE-METADATA", where=self.name
            )
        group, element = struct.unpack("<HH", self.read(4))
        if group == 0xFFFE or (self.is_implicit and group != 2):  # noqa: PLR2004
            return (group, element), struct.unpack("<I", self.read(4))[0]
        kind = self.read(2)
        if kind in _LONG_LENGTH:
            self.read(2)
            return (group, element), struct.unpack("<I", self.read(4))[0]
        return (group, element), struct.unpack("<H", self.read(2))[0]

    def skip(self, length: int, depth: int = 0) -> None:
        """Step over a value, also a sequence whose length is not stated."""
        if length != _UNDEFINED:
            if self.file.tell() + length > self.size:
                needed = self.file.tell() + length
                raise truncated(self.name, size=self.size, needed=needed, what="cut short")
            self.file.seek(length, 1)
            return
        if depth > 16:  # noqa: PLR2004
            raise SlideError(
                "metadata nested too deeply", code="SLIDE-METADATA", where=self.name
            )
        while True:
            tag, inner = self.header()
            if tag in (_SEQUENCE_END, _ITEM_END):
                return
            self.skip(inner, depth + 1)


def _read_fields(path: Path) -> dict[tuple[int, int], str]:
    fields: dict[tuple[int, int], str] = {}
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(132)
        walk = _Elements(file, size, path.name)
        while file.tell() < size:
            tag, length = walk.header()
            if tag > _COLUMNS:
                break
            if tag not in _WANTED or length > _MAX_VALUE:
                walk.skip(length)
                continue
            fields[tag] = _text(walk.read(length), is_number=tag == _COLUMNS)
            if tag == _SYNTAX:
                walk.is_implicit = fields[tag] == _IMPLICIT
    return fields


def _text(value: bytes, *, is_number: bool) -> str:
    if is_number:
        number = int.from_bytes(value, "little")
        return str(number) if number else ""
    return value.decode("ascii", errors="replace").rstrip("\x00 ")
