"""Extraction: every patch once, in order, in bounded memory, and stoppable."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from numpy import ndarray

from healnet.encoders.extract import extract_features, read_patch
from healnet.encoders.registry import get_encoder
from healnet.exceptions import Cancelled, SlideError
from healnet.slide.geometry import Box
from healnet.slide.patching import PatchCoords, lay_grid
from healnet.slide.reader import Slide, open_slide
from healnet.slide.tissue import TissueMask
from tests.slide.make_slides import write_jpeg_slide

RAW = get_encoder("raw-rgb")


def everywhere(slide: Slide, *, patch_px: int = 64) -> PatchCoords:
    """All patches of a slide, tissue or not."""
    properties = slide.properties
    mask = np.ones((16, 16), dtype=np.bool_)
    tissue = TissueMask(
        mask=mask, scale_x=properties.width / 16, scale_y=properties.height / 16
    )
    mpp = properties.mpp or 0.5
    return lay_grid(properties, tissue, mpp=mpp, patch_px=patch_px)


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jpeg_slide(tmp_path_factory.mktemp("extract") / "a.tif")


@pytest.mark.parametrize("batch_size", [1, 7, 16, 1000])
@pytest.mark.parametrize("num_workers", [1, 3])
def test_every_patch_is_encoded_once_and_in_order(
    slide_file: Path, batch_size: int, num_workers: int
) -> None:
    with open_slide(slide_file) as slide:
        coords = everywhere(slide)
        batches = list(
            extract_features(slide, coords, RAW, batch_size=batch_size, num_workers=num_workers)
        )
        expected = RAW(np.stack([read_patch(slide, coords, i) for i in range(len(coords))]))

    np.testing.assert_array_equal(np.concatenate([b.coords for b in batches]), coords.xy)
    np.testing.assert_array_equal(np.concatenate([b.features for b in batches]), expected)
    assert all(batch.is_readable.all() for batch in batches)
    assert max(len(batch.features) for batch in batches) <= batch_size


def test_patches_are_read_at_the_wanted_scale(slide_file: Path) -> None:
    with open_slide(slide_file) as slide:
        fine = everywhere(slide, patch_px=64)
        coarse = replace(fine, patch_px=32, mpp=1.0)

        for index in range(0, len(fine), 37):
            x, y = (int(value) for value in fine.xy[index])
            box = Box(x=x, y=y, width=64, height=64)
            np.testing.assert_array_equal(
                read_patch(slide, coarse, index), slide.read(box, size=(32, 32))
            )


class CountingEncoder:
    """Counts how many batches are alive, and may wait."""

    def __init__(self) -> None:
        self.card = RAW.card
        self.calls = 0
        self.lock = threading.Lock()

    def __call__(self, patches: UInt8[ndarray, "b h w 3"]) -> ndarray:
        with self.lock:
            self.calls += 1
        return RAW(patches)


def test_work_runs_only_a_few_batches_ahead(slide_file: Path) -> None:
    encoder = CountingEncoder()
    with open_slide(slide_file) as slide:
        coords = everywhere(slide)  # 256 patches
        batches = extract_features(slide, coords, encoder, batch_size=4, num_workers=2)
        for _ in range(3):
            next(batches)
        ahead = encoder.calls
        batches.close()

    assert ahead <= 3 + 2 * 2 + 1


def test_stopping_is_an_answer_of_its_own(slide_file: Path) -> None:
    wishes = iter([False, False, True])
    with open_slide(slide_file) as slide:
        batches = extract_features(
            slide, everywhere(slide), RAW, batch_size=4, cancelled=lambda: next(wishes)
        )
        done = [next(batches), next(batches)]
        with pytest.raises(Cancelled):
            next(batches)

    assert len(done) == 2


def test_threads_end_and_torch_keeps_its_settings(slide_file: Path) -> None:
    before, threads = torch.get_num_threads(), threading.active_count()
    with open_slide(slide_file) as slide:
        list(extract_features(slide, everywhere(slide), RAW, num_workers=3))

    assert torch.get_num_threads() == before
    assert threading.active_count() == threads


def test_patches_on_damaged_tiles_are_left_out(test_data: Path) -> None:
    with open_slide(test_data / "hostile" / "corrupt_tiles.tiff") as slide:
        coords = everywhere(slide, patch_px=256)  # one patch a stored tile
        batches = list(extract_features(slide, coords, RAW, batch_size=16))

    readable = np.concatenate([batch.is_readable for batch in batches])
    assert set(np.flatnonzero(~readable)) == {20, 21, 28, 35, 40}
    assert sum(len(batch.features) for batch in batches) == 59
    kept = np.concatenate([batch.coords for batch in batches])
    np.testing.assert_array_equal(kept, coords.xy[readable])


def test_an_error_in_the_encoder_reaches_the_caller(slide_file: Path) -> None:
    class Broken(CountingEncoder):
        def __call__(self, patches: UInt8[ndarray, "b h w 3"]) -> ndarray:
            raise ValueError(f"no features for {len(patches)} patches")

    with open_slide(slide_file) as slide, pytest.raises(ValueError, match="no features"):
        list(extract_features(slide, everywhere(slide), Broken()))


def test_a_patch_off_the_slide_is_an_error_not_a_gap(slide_file: Path) -> None:
    with open_slide(slide_file) as slide:
        coords = everywhere(slide)
        moved = replace(coords, xy=coords.xy + 10_000)
        with pytest.raises(SlideError, match="SLIDE-BOUNDS"):
            list(extract_features(slide, moved, RAW))
