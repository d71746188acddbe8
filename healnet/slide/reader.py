"""Reading pixels: one slide, many file formats behind one protocol.

Rules that hold for every format: positions are level-0 pixels; an area outside the slide raises
instead of coming back empty; transparent pixels are laid over white; the reader survives a bad
tile.
"""

import itertools
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from healnet.exceptions import SlideError
from healnet.slide.formats_reader import FormatsReader
from healnet.slide.geometry import Box, level_for
from healnet.slide.intake import probe_slide
from healnet.slide.openslide_reader import OpenSlideReader
from healnet.slide.properties import SlideProperties
from healnet.slide.resample import scaled
from healnet.slide.stored_tiles import StoredTileReader, StoredTiles, find_stored_tiles

_MAX_PIXELS_AT_ONCE = 8 * 1024**2  # bounds the memory of one read of a finer level


@runtime_checkable
class SlideReader(Protocol):
    """How one family of file formats is read."""

    def read_region(
        self, level: int, *, l0_x: int, l0_y: int, width: int, height: int
    ) -> UInt8[ndarray, "h w 3"]:
        """Return pixels of a stored level; corner in level-0 pixels, size in its own."""
        ...

    @property
    def associated_names(self) -> tuple[str, ...]:
        """Names of label, macro and thumbnail images, never their pixels."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class Slide:
    """An open slide.

    Args:
        reader: How its format is read.
        properties: What is known of it.
        name: File name for messages.
        stored_tiles: Its JPEG tiles that may be passed on undecoded.
    """

    def __init__(
        self,
        reader: SlideReader,
        properties: SlideProperties,
        *,
        name: str,
        stored_tiles: StoredTiles | None = None,
    ) -> None:
        self.properties = properties
        self.name = name
        self.stored_tiles = stored_tiles
        self._reader = reader

    @property
    def associated_names(self) -> tuple[str, ...]:
        """Names of label, macro and thumbnail images, never their pixels."""
        return self._reader.associated_names

    def read(self, box: Box, *, size: tuple[int, int]) -> UInt8[ndarray, "h w 3"]:
        """Return the pixels of a box, scaled to a size, from the best stored level.

        Whole-number reductions average the pixels under each new pixel; others use a triangle
        filter of the same width, which has no jumps.

        Args:
            box: Where, level-0 pixels.
            size: Width and height of the answer, pixels.

        Raises:
            SlideError: ``SLIDE-BOUNDS`` if the box leaves the slide; ``SLIDE-READ`` if a tile
                under it is damaged.
        """
        if not box.is_inside(width=self.properties.width, height=self.properties.height):
            raise SlideError(
                f"the area at x {box.x}, y {box.y} ({box.width} x {box.height} pixels) leaves "
                f"the slide of {self.properties.width} x {self.properties.height} pixels",
                code="SLIDE-BOUNDS",
                where=self.name,
            )
        wanted = min(box.width / size[0], box.height / size[1])
        level = level_for(self.properties.downsamples, wanted)
        return self._read_level(level, box, size)

    def thumbnail(self, max_px: int) -> UInt8[ndarray, "h w 3"]:
        """Return the whole slide with its longer side at most ``max_px``."""
        width, height = self.properties.width, self.properties.height
        shrink = max(width, height) / min(max_px, max(width, height))
        size = (max(round(width / shrink), 1), max(round(height / shrink), 1))
        return self.read(Box(x=0, y=0, width=width, height=height), size=size)

    def close(self) -> None:
        """Release the file."""
        self._reader.close()

    def __enter__(self) -> "Slide":
        """Return the slide itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the file."""
        self.close()

    def _read_level(
        self, level: int, box: Box, size: tuple[int, int]
    ) -> UInt8[ndarray, "h w 3"]:
        downsample = self.properties.levels[level].downsample
        pixels = box.width * box.height / downsample**2
        num_bands = min(max(int(pixels // _MAX_PIXELS_AT_ONCE) + 1, 1), size[1], box.height)
        if num_bands == 1:
            return self._read_band(level, box, size)
        edges = np.linspace(0, size[1], num_bands + 1).round().astype(int)
        bands = []
        for top, bottom in itertools.pairwise(edges):
            y = box.y + round(int(top) * box.height / size[1])
            end = box.y + round(int(bottom) * box.height / size[1])
            band = Box(x=box.x, y=y, width=box.width, height=max(end - y, 1))
            bands.append(self._read_band(level, band, (size[0], int(bottom - top))))
        return np.concatenate(bands)

    def _read_band(
        self, level: int, box: Box, size: tuple[int, int]
    ) -> UInt8[ndarray, "h w 3"]:
        stored = self.properties.levels[level]
        left = min(int(box.x / stored.downsample), stored.width - 1)
        top = min(int(box.y / stored.downsample), stored.height - 1)
        right = min(-int(-box.right // stored.downsample), stored.width)
        bottom = min(-int(-box.bottom // stored.downsample), stored.height)
        pixels = self._reader.read_region(
            level,
            l0_x=round(left * stored.downsample),
            l0_y=round(top * stored.downsample),
            width=max(right - left, 1),
            height=max(bottom - top, 1),
        )
        inner = (
            box.x / stored.downsample - left,
            box.y / stored.downsample - top,
            min(box.right / stored.downsample - left, float(pixels.shape[1])),
            min(box.bottom / stored.downsample - top, float(pixels.shape[0])),
        )
        return scaled(pixels, size, inner)


def open_slide(
    path: Path, *, mpp: float | None = None, properties: SlideProperties | None = None
) -> Slide:
    """Return an open slide, probed before if it was not yet.

    Args:
        path: The slide file.
        mpp: The user's micrometres per level-0 pixel; overrules the file and is marked.
        properties: What :func:`probe_slide` answered for this file earlier, to save the probe.

    Raises:
        SlideError: With the reason why the file is refused.
    """
    known = probe_slide(path) if properties is None else properties
    if mpp is not None:
        known = known.with_user_mpp(mpp, name=path.name)
    tiles = find_stored_tiles(path, known)
    return Slide(_reader_for(path, known, tiles), known, name=path.name, stored_tiles=tiles)


def _reader_for(
    path: Path, properties: SlideProperties, tiles: StoredTiles | None
) -> SlideReader:
    if properties.reader == "formats":
        return FormatsReader(path)
    ordinary = OpenSlideReader(path)
    if not properties.is_mislabelled_rgb or tiles is None:
        return ordinary
    if any(level is None for level in tiles.levels):
        raise SlideError(
            "some levels of the slide have a wrong colour label, others cannot be told",
            code="SLIDE-COLOUR-LABEL",
            where=path.name,
            why="colours would change as one zooms",
            fix="export the slide again with the right colour label",
        )
    return StoredTileReader(tiles, properties.levels, strict=ordinary, name=path.name)
