"""Small slides for tests, sound and hostile, written from scratch."""

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from tests.slide.tiff_writer import ASCII, LONG, RATIONAL, SHORT, Page, Value, write_tiff

TILE = 256
APERIO = "Aperio Image Library v12\n{width}x{height} ({tile}x{tile}) JPEG/RGB Q=80|AppMag = 20"


def stained_disc(
    height: int = 1024, width: int | None = None, *, rgb: Sequence[int] = (180, 90, 160)
) -> np.ndarray:
    """A stained disc with texture on white glass."""
    width = width or height
    generator = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width]
    image = np.full((height, width, 3), 240, dtype=np.uint8)
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(height, width) / 3) ** 2
    noise = generator.integers(-30, 30, (int(disc.sum()), 3)) + np.array(rgb)
    image[disc] = np.clip(noise, 0, 255)
    return image


def aperio_text(*, mpp: str = "0.5", **fields: str) -> str:
    """An ImageDescription as Aperio scanners write it."""
    text = APERIO.format(width=1024, height=1024, tile=TILE) + f"|MPP = {mpp}"
    return text + "".join(f"|{name} = {value}" for name, value in fields.items())


def jpeg_tiles(image: np.ndarray, *, tile: int = TILE, stores: str = "YCbCr") -> list[bytes]:
    """Tiles as JPEG files, row by row.

    ``stores`` says what the three components are: ``YCbCr`` as usual; ``RGB`` puts red, green
    and blue in their place without telling the JPEG decoder.
    """
    tiles = []
    for top in range(0, image.shape[0], tile):
        for left in range(0, image.shape[1], tile):
            part = image[top : top + tile, left : left + tile]
            whole = np.full((tile, tile, 3), 255, dtype=np.uint8)
            whole[: part.shape[0], : part.shape[1]] = part
            mode = "YCbCr" if stores == "RGB" else "RGB"
            buffer = io.BytesIO()
            pixels = Image.frombytes(mode, (tile, tile), whole.tobytes())
            pixels.save(buffer, "JPEG", quality=85, subsampling="4:2:0")
            tiles.append(buffer.getvalue())
    return tiles


def jpeg_page(  # noqa: PLR0913
    pixels: np.ndarray,
    *,
    is_first: bool,
    mpp: float | None,
    tile: int = TILE,
    description: str | None = None,
    stores: str = "YCbCr",
    photometric: int = 6,
    extra: Mapping[int, Value] | None = None,
) -> Page:
    """One level of JPEG tiles."""
    height, width = pixels.shape[:2]
    tags: dict[int, Value] = {
        254: (LONG, [0 if is_first else 1]),
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [7]),
        262: (SHORT, [photometric]),
        277: (SHORT, [3]),
        284: (SHORT, [1]),
        322: (LONG, [tile]),
        323: (LONG, [tile]),
        530: (SHORT, [2, 2]),
    }
    if description is not None:
        tags[270] = (ASCII, description.encode() + b"\0")
    if mpp is not None:
        per_cm = round(1e4 / mpp * 1000)
        tags |= {282: (RATIONAL, [per_cm]), 283: (RATIONAL, [per_cm]), 296: (SHORT, [3])}
    tiles = jpeg_tiles(pixels, tile=tile, stores=stores)
    return Page(tags=tags, tiles=tiles, extra=extra or {})


def write_jpeg_slide(
    path: Path,
    image: np.ndarray | None = None,
    *,
    levels: int = 3,
    mpp: float | None = 0.5,
    order: str = "<",
    is_big: bool = False,
    **options: object,
) -> Path:
    """A pyramid with JPEG tiles, as most scanners write it; options go to the first level."""
    image = stained_disc() if image is None else image
    pages = []
    shared = {
        name: options[name] for name in ("stores", "photometric", "tile") if name in options
    }
    for level in range(levels):
        pages.append(
            jpeg_page(
                np.asarray(Image.fromarray(image).reduce(2**level)),
                is_first=level == 0,
                mpp=None if mpp is None else mpp * 2**level,
                **(options if level == 0 else shared),
            )
        )
    return write_tiff(path, pages, order=order, is_big=is_big)


def write_plain_slide(
    path: Path,
    image: np.ndarray | None = None,
    *,
    levels: int = 1,
    mpp: float | None = 0.5,
    tile: int | None = TILE,
    **options: object,
) -> Path:
    """A pyramid of deflated tiles (or strips, with ``tile=None``) of any pixel type."""
    image = stained_disc() if image is None else image
    settings = {"photometric": "rgb", "compression": "deflate"} | options
    with tifffile.TiffWriter(path) as writer:
        for level in range(levels):
            writer.write(
                image[:: 2**level, :: 2**level],
                tile=None if tile is None else (tile, tile),
                subfiletype=1 if level else 0,
                metadata=None,
                **_resolution(mpp, 2**level),
                **settings,
            )
    return path


def overwrite_tag(
    source: Path, target: Path, *, code: int, value: int, count: int | None = None
) -> Path:
    """A copy with one tag of the first directory (classic, little endian) replaced."""
    data = bytearray(source.read_bytes())
    start = struct.unpack("<I", data[4:8])[0]
    for index in range(struct.unpack("<H", data[start : start + 2])[0]):
        entry = start + 2 + 12 * index
        found, _, old = struct.unpack("<HHI", data[entry : entry + 8])
        if found == code:
            new = struct.pack("<HHII", code, 4, old if count is None else count, value)
            data[entry : entry + 12] = new
    target.write_bytes(data)
    return target


def write_dicom(
    path: Path,
    *,
    sop_class: str = "1.2.840.10008.5.1.4.1.1.77.1.6",
    syntax: str = "1.2.840.10008.1.2.1",
    modality: str = "SM",
    image_type: str = "ORIGINAL\\PRIMARY\\VOLUME\\NONE",
    columns: int | None = None,
    series: str = "",
) -> Path:
    """The head of a DICOM file, without pixels."""
    data = b"\0" * 128 + b"DICM"
    data += _element(0x0002, 0x0010, b"UI", syntax)
    data += _element(0x0008, 0x0008, b"CS", image_type)
    data += _element(0x0008, 0x0016, b"UI", sop_class)
    data += _element(0x0008, 0x0060, b"CS", modality)
    # a sequence of unstated length with one item of unstated length inside
    data += struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    data += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    data += _element(0x0008, 0x1150, b"UI", "1.2.3")
    data += struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    data += _element(0x0010, 0x0020, b"LO", "1")
    if series:
        data += _element(0x0020, 0x000E, b"UI", series)
    if columns is not None:
        data += struct.pack("<HH2sHI", 0x0048, 0x0006, b"UL", 4, columns)
    path.write_bytes(data)
    return path


def _element(group: int, element: int, kind: bytes, text: str) -> bytes:
    value = text.encode()
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", group, element, kind, len(value)) + value


def _resolution(mpp: float | None, shrink: int) -> dict[str, object]:
    if mpp is None:
        return {}
    per_cm = 1e4 / (mpp * shrink)
    return {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}
