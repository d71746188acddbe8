"""Reading pixels: right place, right size, white glass, and life after a bad tile."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.geometry import Box
from healnet.slide.intake import probe_slide
from healnet.slide.openslide_reader import OpenSlideReader
from healnet.slide.reader import Slide, SlideReader, open_slide
from healnet.slide.stored_tiles import StoredTileReader, find_stored_tiles
from tests.slide.make_slides import stained_disc, write_jpeg_slide, write_plain_slide


def through(path: Path, reader: str) -> Slide:
    properties = probe_slide(path)
    ordinary = OpenSlideReader(path)
    if reader == "any format":
        return Slide(ordinary, properties, name=path.name)
    tiles = find_stored_tiles(path, properties)
    assert tiles is not None
    by_tile = StoredTileReader(tiles, properties.levels, strict=ordinary, name=path.name)
    return Slide(by_tile, properties, name=path.name)


READERS = ["any format", "tiles"]


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_satisfies_the_protocol(sound_slide: Path, reader: str) -> None:
    with through(sound_slide, reader) as slide:
        assert isinstance(slide._reader, SlideReader)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "CMU-1-overview.tiff"])
def test_every_reader_gives_the_same_pixels(test_data: Path, name: str, reader: str) -> None:
    path = test_data / "slides" / name
    generator = np.random.default_rng(0)

    with through(path, reader) as slide, through(path, "any format") as other:
        for _ in range(25):
            side = int(generator.integers(20, 300))
            box = Box(
                x=int(generator.integers(0, slide.properties.width - side)),
                y=int(generator.integers(0, slide.properties.height - side)),
                width=side,
                height=side,
            )
            size = (int(generator.integers(10, 300)),) * 2

            seen = slide.read(box, size=size).astype(int)
            difference = np.abs(seen - other.read(box, size=size))
            if size[0] > side / 2:  # read from level 0
                assert difference.max() == 0
            else:  # sizes of lower levels are rounded, and so is the place of their pixels
                assert difference.mean() < 1


@pytest.mark.parametrize("reader", READERS)
def test_pixels_come_from_where_they_were_put(tmp_path: Path, reader: str) -> None:
    image = np.full((1024, 1024, 3), 200, np.uint8)
    image[512:768, 256:512] = (180, 60, 120)
    path = write_jpeg_slide(tmp_path / "a.tif", image)

    with through(path, reader) as slide:
        inside = slide.read(Box(x=256, y=512, width=256, height=256), size=(256, 256))
        left = slide.read(Box(x=0, y=512, width=240, height=240), size=(240, 240))
        small = slide.read(Box(x=256, y=512, width=256, height=256), size=(64, 64))

    assert np.abs(inside.reshape(-1, 3).mean(0) - (180, 60, 120)).max() < 3
    assert np.abs(left.reshape(-1, 3).mean(0) - 200).max() < 3
    assert np.abs(small[8:-8, 8:-8].reshape(-1, 3).mean(0) - (180, 60, 120)).max() < 3


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "box",
    [
        Box(x=-1, y=0, width=10, height=10),
        Box(x=0, y=-1, width=10, height=10),
        Box(x=1015, y=0, width=10, height=10),
        Box(x=0, y=1015, width=10, height=10),
        Box(x=0, y=0, width=1025, height=1),
        Box(x=10**9, y=0, width=1, height=1),
    ],
    ids=str,
)
def test_outside_the_slide_is_an_error(sound_slide: Path, reader: str, box: Box) -> None:
    with through(sound_slide, reader) as slide, pytest.raises(SlideError, match="BOUNDS"):
        slide.read(box, size=(10, 10))


def test_transparent_pixels_are_laid_over_white(tmp_path: Path) -> None:
    image = np.zeros((300, 300, 4), np.uint8)  # black, wholly transparent
    image[:150, :, 3] = 255

    with open_slide(write_plain_slide(tmp_path / "a.tif", image)) as slide:
        seen = slide.read(Box(x=0, y=0, width=300, height=300), size=(300, 300))

    assert seen[:140].max() == 0
    assert seen[160:].min() == 255


@pytest.mark.parametrize("reader", ["any format", "tiles"])
def test_life_goes_on_after_a_bad_tile(test_data: Path, reader: str) -> None:
    with through(test_data / "hostile" / "corrupt_tiles.tiff", reader) as slide:
        codes = [code_of_reading(slide, column=tile % 8, row=tile // 8) for tile in range(64)]
        overview = slide.thumbnail(256)

    assert {tile for tile, code in enumerate(codes) if code} == {20, 21, 28, 35, 40}
    assert set(codes) == {"", "SLIDE-READ"}
    assert overview.shape == (256, 256, 3)


def code_of_reading(slide: Slide, *, column: int, row: int) -> str:
    try:
        slide.read(Box(x=column * 256, y=row * 256, width=256, height=256), size=(256, 256))
    except SlideError as error:
        return error.code
    return ""


def test_a_bad_tile_does_not_spoil_the_reads_of_other_threads(test_data: Path) -> None:
    slide = through(test_data / "hostile" / "corrupt_tiles.tiff", "any format")
    good, bad = (0, 0), (4, 2)
    places = [good, bad, good] * 15

    with ThreadPoolExecutor(max_workers=3) as pool:
        codes = list(
            pool.map(lambda at: code_of_reading(slide, column=at[0], row=at[1]), places)
        )

    assert codes == ["", "SLIDE-READ", ""] * 15


def test_a_wrong_colour_label_is_read_right(tmp_path: Path) -> None:
    image = np.asarray(Image.fromarray(stained_disc(512)).resize((64, 64)).resize((512, 512)))
    right = write_jpeg_slide(tmp_path / "right.tif", image, levels=1)
    wrong = write_jpeg_slide(tmp_path / "wrong.tif", image, levels=1, stores="RGB")

    with open_slide(right) as first, open_slide(wrong) as second:
        whole = Box(x=0, y=0, width=512, height=512)
        difference = first.read(whole, size=(64, 64)).astype(int) - second.read(
            whole, size=(64, 64)
        )

    assert np.abs(difference).mean() < 3


def test_the_mislabelled_section_has_its_published_tint(test_data: Path) -> None:
    with open_slide(test_data / "slides" / "her2st_B4_pyramid.tiff") as slide:
        glass = slide.read(Box(x=200, y=200, width=400, height=400), size=(50, 50))

    red, green, blue = glass.reshape(-1, 3).mean(0)
    assert red > 200
    assert blue > 200
    assert 195 < green < 220  # pale lilac, not magenta


@settings(max_examples=25)
@given(side=st.integers(1, 512))
def test_a_thumbnail_fits_its_side(sound_slide: Path, side: int) -> None:
    with open_slide(sound_slide) as slide:
        image = slide.thumbnail(side)

    assert image.shape == (side, side, 3)


def test_the_users_pixel_size_is_marked(sound_slide: Path) -> None:
    with open_slide(sound_slide, mpp=0.25) as slide:
        assert (slide.properties.mpp, slide.properties.mpp_source) == (0.25, "user")
        said = [one for one in slide.properties.notices if one.code == "SLIDE-MPP-USER"]
        again = slide.properties.with_user_mpp(0.5)

    assert said[0].what == "0.25 um per pixel was given by hand; the file states 0.5"
    same = [one.what for one in again.notices if one.code == "SLIDE-MPP-USER"]
    assert same == ["0.5 um per pixel was given by hand"]


@pytest.mark.parametrize("mpp", [0.0, -0.5, 352.8, 5e-7, float("nan")])
def test_an_impossible_pixel_size_of_the_user_is_refused(sound_slide: Path, mpp: float) -> None:
    with pytest.raises(SlideError, match="SLIDE-MPP-ABSURD"):
        open_slide(sound_slide, mpp=mpp)


def test_label_and_macro_are_named_and_never_read(test_data: Path) -> None:
    with open_slide(test_data / "slides" / "CMU-1-Small-Region.svs") as slide:
        assert set(slide.associated_names) == {"label", "macro", "thumbnail"}
        assert not any(hasattr(slide, name) for name in ("associated_images", "label", "macro"))


def test_a_large_level_is_read_in_bands_with_the_same_result(tmp_path: Path) -> None:
    image = np.asarray(Image.fromarray(stained_disc(256)).resize((3072, 3072)))
    path = write_jpeg_slide(tmp_path / "a.tif", image, levels=1)

    with open_slide(path) as slide:
        whole = Box(x=0, y=0, width=3072, height=3072)  # 9 Mpx: more than one band
        banded = slide.read(whole, size=(384, 384))
        at_once = slide._read_band(0, whole, (384, 384))

    np.testing.assert_array_equal(banded, at_once)


@pytest.mark.parametrize("reader", ["any format", "tiles"])
def test_closing_waits_for_reads_in_flight(sound_slide: Path, reader: str) -> None:
    box = Box(x=0, y=0, width=1024, height=1024)

    for _ in range(5):
        slide = through(sound_slide, reader)
        with ThreadPoolExecutor(max_workers=3) as pool:
            reads = [pool.submit(code_of_reading, slide, column=0, row=0) for _ in range(12)]
            slide.close()
            codes = {read.result() for read in reads}
        assert codes <= {"", "SLIDE-CLOSED"}
        with pytest.raises(SlideError, match="SLIDE-CLOSED"):
            slide.read(box, size=(8, 8))
