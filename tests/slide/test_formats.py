"""Files that need the extra ``formats``: read with it, refused with its name without it."""

from pathlib import Path

import numpy as np
import pytest

from healnet.exceptions import SlideError
from healnet.slide.formats_reader import has_formats
from healnet.slide.geometry import Box
from healnet.slide.intake import probe_slide
from healnet.slide.properties import Limits
from healnet.slide.reader import SlideReader, open_slide
from healnet.slide.tiles import stored_tile
from tests.slide.make_slides import stained_disc, write_jpeg_slide, write_plain_slide

needs_formats = pytest.mark.skipif(not has_formats(), reason="the extra formats is missing")


@pytest.mark.skipif(has_formats(), reason="the extra formats is installed")
@pytest.mark.parametrize("is_tiled", [True, False])
def test_without_the_extra_the_refusal_names_it(tmp_path: Path, is_tiled: bool) -> None:
    path = tmp_path / "a.tif"
    if is_tiled:
        write_jpeg_slide(path, order=">")
    else:
        write_plain_slide(path, tile=None)

    with pytest.raises(SlideError) as refusal:
        probe_slide(path)

    assert "pip install 'healnet-app[formats]'" in refusal.value.fix


@needs_formats
@pytest.mark.parametrize("kind", ["strips", "big endian"])
def test_with_the_extra_the_same_pixels_are_read(
    tmp_path: Path, sound_slide: Path, kind: str
) -> None:
    if kind == "strips":
        path = write_plain_slide(tmp_path / "a.tif", tile=None)
        expected = stained_disc()[300:812, 200:712]
    else:
        path = write_jpeg_slide(tmp_path / "a.tif", order=">")
        with open_slide(sound_slide) as ordinary:
            box = Box(x=200, y=300, width=512, height=512)
            expected = ordinary.read(box, size=(512, 512))

    with open_slide(path) as slide:
        seen = slide.read(Box(x=200, y=300, width=512, height=512), size=(512, 512))
        overview = slide.thumbnail(128)

        assert isinstance(slide._reader, SlideReader)
        assert slide.properties.reader == "formats"
        assert slide.properties.mpp == pytest.approx(0.5)
        assert stored_tile(slide, 0, 0, 0) is None
    np.testing.assert_array_equal(seen, expected)
    assert overview.shape == (128, 128, 3)


@needs_formats
def test_an_image_in_one_piece_has_a_limit_too(tmp_path: Path) -> None:
    path = write_plain_slide(tmp_path / "a.tif", tile=None)

    with pytest.raises(SlideError, match="SLIDE-NOT-TILED"):
        probe_slide(path, limits=Limits(untiled_bytes=1024 * 1024 * 3 - 1))
