"""Makes the bytes behind the routes: tiles, regions, thumbnails. Knows slides, not HTTP."""

import io
import logging
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.tiles.byte_cache import ByteCache
from app.tiles.handles import OpenSlideEntry, SlideHandles, SlideSource
from app.tiles.jpeg_check import is_unbroken
from app.tiles.pyramid import TileLevel, box_of_tile
from app.tiles.reduced_tiles import reduced_tile
from healnet.exceptions import SlideError
from healnet.slide.geometry import Box, level_for
from healnet.slide.reader import Slide
from healnet.slide.tiles import encode_jpeg

TILE_CACHE_BYTES = 128 * 1024**2
MAX_REGION_PIXELS = 16 * 1024**2
THUMBNAIL_PX = 512
SURROUND = (242, 243, 245)  # what the viewer shows beside the slide
_RESOLVED_FOR_S = 5.0
_READ_ERRORS = frozenset({"SLIDE-READ", "SLIDE-BOUNDS"})

_log = logging.getLogger(__name__)

ResolveSlide = Callable[[str], SlideSource | None]


class TileService:
    """Turns slide ids and tile numbers into JPEG files.

    Every method answers None for whatever is not there, and never raises for a damaged slide:
    the viewer shows a hatch and goes on.

    Args:
        resolve_slide: From a slide id to its file; None if there is none. May be slow.
    """

    def __init__(self, resolve_slide: ResolveSlide) -> None:
        self._resolve_slide = resolve_slide
        self._resolved: dict[str, tuple[float, SlideSource]] = {}
        self._handles = SlideHandles()
        self._tiles = ByteCache(TILE_CACHE_BYTES)

    def known_source(self, slide_id: str) -> SlideSource | None:
        """Return a slide that was resolved a moment ago, without waiting for anything."""
        when, source = self._resolved.get(slide_id, (-_RESOLVED_FOR_S, None))
        return source if time.monotonic() - when < _RESOLVED_FOR_S else None

    def source(self, slide_id: str) -> SlideSource | None:
        """Return the slide of an id, or None."""
        source = self._resolve_slide(slide_id)
        if source is None:
            self._resolved.pop(slide_id, None)
        else:
            self._resolved[slide_id] = (time.monotonic(), source)
        return source

    def is_open(self, source: SlideSource) -> bool:
        """Return whether a slide is open, without waiting for anything."""
        return self._handles.known(source) is not None

    def open(self, source: SlideSource) -> None:
        """Open a slide, so that its tiles need not wait for that. May be slow."""
        self._with_slide(source, lambda _: None)

    def ready_tile(
        self, source: SlideSource, level: int, column: int, row: int
    ) -> bytes | None:
        """Return a tile that costs no decoding: kept, or stored in the file as it is."""
        name = (source, level, column, row)
        kept = self._tiles.get(name)
        entry = self._handles.known(source)
        if kept is not None or entry is None:
            return kept
        stored = _stored_tile(entry, level, column, row)
        if stored is not None:
            self._tiles.put(name, stored)
        return stored

    def tile(self, source: SlideSource, level: int, column: int, row: int) -> bytes | None:
        """Return a tile, opening the slide and reading pixels where needed."""
        return self._with_slide(
            source, lambda entry: self._make_tile(source, entry, level, column, row)
        )

    def region(
        self, source: SlideSource, *, x: int, y: int, size: int, pixels: int
    ) -> bytes | None:
        """Return a square of the slide; what lies beside the slide has the viewer's ground.

        Args:
            source: The slide.
            x: Left edge, level-0 pixels; may lie off the slide.
            y: Top edge.
            size: Side of the square, level-0 pixels.
            pixels: Side of the answer.
        """
        if size < 1 or not 1 <= pixels**2 <= MAX_REGION_PIXELS:
            return None
        return self._with_slide(source, lambda entry: _region(entry.slide, x, y, size, pixels))

    def thumbnail(self, source: SlideSource) -> bytes | None:
        """Return the whole slide in at most 512 pixels."""
        name = (source, "thumbnail")
        kept = self._tiles.get(name)
        if kept is not None:
            return kept
        made = self._with_slide(
            source, lambda entry: encode_jpeg(entry.slide.thumbnail(THUMBNAIL_PX))
        )
        if made is not None:
            self._tiles.put(name, made)
        return made

    def close(self) -> None:
        """Close every slide."""
        self._handles.close()

    def _make_tile(
        self, source: SlideSource, entry: OpenSlideEntry, level: int, column: int, row: int
    ) -> bytes | None:
        place = (level, column, row)
        if not _has_tile(entry, *place) or place in entry.bad_tiles:
            return None
        ready = self.ready_tile(source, *place)
        if ready is not None:
            return ready
        try:
            made = _read_tile(entry, *place)
        except SlideError:
            entry.bad_tiles.add(place)
            raise
        self._tiles.put((source, *place), made)
        return made

    def _with_slide(
        self, source: SlideSource, work: Callable[[OpenSlideEntry], bytes | None]
    ) -> bytes | None:
        try:
            with self._handles.borrow(source) as entry:
                return work(entry)
        except SlideError as error:
            _log.info("%s while reading a tile", error.code)
            if error.code not in _READ_ERRORS:
                self._handles.drop(source)
            return None


