"""Whether a TIFF file may be handed to a decoder: limits, tables and pixel types.

One small file can claim a tile of a terabyte and stop the process that believes it. So sizes
and tables are checked here, from the header alone.
"""

import math

from healnet.exceptions import Notice, SlideError
from healnet.slide.properties import Limits
from healnet.slide.tiff_header import Tag, TiffHeader, TiffPage, damaged, truncated

_COLOUR_MODELS = {0: "grayscale", 1: "grayscale", 3: "palette", 4: "a mask", 5: "CMYK"}
_COLOUR_MODELS |= {8: "CIE Lab", 9: "ICC Lab", 10: "ITU Lab"}
_RGB = 2
_FLOAT = 3
_UNSIGNED = (1, 4)  # 4 is "undefined", which readers treat as unsigned
_CONVERT = "vips tiffsave in.tif out.tif --tile --pyramid --compression jpeg --Q 90"


def check_tiff(
    header: TiffHeader, limits: Limits, *, allows_strips: bool = False
) -> tuple[Notice, ...]:
    """Return warnings about a TIFF file that may be read.

    Args:
        header: Its directories.
        limits: How large it may be.
        allows_strips: Whether there is a reader for images that are not tiled.

    Raises:
        SlideError: If the file is too large in any way, damaged, or has no RGB pixels in tiles.
    """
    name = header.path.name
    for page in header.pages:
        _check_size(page, limits, name)
        _check_metadata(header, page)
    if header.is_ndpi:
        return ()
    tiled = [page for page in header.pages if page.is_tiled]
    main = max(tiled or header.pages[:1], key=lambda page: page.width * page.height)
    _check_pixels(main, name)
    size = main.width * main.height * main.samples
    if not tiled and not (allows_strips and size <= limits.untiled_bytes):
        raise _not_tiled(name)
    for page in tiled:
        _check_tiles(header, page, limits)
    return _notices(header, main)


def _check_size(page: TiffPage, limits: Limits, name: str) -> None:
    for side, value in (("width", page.width), ("height", page.height)):
        if value == 0:
            raise damaged(name, f"an image of the file has no pixels: its {side} is 0")
        if value > limits.side_px:
            raise SlideError(
                f"{side} {value:,} pixels, limit {limits.side_px:,}",
                code="SLIDE-SIZE",
                where=name,
                why="it would not fit in memory, or the header is damaged",
                fix="copy the file again, or export a smaller region",
            )


def _check_metadata(header: TiffHeader, page: TiffPage) -> None:
    text = header.data(page, Tag.DESCRIPTION).upper()
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise SlideError(
            "the metadata is not valid XML: it holds entity declarations",
            code="SLIDE-METADATA",
            where=header.path.name,
            why="such text can stall a reader or pull in other files",
            fix="export the slide again without custom metadata",
        )


def _check_pixels(page: TiffPage, name: str) -> None:
    if page.number(Tag.SAMPLE_FORMAT, 1) == _FLOAT:
        raise _pixel_type(name, "floating-point pixels are not supported")
    if page.number(Tag.SAMPLE_FORMAT, 1) not in _UNSIGNED:
        raise _pixel_type(name, "signed pixels are not supported")
    if page.bits not in (8, 16):
        raise _pixel_type(name, f"{page.bits} bits per channel are not supported")
    model = _COLOUR_MODELS.get(page.number(Tag.PHOTOMETRIC, _RGB))
    if model is not None:
        raise SlideError(
            f"{model}: RGB brightfield is needed",
            code="SLIDE-GRAYSCALE" if model == "grayscale" else "SLIDE-COLOUR-MODEL",
            where=name,
            why="the stain cannot be seen without true colours",
            fix="export the slide as RGB",
        )
    if page.samples not in (3, 4):
        raise SlideError(
            f"{page.samples:,} channels declared, 3 or 4 expected",
            code="SLIDE-CHANNELS",
            where=name,
            why="only RGB brightfield slides are read",
            fix="export the slide as RGB",
        )


def _pixel_type(name: str, what: str) -> SlideError:
    return SlideError(
        what,
        code="SLIDE-PIXEL-TYPE",
        where=name,
        why="only RGB brightfield slides with 8 bits per channel are read",
        fix="export the slide as 8-bit RGB",
    )


