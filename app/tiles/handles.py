"""Open slides, shared by all requests, few at a time, replaced when something goes wrong."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.tiles.pyramid import TileLevel, lay_pyramid
from healnet.exceptions import SlideError
from healnet.slide.properties import SlideProperties
from healnet.slide.reader import Slide, open_slide

MAX_OPEN = 16
TRY_AGAIN_S = 5.0  # a file that could not be opened is not probed again for each of its tiles


@dataclass(frozen=True, kw_only=True)
class SlideSource:
    """A slide that a web address may lead to.

    Attributes:
        path: The file.
        mpp: The user's micrometres per level-0 pixel, or None.
        sha256: Hash of the file's content: the version in addresses and ETags.
        properties: What the probe answered for this very file, if that is at hand.
    """

    path: Path
    mpp: float | None = None
    sha256: str = ""
    properties: SlideProperties | None = None

    @property
    def version(self) -> str:
        """Short name of the content, for addresses and ETags."""
        return self.sha256[:16]


@dataclass(kw_only=True)
class OpenSlideEntry:
    """An open slide, its levels, and how many requests are reading from it."""

    slide: Slide
    levels: tuple[TileLevel, ...]
    readers: int = 0
    is_dropped: bool = False
    bad_tiles: set[tuple[int, int, int]] = field(default_factory=set)


class SlideHandles:
    """Keeps the last used slides open; never closes one that is being read."""

    def __init__(self, max_open: int = MAX_OPEN) -> None:
        self._max_open = max_open
        self._entries: OrderedDict[SlideSource, OpenSlideEntry] = OrderedDict()
        self._lock = threading.Lock()
        self._opening: dict[SlideSource, threading.Lock] = {}
        self._refused: dict[SlideSource, tuple[float, SlideError]] = {}

    def known(self, source: SlideSource) -> OpenSlideEntry | None:
        """Return the entry of a slide that is already open, without waiting for anything."""
        with self._lock:
            entry = self._entries.get(source)
            if entry is not None:
                self._entries.move_to_end(source)
            return entry

    @contextmanager
    def borrow(self, source: SlideSource) -> Iterator[OpenSlideEntry]:
        """Lend an open slide for one read.

        Raises:
            SlideError: If the slide cannot be opened.
        """
        entry = self._take(source)
        try:
            yield entry
        finally:
            with self._lock:
                entry.readers -= 1
                is_over = entry.is_dropped and entry.readers == 0
            if is_over:
                entry.slide.close()

    def drop(self, source: SlideSource) -> None:
        """Forget a slide; it is closed when its last reader is done."""
        with self._lock:
            entry = self._entries.pop(source, None)
            if entry is None:
                return
            entry.is_dropped = True
            is_idle = entry.readers == 0
        if is_idle:
            entry.slide.close()

    def close(self) -> None:
        """Forget every slide."""
        with self._lock:
            sources = list(self._entries)
        for source in sources:
            self.drop(source)

    def _take(self, source: SlideSource) -> OpenSlideEntry:
        with self._lock:
            opening = self._opening.setdefault(source, threading.Lock())
        with opening:  # one opens, the others wait for it
            if (entry := self._count(source)) is not None:
                return entry
            slide = self._open(source)
            entry = OpenSlideEntry(slide=slide, levels=lay_pyramid(slide.properties), readers=1)
            with self._lock:
                self._entries[source] = entry
                self._opening.pop(source, None)
        self._shrink()
        return entry

    def _open(self, source: SlideSource) -> Slide:
        when, error = self._refused.get(source, (0.0, None))
        if error is not None and time.monotonic() - when < TRY_AGAIN_S:
            raise error
        try:
            slide = open_slide(source.path, mpp=source.mpp, properties=source.properties)
        except SlideError as refusal:
            self._refused[source] = (time.monotonic(), refusal)
            raise
        self._refused.pop(source, None)
        return slide

    def _count(self, source: SlideSource) -> OpenSlideEntry | None:
        with self._lock:
            entry = self._entries.get(source)
            if entry is not None:
                entry.readers += 1
                self._entries.move_to_end(source)
            return entry

    def _shrink(self) -> None:
        with self._lock:
            surplus = list(self._entries)[: max(0, len(self._entries) - self._max_open)]
        for source in surplus:
            self.drop(source)
