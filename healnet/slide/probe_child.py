"""First look at a slide, in a process that is allowed to die.

Started by :mod:`healnet.slide.intake`. Opens one file under memory and time limits, reads a
sample of every level, and writes what it found as one line of JSON. Uses no numpy, so that it
starts fast and fits under a small memory limit.
"""

import io
import json
import random
import re
import sys
import time
from pathlib import Path

import openslide
from PIL import Image, ImageChops

from healnet.exceptions import SlideError
from healnet.slide.colour_label import is_mislabelled_rgb
from healnet.slide.properties import Limits
from healnet.slide.tiff_header import read_tiff_header
from healnet.slide.tile_index import LevelTiles, index_tiles

_ALL_TILES_UP_TO = 64
_RANDOM_TILES = 16
_READ_BUDGET_S = 8.0
_MAX_READ_PX = 1024
_IDENTITY = re.compile(
    r"patient|\bmrn\b|\bdob\b|birth|accession|medical.?record|specimen.?label|barcode",
    re.IGNORECASE,
)
_DROPPED = re.compile(
    r"PatientOrientation|IdentityRemoved|Deidentification|InImage", re.IGNORECASE
)


def look(path: Path, *, is_tiff: bool) -> dict[str, object]:
    """Return what the file says and how its pixels read, as JSON values."""
    try:
        slide = openslide.OpenSlide(path)
    except openslide.OpenSlideError:
        return {"refused": "open"}
    found: dict[str, object] = {
        "vendor": slide.properties.get("openslide.vendor", ""),
        "mpp": [slide.properties.get(f"openslide.mpp-{axis}", "") for axis in "xy"],
        "objective": slide.properties.get("openslide.objective-power", ""),
        "levels": _levels(slide),
        "identity": _identity_fields(slide),
    }
    found["bad"], found["checked"] = _read_samples(path, slide)
    found |= _look_at_tiles(path, openslide.OpenSlide(path)) if is_tiff else {}
    return found


def _levels(slide: openslide.OpenSlide) -> list[dict[str, float]]:
    levels = []
    for index, (width, height) in enumerate(slide.level_dimensions):
        prefix = f"openslide.level[{index}].tile-"
        levels.append(
            {
                "width": width,
                "height": height,
                "downsample": slide.level_downsamples[index],
                "tile_width": int(slide.properties.get(prefix + "width", 0)),
                "tile_height": int(slide.properties.get(prefix + "height", 0)),
            }
        )
    return levels


def _identity_fields(slide: openslide.OpenSlide) -> list[str]:
    return sorted(
        name.split(".", 1)[-1][:64]
        for name, value in slide.properties.items()
        if value.strip() and _IDENTITY.search(name) and not _DROPPED.search(name)
    )


def _read_samples(
    path: Path, slide: openslide.OpenSlide
) -> tuple[list[tuple[int, int, int]], list[int]]:
    bad: list[tuple[int, int, int]] = []
    checked: list[int] = []
    started = time.monotonic()
    for level in reversed(range(slide.level_count)):
        cells = _cells(slide, level)
        for done, (column, row, box) in enumerate(cells):
            if time.monotonic() - started > _READ_BUDGET_S and done:
                break
            try:
                slide.read_region(box[:2], level, box[2:])
            except openslide.OpenSlideError:
                bad.append((level, column, row))
                slide = openslide.OpenSlide(path)  # the old handle answers nothing any more
        checked.append(min(done + 1, len(cells)))
    return bad, checked[::-1]


def _cells(
    slide: openslide.OpenSlide, level: int
) -> list[tuple[int, int, tuple[int, int, int, int]]]:
    width, height = slide.level_dimensions[level]
    prefix = f"openslide.level[{level}].tile-"
    side_x = min(int(slide.properties.get(prefix + "width", 256)), _MAX_READ_PX)
    side_y = min(int(slide.properties.get(prefix + "height", 256)), _MAX_READ_PX)
    columns, rows = -(-width // side_x), -(-height // side_y)
    scale = slide.level_downsamples[level]
    cells = []
    for column, row in _choose(columns, rows, level):
        x, y = column * side_x, row * side_y
        size = min(side_x, width - x), min(side_y, height - y)
        cells.append((column, row, (round(x * scale), round(y * scale), *size)))
    return cells


def _choose(columns: int, rows: int, seed: int) -> list[tuple[int, int]]:
    if columns * rows <= _ALL_TILES_UP_TO:
        return [(column, row) for row in range(rows) for column in range(columns)]
    chance = random.Random(seed)  # noqa: S311  (a sample of tiles, no secret)
    corners = [(x, y) for x in (0, columns - 1) for y in (0, rows - 1)]
    some = [(chance.randrange(columns), chance.randrange(rows)) for _ in range(_RANDOM_TILES)]
    return list(dict.fromkeys([*corners, (columns // 2, rows // 2), *some]))


def _look_at_tiles(path: Path, slide: openslide.OpenSlide) -> dict[str, object]:
    header = read_tiff_header(path, Limits())
    indexed = [
        (level, index_tiles(header, width=width, height=height))
        for level, (width, height) in enumerate(slide.level_dimensions)
    ]
    tiles = [(level, found) for level, found in indexed if found is not None]
    if not tiles:
        return {}
    if is_mislabelled_rgb(tiles[0][1]):
        return {"mislabelled_rgb": True}
    return {"exact_tiles": all(_is_exact(slide, level, found) for level, found in tiles)}


def _is_exact(slide: openslide.OpenSlide, level: int, tiles: LevelTiles) -> bool:
    """Return whether stored tiles decode to the very pixels that the reader gives."""
    scale = slide.level_downsamples[level]
    for column, row in {(0, 0), (tiles.columns // 2, tiles.rows // 2)}:
        x, y = column * tiles.tile_width, row * tiles.tile_height
        size = min(tiles.tile_width, tiles.width - x), min(tiles.tile_height, tiles.height - y)
        try:
            jpeg = tiles.jpeg(column, row)
            if jpeg is None:
                continue
            seen = slide.read_region((round(x * scale), round(y * scale)), level, size)
            own = decode(jpeg).crop((0, 0, *size))
        except (openslide.OpenSlideError, SlideError, OSError):
            return False
        if ImageChops.difference(seen.convert("RGB"), own).getbbox() is not None:
            return False
    return True


def decode(jpeg: bytes) -> Image.Image:
    """Return the pixels of a JPEG file as RGB."""
    return Image.open(io.BytesIO(jpeg), formats=("JPEG",)).convert("RGB")


def _look_with_formats(path: Path) -> dict[str, object]:
    from healnet.slide.formats_reader import describe  # noqa: PLC0415  (heavy)

    return describe(path)


def limit_this_process(limits: Limits) -> None:
    """Give this process little memory and time, where the system knows how."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  (not on Windows)

    for kind, value in (
        (resource.RLIMIT_AS, limits.child_bytes),
        (resource.RLIMIT_CPU, limits.child_cpu_s),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, hard))


def main(arguments: list[str]) -> int:
    """Look at the file named on the command line and write the answer to standard output."""
    request = json.loads(arguments[0])
    limit_this_process(Limits(**request["limits"]))
    try:
        path = Path(request["path"])
        if request["reader"] == "formats":
            answer = _look_with_formats(path)
        else:
            answer = look(path, is_tiff=request["is_tiff"])
    except (SlideError, MemoryError, OSError, ValueError):
        answer = {"refused": "read"}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
