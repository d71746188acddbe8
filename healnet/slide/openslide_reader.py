"""Reading through OpenSlide, which knows most formats of slide scanners."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openslide
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.resample import over_white

_log = logging.getLogger(__name__)


class OpenSlideReader:
    """Reads through OpenSlide, and replaces its handle after an error.

    An OpenSlide handle answers every call with an error after the first one. So a failed read
    is tried again on a handle of its own, which tells a bad tile from a spoilt handle.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Condition()
        self._num_inside = 0
        self._is_closed = False
        self._handle = self._open()

    @property
    def associated_names(self) -> tuple[str, ...]:
        """Names of label, macro and thumbnail images, never their pixels."""
        with self._inside() as handle:
            return tuple(handle.associated_images)

    def read_region(
        self, level: int, *, l0_x: int, l0_y: int, width: int, height: int
    ) -> UInt8[ndarray, "h w 3"]:
        """Return pixels of a stored level, transparent ones as white.

        Raises:
            SlideError: ``SLIDE-READ`` if a tile under the area cannot be decoded;
                ``SLIDE-CLOSED`` after :meth:`close`.
        """
        with self._inside() as handle:
            try:
                image = handle.read_region((l0_x, l0_y), level, (width, height))
            except openslide.OpenSlideError:
                image = self._read_alone(handle, level, l0_x, l0_y, width, height)
        return over_white(image)

    def close(self) -> None:
        """Release the file once nobody reads: a read in flight would end the process."""
        with self._lock:
            self._is_closed = True
            self._lock.wait_for(lambda: self._num_inside == 0)
            self._handle.close()

    @contextmanager
    def _inside(self) -> Iterator[openslide.OpenSlide]:
        with self._lock:
            if self._is_closed:
                raise SlideError(
                    "the slide was closed", code="SLIDE-CLOSED", where=self._path.name
                )
            self._num_inside += 1
            handle = self._handle
        try:
            yield handle
        finally:
            with self._lock:
                self._num_inside -= 1
                self._lock.notify_all()

    def _read_alone(
        self,
        failed: openslide.OpenSlide,
        level: int,
        l0_x: int,
        l0_y: int,
        width: int,
        height: int,
    ) -> Image.Image:
        with self._lock:
            if self._handle is failed:  # other threads may still be inside: do not close it
                self._handle = self._open()
        alone = self._open()
        try:
            return alone.read_region((l0_x, l0_y), level, (width, height))
        except openslide.OpenSlideError as error:
            _log.info("SLIDE-READ at level %d", level)
            raise SlideError(
                f"level {level} cannot be read here",
                code="SLIDE-READ",
                where=f"{self._path.name}, level {level}, x {l0_x}, y {l0_y}",
                why="the stored image data is damaged; the copy may be incomplete",
                fix="copy the file again from the scanner",
            ) from error
        finally:
            alone.close()

    def _open(self) -> openslide.OpenSlide:
        try:
            return openslide.OpenSlide(self._path)
        except openslide.OpenSlideError as error:
            raise SlideError(
                "the slide cannot be opened",
                code="SLIDE-OPEN",
                where=self._path.name,
                fix="copy the file again from the scanner",
            ) from error
