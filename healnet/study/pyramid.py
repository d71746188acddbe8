"""Write a slide as Aperio scanners do: tiled JPEG levels in one TIFF file.

OpenSlide opens the file as vendor ``aperio``: the full image first, then the thumbnail, then
the smaller levels. Tiles are encoded once, by Pillow, and stored as they are.

Source: OpenSlide, "Aperio format", https://openslide.org/formats/aperio/ (2025).
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from healnet.study.tiff import JpegPage, write_tiff

TILE_PX = 256
LEVEL_FACTORS = (4, 16)
THUMBNAIL_PX = 512
SMALLEST_LEVEL_PX = 256
MAKER = "Aperio Image Library (synthetic, HEALNet Workbench)"
Pixels = UInt8[np.ndarray, "h w 3"]


def write_svs(
    path: Path, pixels: Pixels, *, mpp: float = 0.5, magnification: int = 20, quality: int = 75
) -> None:
    """Write ``pixels`` and its smaller levels to ``path``, which is replaced in one step.

    Args:
        path: Target.
        pixels: Level 0 in red, green and blue.
        mpp: Micrometres per level-0 pixel.
        magnification: Of the objective.
        quality: JPEG quality, 1 to 95.
    """
    part = path.with_name(path.name + ".part")
    write_tiff(part, _pages(pixels, mpp=mpp, magnification=magnification, quality=quality))
    part.replace(path)


def encode_jpeg(image: Image.Image, *, quality: int) -> bytes:
    """Return a baseline JPEG with chroma at half resolution."""
    buffer = BytesIO()
    image.save(buffer, format="JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def _pages(
    pixels: Pixels, *, mpp: float, magnification: int, quality: int
) -> Iterator[JpegPage]:
    full = Image.fromarray(pixels)
    size = f"{full.width}x{full.height}"
    scan = f"{size} [0,0 {size}] ({TILE_PX}x{TILE_PX}) JPEG/RGB Q={quality}"
    values = f"AppMag = {magnification}|MPP = {mpp:.4f}|Title = synthetic study slide"
    yield _tiled(full, f"{scan}|{values}", mpp=mpp, quality=quality)
    thumbnail = full.copy()
    thumbnail.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), reducing_gap=2.0)
    yield JpegPage(
        width=thumbnail.width,
        height=thumbnail.height,
        description=f"{MAKER}\r\n{size} -> {thumbnail.width}x{thumbnail.height} - ",
        segments=[encode_jpeg(thumbnail, quality=quality)],
        tile_px=None,
    )
    for factor in LEVEL_FACTORS:
        if max(full.size) // factor >= SMALLEST_LEVEL_PX:
            level = full.reduce(factor)
            text = f"{scan} -> {level.width}x{level.height} JPEG/RGB Q={quality}"
            yield _tiled(level, text, mpp=mpp * factor, quality=quality)


def _tiled(image: Image.Image, text: str, *, mpp: float, quality: int) -> JpegPage:
    return JpegPage(
        width=image.width,
        height=image.height,
        description=f"{MAKER}\r\n{text}",
        segments=_tiles(image, quality=quality),
        tile_px=TILE_PX,
        mpp=mpp,
    )


def _tiles(image: Image.Image, *, quality: int) -> Iterator[bytes]:
    for top in range(0, image.height, TILE_PX):
        for left in range(0, image.width, TILE_PX):
            right, bottom = image.width - left, image.height - top
            box = (left, top, left + min(right, TILE_PX), top + min(bottom, TILE_PX))
            yield encode_jpeg(_filled(image.crop(box)), quality=quality)


def _filled(tile: Image.Image) -> Image.Image:
    """Return the tile at full size; beyond the image its last row and column are repeated."""
    if tile.size == (TILE_PX, TILE_PX):
        return tile
    padding = ((0, TILE_PX - tile.height), (0, TILE_PX - tile.width), (0, 0))
    return Image.fromarray(np.pad(np.asarray(tile), padding, mode="edge"))