def _not_tiled(name: str) -> SlideError:
    return SlideError(
        "the image is stored in strips, not tiled",
        code="SLIDE-NOT-TILED",
        where=name,
        why="every look at a small area would read the whole image",
        fix=f"convert it to a tiled pyramid, for example: {_CONVERT}; "
        "small images can be read after pip install 'healnet-app[formats]'",
    )


def _check_tiles(header: TiffHeader, page: TiffPage, limits: Limits) -> None:
    name = header.path.name
    width, height = page.tile_size
    if width == 0 or height == 0:
        raise damaged(name, "tile directory is damaged: a tile has no pixels")
    needed = width * height * page.samples * math.ceil(page.bits / 8)
    if needed > limits.tile_bytes:
        raise SlideError(
            f"one tile would need {_size_text(needed)}, limit {_size_text(limits.tile_bytes)}",
            code="SLIDE-TILE-SIZE",
            where=f"{name}, tiles of {width:,} x {height:,} pixels",
            why="reading it could stop the program",
            fix="convert the slide to tiles of 256 x 256 or 512 x 512 pixels",
        )
    planes = page.samples if page.number(Tag.PLANAR, 1) == 2 else 1  # noqa: PLR2004
    expected = math.ceil(page.width / width) * math.ceil(page.height / height) * planes
    for tag in (Tag.TILE_OFFSETS, Tag.TILE_COUNTS):
        _check_table(header, page, tag, expected)
    _check_reach(header, page)


def _check_table(header: TiffHeader, page: TiffPage, tag: int, expected: int) -> None:
    table = page.tags.get(tag)
    if table is None or table.count != expected:
        found = 0 if table is None else table.count
        raise damaged(
            header.path.name,
            f"tile directory is damaged: {found:,} tiles listed, {expected:,} needed",
        )
    if table.position < 8:  # noqa: PLR2004  (inside the file's own header)
        raise damaged(header.path.name, "tile directory is damaged: it lies in the header")
    if table.position + table.size > header.size:
        raise truncated(
            header.path.name,
            size=header.size,
            needed=table.position + table.size,
            what="the tile table lies past the end of the file",
        )


def _check_reach(header: TiffHeader, page: TiffPage) -> None:
    offsets = header.values(page, Tag.TILE_OFFSETS)
    counts = header.values(page, Tag.TILE_COUNTS)
    if not any(counts):
        raise damaged(header.path.name, "tile directory is damaged: every tile is empty")
    reach = max(start + length for start, length in zip(offsets, counts, strict=False))
    if reach > header.size:
        raise truncated(
            header.path.name,
            size=header.size,
            needed=reach,
            what="the tile table points past the end of the file",
        )


def _notices(header: TiffHeader, main: TiffPage) -> tuple[Notice, ...]:
    name = header.path.name
    notices = []
    if main.bits == 16:  # noqa: PLR2004
        notices.append(
            Notice(code="SLIDE-16-BIT", what="16-bit colours are reduced to 8-bit", where=name)
        )
    if main.samples == 4:  # noqa: PLR2004
        notices.append(
            Notice(
                code="SLIDE-ALPHA",
                what="the slide has a transparency channel; it is laid over white",
                where=name,
            )
        )
    if main.number(Tag.ORIENTATION, 1) != 1:
        notices.append(
            Notice(
                code="SLIDE-ORIENTATION",
                what="the file asks to be shown rotated or mirrored; it is shown as stored",
                where=name,
                why="viewer, heatmap and patches all use the stored orientation",
            )
        )
    return (*notices, *_profile_notice(header, main))


def _profile_notice(header: TiffHeader, main: TiffPage) -> tuple[Notice, ...]:
    profile = header.data(main, Tag.ICC, limit=128)
    if not profile or profile[36:40] == b"acsp":  # the mark of a colour profile's header
        return ()
    what = "the colour profile is unreadable and ignored"
    return (Notice(code="SLIDE-ICC", what=what, where=header.path.name),)


def _size_text(size: int) -> str:
    number = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:  # noqa: PLR2004
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
