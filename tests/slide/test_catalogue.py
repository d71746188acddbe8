"""Bad and odd slides made from scratch: what each is answered, in the words a person reads.

Numbers are those of the project's catalogue of bad inputs.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from healnet.exceptions import SlideError
from healnet.slide.intake import probe_slide
from tests.slide.make_slides import (
    aperio_text,
    jpeg_page,
    overwrite_tag,
    stained_disc,
    write_dicom,
    write_jpeg_slide,
    write_plain_slide,
)
from tests.slide.tiff_writer import SHORT, UNDEFINED, write_tiff

Maker = Callable[[Path, Path], Path]  # sound slide, folder -> hostile file


def _bytes(data: bytes, name: str = "a.svs") -> Maker:
    def make(_sound: Path, folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _cut(keep: Callable[[int], int]) -> Maker:
    def make(sound: Path, folder: Path) -> Path:
        data = sound.read_bytes()
        (folder / "a.tif").write_bytes(data[: keep(len(data))])
        return folder / "a.tif"

    return make


def _tag(code: int, value: int, count: int | None = None) -> Maker:
    return lambda sound, folder: overwrite_tag(
        sound, folder / "a.tif", code=code, value=value, count=count
    )


def _plain(image: np.ndarray, **options: object) -> Maker:
    return lambda _sound, folder: write_plain_slide(folder / "a.tif", image, **options)


def _saved(mode: str, **options: object) -> Maker:
    def make(_sound: Path, folder: Path) -> Path:
        Image.fromarray(stained_disc(256)).convert(mode).save(folder / "a.tif", **options)
        return folder / "a.tif"

    return make


def _dicom(**fields: object) -> Maker:
    return lambda _sound, folder: write_dicom(folder / "a.dcm", **fields)


def _first_directory_past_the_end(sound: Path, folder: Path) -> Path:
    data = bytearray(sound.read_bytes())
    data[4:8] = (2**31).to_bytes(4, "little")
    return _bytes(bytes(data), "a.tif")(sound, folder)


def _many_pages(_sound: Path, folder: Path) -> Path:
    page = jpeg_page(stained_disc(16), is_first=True, mpp=None, tile=16)
    return write_tiff(folder / "a.tif", [page] * 1_001)


def _entities(text: str) -> Maker:
    return lambda _sound, folder: write_plain_slide(
        folder / "a.ome.tif", stained_disc(256), description=text
    )


def _link_to_folder(_sound: Path, folder: Path) -> Path:
    (folder / "slides.svs").mkdir()
    return folder / "slides.svs"


def _pipe(_sound: Path, folder: Path) -> Path:
    os.mkfifo(folder / "a.svs")
    return folder / "a.svs"


BOMB = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><OME>&b;</OME>'
EXTERNAL = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><OME>&a;</OME>'
GREY = stained_disc()[..., 0]
CASES: dict[str, tuple[Maker, str, str]] = {
    "001 zero bytes": (_bytes(b""), "SLIDE-EMPTY", r"empty \(0 bytes\)"),
    "002 random bytes": (
        _bytes(np.random.default_rng(1).bytes(5000)),
        "SLIDE-FORMAT",
        "not a slide format we read",
    ),
    "005 zip": (_bytes(b"PK\x03\x04" + b"\0" * 50, "a.tif"), "SLIDE-RENAMED", "ZIP archive"),
    "006 pdf": (_bytes(b"%PDF-1.7 " + b"\0" * 50), "SLIDE-RENAMED", "PDF document"),
    "007 half": (_cut(lambda n: n // 2), "SLIDE-TRUNCATED", r"ends at byte .* of at least"),
    "008 last bytes": (_cut(lambda n: n - 200), "SLIDE-TRUNCATED", "ends at byte"),
    "010 tile sizes at 0": (_tag(325, 0), "SLIDE-DAMAGED", "tile directory is damaged"),
    "011 tile table far off": (_tag(324, 2**31 - 1), "SLIDE-TRUNCATED", "past the end"),
    "013 directory far off": (
        _first_directory_past_the_end,
        "SLIDE-TRUNCATED",
        "no image directory found",
    ),
    "014 header only": (
        _bytes(b"II*\0\x08\0\0\0", "a.tif"),
        "SLIDE-TRUNCATED",
        "no image directory found",
    ),
    "016 a million wide": (_tag(256, 1_000_000), "SLIDE-SIZE", "limit 400,000"),
    "016 wider than its tiles": (_tag(256, 100_000), "SLIDE-DAMAGED", "tiles listed"),
    "017 width 0": (_tag(256, 0), "SLIDE-DAMAGED", "width is 0"),
    "019 tile of terabytes": (_tag(322, 2**31 - 16), "SLIDE-TILE-SIZE", "1.5 TiB"),
    "020 tile of megabytes": (_tag(322, 2**17), "SLIDE-TILE-SIZE", "96 MiB, limit 64 MiB"),
    "022 channels": (_tag(277, 200), "SLIDE-CHANNELS", "200 channels declared, 3 or 4"),
    "023 pages": (_many_pages, "SLIDE-PAGES", "limit of 1,000"),
    "025 entity bomb": (_entities(BOMB), "SLIDE-METADATA", "not valid XML"),
    "026 external entity": (_entities(EXTERNAL), "SLIDE-METADATA", "not valid XML"),
    "028 strips": (_plain(stained_disc(), tile=None), "SLIDE-NOT-TILED", "tiled pyramid"),
    "052 grayscale": (_plain(GREY, photometric="minisblack"), "SLIDE-GRAYSCALE", "RGB"),
    "056 float": (
        _plain((stained_disc() / 255).astype(np.float32)),
        "SLIDE-PIXEL-TYPE",
        "floating-point pixels",
    ),
    "058 cmyk": (_saved("CMYK"), "SLIDE-COLOUR-MODEL", "CMYK"),
    "059 palette": (_saved("P"), "SLIDE-COLOUR-MODEL", "palette"),
    "076 folder": (_link_to_folder, "SLIDE-FOLDER", "folder"),
    "078 pipe": (_pipe, "SLIDE-FORMAT", "not a regular file"),
    "082 CT": (
        _dicom(sop_class="1.2.840.10008.5.1.4.1.1.2", modality="CT"),
        "SLIDE-DICOM-KIND",
        "DICOM CT: only VL Whole Slide Microscopy",
    ),
    "083 no pixels": (_dicom(), "SLIDE-DICOM-PIXELS", "no pixel data"),
    "085 label": (
        _dicom(image_type="ORIGINAL\\PRIMARY\\LABEL\\NONE"),
        "SLIDE-DICOM-LABEL",
        "label .* left out",
    ),
    "missing": (lambda _sound, folder: folder / "gone.svs", "SLIDE-MISSING", "no such file"),
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused_with_its_reason(sound_slide: Path, tmp_path: Path, name: str) -> None:
    make, code, words = CASES[name]
    path = make(sound_slide, tmp_path)

    with pytest.raises(SlideError, match=words) as refusal:
        probe_slide(path)

    assert refusal.value.code == code
    assert refusal.value.fix or code == "SLIDE-FORMAT"
    assert str(tmp_path) not in str(refusal.value)


def test_a_dicom_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", columns=5)
    path.write_bytes(path.read_bytes()[:300])

    with pytest.raises(SlideError, match="SLIDE-TRUNCATED"):
        probe_slide(path)


def test_directories_in_a_circle_are_refused(sound_slide: Path, tmp_path: Path) -> None:
    data = bytearray(sound_slide.read_bytes())
    start = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[start : start + 2], "little")
    link = start + 2 + 12 * entries
    data[link : link + 4] = start.to_bytes(4, "little")
    path = tmp_path / "a.tif"
    path.write_bytes(data)

    with pytest.raises(SlideError, match="run in a circle"):
        probe_slide(path)


WARNED: dict[str, tuple[Maker, str, str]] = {
    "044 mpp against objective": (
        lambda _s, d: write_jpeg_slide(d / "a.svs", description=aperio_text(mpp="0.25")),
        "SLIDE-MPP-OBJECTIVE",
        "0.25 um per pixel and a 20x objective",
    ),
    "053 transparency": (
        _plain(np.dstack([stained_disc(), np.full((1024, 1024), 128, np.uint8)])),
        "SLIDE-ALPHA",
        "over white",
    ),
    "055 16 bits": (_plain(stained_disc().astype(np.uint16) * 257), "SLIDE-16-BIT", "8-bit"),
    "061 colour profile": (
        lambda _s, d: write_jpeg_slide(d / "a.tif", extra={34675: (UNDEFINED, b"x" * 200)}),
        "SLIDE-ICC",
        "ignored",
    ),
    "062 orientation": (
        lambda _s, d: write_jpeg_slide(d / "a.tif", extra={274: (SHORT, [6])}),
        "SLIDE-ORIENTATION",
        "shown as stored",
    ),
    "065 a name in the metadata": (
        lambda _s, d: write_jpeg_slide(
            d / "a.svs", description=aperio_text(Patient="DOE^JANE", MRN="00123456")
        ),
        "SLIDE-MAY-IDENTIFY",
        "fields MRN, Patient",
    ),
    "a wrong colour label": (
        lambda _s, d: write_jpeg_slide(d / "a.tif", stores="RGB"),
        "SLIDE-COLOUR-LABEL",
        "read as RGB",
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_is_read_with_a_warning_that_travels(
    sound_slide: Path, tmp_path: Path, name: str
) -> None:
    make, code, words = WARNED[name]

    properties = probe_slide(make(sound_slide, tmp_path))

    notice = next(each for each in properties.notices if each.code == code)
    assert words in notice.what
    assert "DOE" not in str(notice)
    assert "00123456" not in str(notice)


@pytest.mark.parametrize(
    ("text", "mpp", "declared"),
    [
        pytest.param("0,5", 0.5, 0.5, id="040 decimal comma"),
        pytest.param("-0.5", None, -0.5, id="037 negative"),
        pytest.param("nan", None, None, id="038 not a number"),
        pytest.param("5e-7", None, 5e-7, id="041 metres"),
        pytest.param("0.25", 0.25, 0.25, id="plain"),
    ],
)
def test_an_impossible_pixel_size_is_never_used(
    tmp_path: Path, text: str, mpp: float | None, declared: float | None
) -> None:
    path = write_jpeg_slide(tmp_path / "a.svs", mpp=None, description=aperio_text(mpp=text))

    properties = probe_slide(path)

    assert properties.mpp == (None if mpp is None else pytest.approx(mpp))
    assert properties.mpp_declared == (None if declared is None else pytest.approx(declared))


def test_a_sound_slide_has_no_warning(sound_slide: Path) -> None:
    properties = probe_slide(sound_slide)

    assert properties.notices == ()
    assert (properties.width, properties.height, properties.mpp) == (1024, 1024, 0.5)
    assert [level.downsample for level in properties.levels] == [1.0, 2.0, 4.0]
    assert properties.has_exact_tiles
    assert not properties.is_mislabelled_rgb


@pytest.mark.parametrize("name", ["-rf.svs", "=1+1.svs", "a\n\x1b[31mred\t.svs", "é ü.svs"])
def test_any_file_name_works(sound_slide: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(sound_slide.read_bytes())

    assert probe_slide(path).width == 1024
