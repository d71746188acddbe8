"""Tiles for the viewer: the file's own where possible, and always the right pixels."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.geometry import Box
from healnet.slide.intake import probe_slide
from healnet.slide.jpeg_bytes import whole_jpeg
from healnet.slide.openslide_reader import OpenSlideReader
from healnet.slide.reader import open_slide
from healnet.slide.tiles import stored_tile, tile_jpeg, viewer_levels
from tests.slide.make_slides import jpeg_page, jpeg_tiles, stained_disc, write_jpeg_slide
from tests.slide.tiff_writer import Page, write_tiff

SLIDES = ["CMU-1-Small-Region.svs", "CMU-1-overview.tiff"]


def pixels_of(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))


@pytest.mark.parametrize("name", SLIDES)
def test_a_stored_tile_shows_the_pixels_of_the_ordinary_reader(
    test_data: Path, name: str
) -> None:
    path = test_data / "slides" / name
    reader = OpenSlideReader(path)
    with open_slide(path) as slide:
        for level, stored in enumerate(slide.properties.levels):
            for column in range(stored.width // stored.tile_width):
                tile = stored_tile(slide, level, column, 0)
                assert tile is not None
                expected = reader.read_region(
                    level,
                    l0_x=round(column * stored.tile_width * stored.downsample),
                    l0_y=0,
                    width=stored.tile_width,
                    height=stored.tile_height,
                )
                np.testing.assert_array_equal(pixels_of(tile), expected)


def test_a_stored_tile_carries_no_metadata(tmp_path: Path) -> None:
    secret = b"DOE^JANE 1950-02-03"
    page = jpeg_page(stained_disc(512), is_first=True, mpp=0.5, description=secret.decode())
    comment = b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret
    tiles = [tile[:2] + comment + tile[2:] for tile in page.tiles]
    path = write_tiff(tmp_path / "a.tif", [Page(tags=page.tags, tiles=tiles)])

    with open_slide(path) as slide:
        tile = stored_tile(slide, 0, 0, 0)

    assert secret in path.read_bytes()
    assert tile is not None
    assert secret not in tile
    assert b"Exif" not in tile
    np.testing.assert_array_equal(pixels_of(tile), pixels_of(page.tiles[0]))


def test_tables_shared_by_a_level_are_put_back(tmp_path: Path) -> None:
    page = jpeg_page(stained_disc(512), is_first=True, mpp=0.5)
    tables, tiles = b"", []
    for tile in page.tiles:
        segments, rest = split_tables(tile)
        tables = b"\xff\xd8" + segments + b"\xff\xd9"
        tiles.append(rest)
    path = write_tiff(
        tmp_path / "a.tif", [Page(tags=page.tags, tiles=tiles, jpeg_tables=tables)]
    )

    with open_slide(path) as slide:
        assert slide.properties.has_exact_tiles
        shown = [stored_tile(slide, 0, index % 2, index // 2) for index in range(4)]

    for jpeg, original in zip(shown, page.tiles, strict=True):
        assert jpeg is not None
        np.testing.assert_array_equal(pixels_of(jpeg), pixels_of(original))


def split_tables(tile: bytes) -> tuple[bytes, bytes]:
    """Take quantisation and Huffman tables out of a JPEG file."""
    tables, rest, at = b"", tile[:2], 2
    while tile[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(tile[at + 2 : at + 4], "big")
        if tile[at + 1] in (0xDB, 0xC4):
            tables += tile[at:end]
        else:
            rest += tile[at:end]
        at = end
    return tables, rest + tile[at:]


def test_components_are_named_by_the_files_colour_label() -> None:
    tile = jpeg_tiles(stained_disc(256))[0]

    as_ycbcr, as_rgb = (whole_jpeg(tile, b"", is_rgb=flag) for flag in (False, True))

    assert as_ycbcr is not None
    assert as_rgb is not None
    np.testing.assert_array_equal(pixels_of(as_ycbcr), pixels_of(tile))
    raw = Image.open(io.BytesIO(tile))
    raw.draft("YCbCr", raw.size)
    np.testing.assert_array_equal(pixels_of(as_rgb), np.asarray(raw))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"x" * 100])
def test_what_is_no_jpeg_is_not_passed_on(data: bytes) -> None:
    assert whole_jpeg(data, b"", is_rgb=False) is None


def test_a_mislabelled_tile_is_sent_with_the_right_label(test_data: Path) -> None:
    with open_slide(test_data / "slides" / "her2st_B4_pyramid.tiff") as slide:
        tile = stored_tile(slide, 0, 0, 0)
        expected = slide.read(Box(x=0, y=0, width=256, height=256), size=(256, 256))

    assert tile is not None
    np.testing.assert_array_equal(pixels_of(tile), expected)


def test_no_stored_tile_is_passed_on_at_the_edge(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif", stained_disc(300, 700), levels=1)

    with open_slide(path) as slide:
        assert stored_tile(slide, 0, 0, 0) is not None
        assert stored_tile(slide, 0, 2, 0) is None
        assert stored_tile(slide, 0, 0, 1) is None
        assert pixels_of(tile_jpeg(slide, 0, 2, 1, tile_px=256)).shape == (44, 188, 3)


@pytest.mark.parametrize("name", SLIDES)
def test_made_tiles_fill_every_level_exactly(test_data: Path, name: str) -> None:
    with open_slide(test_data / "slides" / name) as slide:
        levels = viewer_levels(slide.properties)
        for number, level in enumerate(levels[1:], start=1):
            shapes = [
                pixels_of(tile_jpeg(slide, number, column, 0, tile_px=256)).shape
                for column in range(-(-level.width // 256))
            ]
            assert sum(shape[1] for shape in shapes) == level.width
            assert {shape[0] for shape in shapes} == {min(256, level.height)}

    assert levels[: len(slide.properties.levels)] == slide.properties.levels
    assert max(levels[-1].width, levels[-1].height) <= 256


def test_a_made_tile_shows_the_slide(test_data: Path) -> None:
    with open_slide(test_data / "slides" / "CMU-1-Small-Region.svs") as slide:
        tile = pixels_of(tile_jpeg(slide, 1, 2, 2, tile_px=256))
        box = Box(x=1024, y=1024, width=512, height=512)
        expected = slide.read(box, size=(32, 32))

    shrunk = np.asarray(Image.fromarray(tile).reduce(8))
    assert np.abs(shrunk.astype(int) - expected).max() < 6


@pytest.mark.parametrize(
    ("level", "column", "row"), [(-1, 0, 0), (9, 0, 0), (0, -1, 0), (0, 0, -1), (0, 4, 0)]
)
def test_a_tile_that_is_not_there_is_an_error(
    sound_slide: Path, level: int, column: int, row: int
) -> None:
    with open_slide(sound_slide) as slide:
        assert stored_tile(slide, level, column, row) is None
        with pytest.raises(SlideError, match="SLIDE-BOUNDS"):
            tile_jpeg(slide, level, column, row, tile_px=256)


def test_formats_without_jpeg_tiles_are_never_passed_on(test_data: Path) -> None:
    path = test_data / "slides" / "dicom_camelyon_jpeg" / "camelyon_jpeg.dcm"

    with open_slide(path) as slide:
        assert not probe_slide(path).has_exact_tiles
        assert stored_tile(slide, 0, 0, 0) is None
        assert pixels_of(tile_jpeg(slide, 0, 0, 0, tile_px=256)).shape == (256, 256, 3)