def _has_tile(entry: OpenSlideEntry, level: int, column: int, row: int) -> bool:
    if not 0 <= level < len(entry.levels):
        return False
    return entry.levels[level].tile_size(column, row) is not None


def _stored_tile(entry: OpenSlideEntry, level: int, column: int, row: int) -> bytes | None:
    if entry.slide.stored_tiles is None or not _has_tile(entry, level, column, row):
        return None
    stored = entry.levels[level].stored
    if stored is None:
        return None
    jpeg = entry.slide.stored_tiles.get_whole(stored, column, row)
    return jpeg if jpeg is not None and is_unbroken(jpeg) else None


def _read_tile(entry: OpenSlideEntry, level: int, column: int, row: int) -> bytes:
    wanted = entry.levels[level]
    small = _reduced(entry, wanted, column, row)
    if small is not None:
        return encode_jpeg(np.asarray(small))
    box = box_of_tile(wanted, column, row, properties=entry.slide.properties)
    size = wanted.tile_size(column, row)
    if box is None or size is None:
        raise SlideError("there is no such tile", code="SLIDE-BOUNDS", where=entry.slide.name)
    return encode_jpeg(entry.slide.read(box, size=size))


def _reduced(
    entry: OpenSlideEntry, wanted: TileLevel, column: int, row: int
) -> Image.Image | None:
    stored, size = entry.slide.stored_tiles, wanted.tile_size(column, row)
    if stored is None or size is None or wanted.made_from is None:
        return None
    level = entry.slide.properties.levels[wanted.made_from]
    if (level.tile_width, level.tile_height) != (wanted.tile_width, wanted.tile_height):
        return None
    return reduced_tile(
        stored,
        wanted.made_from,
        factor=wanted.factor,
        place=(column, row),
        tile_px=wanted.tile_width,
        size=size,
    )


def _region(slide: Slide, x: int, y: int, size: int, pixels: int) -> bytes | None:
    properties = slide.properties
    wanted = Box(x=x, y=y, width=size, height=size)
    inside = wanted.clipped(width=properties.width, height=properties.height)
    if inside is None or _pixels_read(slide, inside, size / pixels) > MAX_REGION_PIXELS:
        return None
    scale = pixels / size
    width, height = max(1, round(inside.width * scale)), max(1, round(inside.height * scale))
    part = slide.read(inside, size=(width, height))
    if inside == wanted:
        return encode_jpeg(part)
    left, top = round((inside.x - x) * scale), round((inside.y - y) * scale)
    return _on_ground(part, left, top, pixels)


def _pixels_read(slide: Slide, box: Box, wanted_downsample: float) -> float:
    downsamples = slide.properties.downsamples
    downsample = downsamples[level_for(downsamples, max(wanted_downsample, 1e-6))]
    return box.width * box.height / downsample**2


def _on_ground(part: NDArray[np.uint8], left: int, top: int, pixels: int) -> bytes:
    ground = Image.new("RGB", (pixels, pixels), SURROUND)
    ground.paste(Image.fromarray(part), (left, top))
    buffer = io.BytesIO()
    ground.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
