"""Reading formats that OpenSlide does not know, through the extra ``formats`` (large-image).

Nothing of the extra is imported before such a file is opened. Levels are made by halving; what
the source stores is its own affair.
"""

import importlib
import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.properties import Level
from healnet.slide.resample import over_white

_SMALLEST = 256
_UM_PER_MM = 1000.0


def has_formats() -> bool:
    """Return whether the extra ``formats`` is installed."""
    return importlib.util.find_spec("large_image") is not None


def describe(path: Path) -> dict[str, object]:
    """Return what a file says about itself, as the probing process answers it."""
    try:
        source = _open(path)
        known = source.getMetadata()
        FormatsReader(path).read_region(0, l0_x=0, l0_y=0, width=1, height=1)
    except _errors():
        return {"refused": "open"}
    width, height = int(known["sizeX"]), int(known["sizeY"])
    across, down = (known.get(name) for name in ("mm_x", "mm_y"))
    return {
        "vendor": "other",
        "mpp": ["" if each is None else each * _UM_PER_MM for each in (across, down)],
        "objective": "",  # the source derives it from the pixel size where the file has none
        "levels": [vars(level) for level in _halved(width, height)],
        "identity": [],
        "bad": [],
        "checked": [1],
        "reader": "formats",
    }


class FormatsReader:
    """Reads through large-image."""

    def __init__(self, path: Path) -> None:
        self._source = _open(path)
        self._name = path.name

    @property
    def associated_names(self) -> tuple[str, ...]:
        """Names of label, macro and thumbnail images, never their pixels."""
        return tuple(self._source.getAssociatedImagesList())

    def read_region(
        self, level: int, *, l0_x: int, l0_y: int, width: int, height: int
    ) -> UInt8[ndarray, "h w 3"]:
        """Return pixels at 1/2, 1/4, ... of the slide, transparent ones as white.

        Raises:
            SlideError: ``SLIDE-READ`` if the area cannot be decoded.
        """
        scale = 2**level
        area = {"left": l0_x, "top": l0_y, "width": width * scale, "height": height * scale}
        try:
            pixels, _ = self._source.getRegion(
                region={**area, "units": "base_pixels"},
                output={"maxWidth": width, "maxHeight": height},
                format="numpy",
            )
        except _errors() as error:
            raise SlideError(
                "the slide cannot be read here",
                code="SLIDE-READ",
                where=f"{self._name}, x {l0_x}, y {l0_y}",
                why="the stored image data is damaged; the copy may be incomplete",
                fix="copy the file again from the scanner",
            ) from error
        return _exactly(_as_rgb(pixels), width, height)

    def close(self) -> None:
        """Forget the source; it has no handle of its own to close."""
        self._source = None


def _open(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202  (a class of the extra)
    limit = Image.MAX_IMAGE_PIXELS
    package = _package()
    Image.MAX_IMAGE_PIXELS = limit  # importing it switches the limit off for everybody
    return package.open(str(path))


def _package() -> ModuleType:
    return importlib.import_module("large_image")


def _errors() -> tuple[type[Exception], ...]:
    found: list[type[Exception]] = [OSError, RuntimeError, ValueError, ImportError, KeyError]
    found.append(importlib.import_module("large_image.exceptions").TileSourceError)
    if importlib.util.find_spec("pyvips") is not None:
        found.append(importlib.import_module("pyvips").Error)
    return tuple(found)


def _halved(width: int, height: int) -> tuple[Level, ...]:
    count = max(math.ceil(math.log2(max(width, height) / _SMALLEST)), 0) + 1
    return tuple(
        Level(width=-(-width // 2**k), height=-(-height // 2**k), downsample=float(2**k))
        for k in range(count)
    )


def _as_rgb(pixels: ndarray) -> UInt8[ndarray, "h w 3"]:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    mode = "RGBA" if pixels.shape[2] == 4 else "RGB"  # noqa: PLR2004
    return over_white(Image.fromarray(np.ascontiguousarray(pixels), mode))


def _exactly(
    pixels: UInt8[ndarray, "h w 3"], width: int, height: int
) -> UInt8[ndarray, "h2 w2 3"]:
    """Return the pixels at the size that was asked for: the edge may be short by rounding."""
    short_down, short_across = height - pixels.shape[0], width - pixels.shape[1]
    if short_down <= 0 and short_across <= 0:
        return pixels[:height, :width]
    missing = ((0, max(short_down, 0)), (0, max(short_across, 0)), (0, 0))
    padded: UInt8[ndarray, "h2 w2 3"] = np.pad(pixels, missing, "edge")[:height, :width]
    return padded
