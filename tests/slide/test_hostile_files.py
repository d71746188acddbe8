"""Files that an upload box must survive: each has one verdict, and the program lives on."""

from pathlib import Path

import pytest

from healnet.exceptions import SlideError
from healnet.slide.intake import probe_slide
from healnet.slide.patching import PatchCoords, check_resolution, lay_grid
from healnet.slide.properties import SlideProperties
from healnet.slide.reader import open_slide
from healnet.slide.tissue import tissue_mask

REFUSED_AT_THE_DOOR = {
    "bad_jpeg_marker.svs": "SLIDE-READ",
    "dicom_jpegls": "SLIDE-FOLDER",
    "dicom_jpegls/unsupported_jpegls.dcm": "SLIDE-COMPRESSION",
    "empty.svs": "SLIDE-EMPTY",
    "lfs_pointer.ndpi": "SLIDE-LFS-POINTER",
    "li_orient6.tif": "SLIDE-GRAYSCALE",
    "mirax_without_data_dir.mrxs": "SLIDE-MRXS-FOLDER",
    "multichannel_z_int8.ome.tif": "SLIDE-PIXEL-TYPE",
    "pillow_crash_0da0.tif": "SLIDE-PIXEL-TYPE",
    "pillow_crash_3385.tif": "SLIDE-NOT-TILED",
    "pillow_oom.tif": "SLIDE-TRUNCATED",
    "pillow_wrong_bits.tiff": "SLIDE-NOT-TILED",
    "png_renamed.svs": "SLIDE-RENAMED",
    "text_renamed.svs": "SLIDE-RENAMED",
    "tm_noeof.tif": "SLIDE-TRUNCATED",
    "tm_partial.tif": "SLIDE-PIXEL-TYPE",
    "truncated_quarter.svs": "SLIDE-TRUNCATED",
}
REFUSED_BEFORE_ENCODING = {
    "blank_white.tiff": "SLIDE-NO-TISSUE",
    "boxes_4levels.tiff": "SLIDE-MPP-ABSURD",
    "rgba.tif": "SLIDE-MPP-MISSING",
    "tiny_16x16.svs": "SLIDE-TOO-SMALL",
}
READ_WITH_A_WARNING = {"corrupt_tiles.tiff": "SLIDE-BAD-TILES", "rgba.tif": "SLIDE-ALPHA"}


def assert_is_plain(error: SlideError, path: Path) -> None:
    words = str(error).replace(path.name, "")
    assert error.what
    assert error.fix
    assert str(path.parent) not in words
    assert not any(
        name in words.lower()
        for name in ("openslide", "traceback", "pillow", "libtiff", "python", "tifffile")
    )


def first_patches(path: Path) -> PatchCoords:
    with open_slide(path) as slide:
        check_resolution(slide.properties, 0.5)
        return lay_grid(slide.properties, tissue_mask(slide))


@pytest.mark.parametrize(("name", "code"), REFUSED_AT_THE_DOOR.items())
def test_is_refused_at_the_door(test_data: Path, name: str, code: str) -> None:
    path = test_data / "hostile" / name

    with pytest.raises(SlideError) as refusal:
        probe_slide(path)

    assert refusal.value.code == code
    assert_is_plain(refusal.value, path)


@pytest.mark.parametrize(("name", "code"), REFUSED_BEFORE_ENCODING.items())
def test_is_refused_before_encoding(test_data: Path, name: str, code: str) -> None:
    path = test_data / "hostile" / name

    with pytest.raises(SlideError) as refusal:
        first_patches(path)

    assert refusal.value.code == code
    assert_is_plain(refusal.value, path)


@pytest.mark.parametrize(("name", "code"), READ_WITH_A_WARNING.items())
def test_is_read_with_a_warning(test_data: Path, name: str, code: str) -> None:
    properties = probe_slide(test_data / "hostile" / name)

    assert code in [notice.code for notice in properties.notices]


def test_every_hostile_file_has_a_verdict(test_data: Path) -> None:
    folder = test_data / "hostile"
    known = REFUSED_AT_THE_DOOR | REFUSED_BEFORE_ENCODING | READ_WITH_A_WARNING

    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    assert found - set(known) == set()


def test_the_message_of_a_damaged_slide_says_where_reading_stopped(test_data: Path) -> None:
    properties = probe_slide(test_data / "hostile" / "corrupt_tiles.tiff")

    notice = next(each for each in properties.notices if each.code == "SLIDE-BAD-TILES")

    # tile 20 of 8 x 8 is the first that was overwritten
    assert "level 0 cannot be read everywhere (stopped at tile 4, 2): 5 of" in notice.what


@pytest.mark.parametrize(
    "name",
    [
        "CMU-1-Small-Region.svs",
        "CMU-1-overview.tiff",
        "her2st_B4_pyramid.tiff",
        "dicom_camelyon_jpeg/camelyon_jpeg.dcm",
    ],
)
def test_sound_slides_are_let_in(test_data: Path, name: str) -> None:
    properties = probe_slide(test_data / "slides" / name)

    assert properties.mpp is not None
    assert properties.mpp_source == "file"
    assert SlideProperties.from_dict(properties.to_dict()) == properties
