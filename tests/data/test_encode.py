"""From a slide file to a feature file: the whole chain, again, stopped, and refused."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from healnet.data.encode import encode_slide
from healnet.data.encode_progress import Progress
from healnet.data.feature_store import read_features
from healnet.encoders.protocol import PatchEncoder
from healnet.encoders.registry import get_encoder
from healnet.exceptions import Cancelled, SlideError
from healnet.slide.hashing import slide_sha256
from tests.slide.make_slides import stained_disc, write_jpeg_slide

RAW = get_encoder("raw-rgb")


@pytest.fixture
def slide_file(tmp_path: Path) -> Path:
    return write_jpeg_slide(tmp_path / "case 1.tif")


def encode(slide: Path, out: Path, **options: object) -> object:
    settings = {"encoder": RAW, "out_dir": out, "patch_px": 64} | options
    return encode_slide(slide, **settings)


def test_the_file_says_all_that_a_model_needs(slide_file: Path, tmp_path: Path) -> None:
    made = encode(slide_file, tmp_path / "out")

    found = read_features(made.path)
    assert made.path == tmp_path / "out" / "case 1.h5"
    assert not made.reused
    assert found.encoder == RAW.card
    assert found.slide_sha256 == slide_sha256(slide_file)
    assert (found.mpp, found.mpp_source, found.patch_px) == (0.5, "file", 64)
    assert (found.slide_width, found.slide_height, found.name) == (1024, 1024, "case 1")
    assert found.patch_size_l0 == 64
    assert found.grid is not None
    assert len(found) > 80  # the disc covers about 90 patches


def test_a_second_run_uses_the_file_again(slide_file: Path, tmp_path: Path) -> None:
    first = encode(slide_file, tmp_path / "out")
    written = first.path.stat().st_mtime_ns

    again = encode(slide_file, tmp_path / "out")

    assert again.reused
    assert again.path.stat().st_mtime_ns == written
    np.testing.assert_array_equal(again.features.features, first.features.features)


@pytest.mark.parametrize(
    "change",
    [{"patch_px": 128}, {"mpp": 1.0}, {"slide_mpp": 0.4}, {"max_patches": 20}],
    ids=str,
)
def test_other_settings_make_another_file_and_keep_the_first(
    slide_file: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    first = encode(slide_file, tmp_path / "out")
    before = first.path.read_bytes()

    other = encode(slide_file, tmp_path / "out", **change)
    again = encode(slide_file, tmp_path / "out", **change)

    assert not other.reused
    assert other.path != first.path
    assert (again.path, again.reused) == (other.path, True)
    assert first.path.read_bytes() == before


class OtherEncoder:
    """The same numbers under another name: another encoder."""

    card = replace(RAW.card, name="other")

    def __call__(self, patches: np.ndarray) -> np.ndarray:
        return RAW(patches)


def test_another_encoder_makes_another_file(slide_file: Path, tmp_path: Path) -> None:
    first = encode(slide_file, tmp_path / "out")

    other = encode(slide_file, tmp_path / "out", encoder=OtherEncoder())

    assert isinstance(OtherEncoder(), PatchEncoder)
    assert other.path != first.path


def test_another_slide_of_the_same_name_is_not_confused(tmp_path: Path) -> None:
    slides = []
    for folder, colour in (("a", (180, 90, 160)), ("b", (150, 60, 150))):
        (tmp_path / folder).mkdir()
        image = stained_disc(rgb=colour)
        slides.append(write_jpeg_slide(tmp_path / folder / "slide.tif", image))

    first, second = (encode(slide, tmp_path / "out") for slide in slides)

    assert first.path != second.path
    assert first.features.slide_sha256 != second.features.slide_sha256


def test_a_damaged_file_is_not_used_again(slide_file: Path, tmp_path: Path) -> None:
    first = encode(slide_file, tmp_path / "out")
    first.path.write_bytes(first.path.read_bytes()[:500])

    again = encode(slide_file, tmp_path / "out")

    assert not again.reused
    np.testing.assert_array_equal(again.features.features, first.features.features)


def test_progress_reaches_its_end_in_every_stage(slide_file: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []

    made = encode(slide_file, tmp_path / "out", progress=seen.append)

    assert list(dict.fromkeys(each.stage for each in seen)) == ["hash", "tissue", "encode"]
    for stage in ("hash", "tissue", "encode"):
        steps = [each for each in seen if each.stage == stage]
        assert steps[-1].done == steps[-1].total
        assert [each.done for each in steps] == sorted(each.done for each in steps)
    assert seen[-1].total == len(made.features)
    assert seen[-1].rate_per_s is not None
    assert seen[-1].seconds_left == 0


def test_finished_batches_are_handed_out_and_cover_the_file(
    slide_file: Path, tmp_path: Path
) -> None:
    parts: list[tuple[np.ndarray, np.ndarray]] = []

    made = encode(
        slide_file, tmp_path / "out", on_batch=lambda xy, rows: parts.append((xy, rows))
    )

    corners = np.concatenate([xy for xy, _ in parts])
    rows = np.concatenate([rows for _, rows in parts])
    order = np.lexsort((corners[:, 0], corners[:, 1]))
    np.testing.assert_array_equal(corners[order], made.features.coords)
    np.testing.assert_allclose(rows[order], made.features.features, atol=1e-3)


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_stopping_leaves_nothing_behind(slide_file: Path, tmp_path: Path, after: int) -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(Cancelled):
        encode(slide_file, tmp_path / "out", cancelled=stop)

    out = tmp_path / "out"
    assert not out.exists() or list(out.iterdir()) == []
    assert not encode(slide_file, out).reused


@pytest.mark.parametrize(
    ("image", "options", "code"),
    [
        pytest.param(
            np.full((1024, 1024, 3), 240, np.uint8), {}, "SLIDE-NO-TISSUE", id="glass"
        ),
        pytest.param(stained_disc(48), {}, "SLIDE-TOO-SMALL", id="small"),
        pytest.param(stained_disc(), {"mpp": 0.3}, "SLIDE-COARSE", id="coarse"),
        pytest.param(stained_disc(), {"slide_mpp": 200.0}, "SLIDE-MPP-ABSURD", id="absurd"),
    ],
)
def test_a_refused_slide_is_named_and_leaves_nothing(
    tmp_path: Path, image: np.ndarray, options: dict[str, object], code: str
) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif", image, levels=1)

    with pytest.raises(SlideError) as refusal:
        encode(path, tmp_path / "out", **options)

    assert refusal.value.code == code
    assert refusal.value.where == "a.tif"
    assert not (tmp_path / "out").exists()


def test_a_missing_pixel_size_is_asked_for_and_then_marked(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif", mpp=None)

    with pytest.raises(SlideError, match="SLIDE-MPP-MISSING"):
        encode(path, tmp_path / "out")
    made = encode(path, tmp_path / "out", slide_mpp=0.5)

    assert made.features.mpp_source == "user"
    (notice,) = (one for one in made.notices if one.code == "SLIDE-MPP-USER")
    assert notice.what == "0.5 um per pixel was given by hand; the file states nothing"
    assert notice.where == "a.tif"


def test_warnings_of_every_stage_travel_with_the_features(
    test_data: Path, tmp_path: Path
) -> None:
    made = encode(
        test_data / "hostile" / "corrupt_tiles.tiff",
        tmp_path,
        patch_px=256,
        max_patches=90,
    )

    codes = [notice.code for notice in read_features(made.path).notices]
    assert codes == [
        "SLIDE-BAD-TILES",
        "SLIDE-COLOUR-LABEL",
        "SLIDE-UPSAMPLED",
        "SLIDE-CAPPED",
        "SLIDE-PATCHES-LOST",
    ]
    assert len(made.features) < 90


def test_the_file_keeps_the_layout_that_other_tools_read(
    slide_file: Path, tmp_path: Path
) -> None:
    made = encode(slide_file, tmp_path / "out")

    with h5py.File(made.path) as file:
        assert file["features"].shape == (len(made.features), 768)
        assert file["coords"].dtype == np.int64
        assert file["coords"].attrs["patch_size_level0"] == 64
        assert set(file) == {"features", "coords"}


@pytest.mark.slow
def test_a_real_slide_goes_through_the_default_encoder(test_data: Path, tmp_path: Path) -> None:
    made = encode_slide(
        test_data / "slides" / "CMU-1-Small-Region.svs",
        encoder=get_encoder("lite0"),
        out_dir=tmp_path,
    )

    assert 40 < len(made.features) < 60
    assert made.features.dim == 1280
    assert np.isfinite(made.features.features).all()
    assert made.features.patch_size_l0 == 257
