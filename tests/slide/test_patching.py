"""Which patches are kept, and what is said about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healnet.exceptions import SlideError
from healnet.slide.patching import (
    check_resolution,
    coarse_to_fine,
    lay_grid,
    tissue_share,
)
from healnet.slide.properties import Level, SlideProperties
from healnet.slide.reader import open_slide
from healnet.slide.tissue import TissueMask, tissue_mask


def properties(side: int = 4096, mpp: float | None = 0.5) -> SlideProperties:
    return SlideProperties(
        width=side,
        height=side,
        mpp=mpp,
        mpp_source=None if mpp is None else "file",
        levels=(Level(width=side, height=side, downsample=1.0),),
    )


def mask_of(mask: np.ndarray, *, side: int = 4096, **excluded: np.ndarray) -> TissueMask:
    scale_x, scale_y = side / mask.shape[1], side / mask.shape[0]
    return TissueMask(mask=mask, scale_x=scale_x, scale_y=scale_y, excluded=excluded)


FULL = np.ones((64, 64), dtype=np.bool_)


@given(
    seed=st.integers(0, 2**16),
    rows=st.integers(3, 60),
    columns=st.integers(3, 60),
    size=st.integers(5, 900),
)
def test_the_tissue_share_equals_a_count_of_pixels(
    seed: int, rows: int, columns: int, size: int
) -> None:
    generator = np.random.default_rng(seed)
    mask = generator.random((rows, columns)) < 0.5
    tissue = TissueMask(mask=mask, scale_x=16.0, scale_y=16.0)
    fine = np.repeat(np.repeat(mask, 16, axis=0), 16, axis=1)
    size = min(size, *fine.shape)
    x = int(generator.integers(0, fine.shape[1] - size + 1))
    y = int(generator.integers(0, fine.shape[0] - size + 1))

    share = tissue_share(tissue, np.array([[x, y]], dtype=np.int64), size)

    assert share[0] == pytest.approx(fine[y : y + size, x : x + size].mean(), abs=1e-9)


def test_all_of_a_full_slide_is_kept() -> None:
    coords = lay_grid(properties(), mask_of(FULL))

    assert len(coords) == coords.num_candidates == 16 * 16
    assert coords.xy[:3].tolist() == [[0, 0], [256, 0], [512, 0]]
    assert coords.notices == ()


@settings(max_examples=40)
@given(share=st.floats(0.05, 1.0), seed=st.integers(0, 2**16))
def test_kept_patches_have_the_tissue_that_was_asked_for(share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((64, 64)) < 0.6
    tissue = mask_of(mask)
    whole = lay_grid(properties(), mask_of(FULL))

    expected = tissue_share(tissue, whole.xy, 256) >= share

    if not expected.any():
        with pytest.raises(SlideError, match="SLIDE-NO-TISSUE"):
            lay_grid(properties(), tissue, min_tissue=share)
        return
    kept = lay_grid(properties(), tissue, min_tissue=share)
    np.testing.assert_array_equal(kept.xy, whole.xy[expected])


def test_the_same_tissue_has_the_same_patches_at_any_scan_resolution() -> None:
    mask = np.random.default_rng(0).random((64, 64)) < 0.5

    coarse = lay_grid(properties(2048, 0.5), mask_of(mask, side=2048), patch_px=128)
    fine = lay_grid(properties(4096, 0.25), mask_of(mask, side=4096), patch_px=128)

    np.testing.assert_array_equal(fine.xy, coarse.xy * 2)
    assert fine.patch_size_l0 == 2 * coarse.patch_size_l0


def test_a_cap_is_drawn_by_seed_and_said() -> None:
    first, again, other = (
        lay_grid(properties(), mask_of(FULL), max_patches=50, seed=seed) for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(first.xy, again.xy)
    assert not np.array_equal(first.xy, other.xy)
    assert len(np.unique(first.xy, axis=0)) == 50
    assert first.notices[0].code == "SLIDE-CAPPED"
    assert "50 of 256" in first.notices[0].what


def test_a_cap_that_does_not_bite_is_not_mentioned() -> None:
    assert lay_grid(properties(), mask_of(FULL), max_patches=256).notices == ()


@pytest.mark.parametrize(
    ("side", "mpp"), [(16, 0.499), (255, 0.5), (100, 0.25)], ids=["16 px", "255 px", "100 px"]
)
def test_a_slide_smaller_than_a_patch_is_refused(side: int, mpp: float) -> None:
    with pytest.raises(SlideError, match=r"SLIDE-TOO-SMALL.*one patch covers"):
        lay_grid(properties(side, mpp), mask_of(FULL, side=side))


def test_a_thin_strip_is_refused() -> None:
    strip = replace(properties(), width=17, height=20_000)

    with pytest.raises(SlideError, match="SLIDE-TOO-SMALL"):
        lay_grid(strip, mask_of(FULL))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("glass", "no tissue found"),
        ("border", "no tissue found: the slide is black"),
        ("pen", "no tissue found: the slide is covered by pen"),
    ],
)
def test_a_slide_without_tissue_is_refused_with_its_reason(reason: str, words: str) -> None:
    with pytest.raises(SlideError, match=words) as refusal:
        lay_grid(properties(), mask_of(~FULL, **{reason: FULL}))

    assert refusal.value.code == "SLIDE-NO-TISSUE"


def test_too_little_tissue_is_refused_with_both_numbers() -> None:
    mask = ~FULL
    mask[:8, :8] = True

    with pytest.raises(SlideError, match="only 4 tissue patches found; at least 50 needed"):
        lay_grid(properties(), mask_of(mask), min_patches=50)


@pytest.mark.parametrize(
    ("mpp", "codes"),
    [
        (0.2, []),
        (0.5, []),
        (0.525, []),
        (0.53, ["SLIDE-UPSAMPLED"]),
        (0.687, ["SLIDE-UPSAMPLED"]),
        (0.75, ["SLIDE-UPSAMPLED"]),
    ],
)
def test_a_slightly_coarse_slide_is_read_with_a_warning(mpp: float, codes: list[str]) -> None:
    assert [each.code for each in check_resolution(properties(mpp=mpp), 0.5)] == codes


@pytest.mark.parametrize("mpp", [0.76, 1.0, 3.19, 28.97])
def test_a_coarse_slide_is_refused_with_what_is_needed(mpp: float) -> None:
    with pytest.raises(SlideError, match=r"SLIDE-COARSE.*0.5 um or finer is needed"):
        check_resolution(properties(mpp=mpp), 0.5)


@pytest.mark.parametrize(
    ("declared", "code", "words"),
    [
        (None, "SLIDE-MPP-MISSING", "does not state its pixel size"),
        (352.8, "SLIDE-MPP-ABSURD", "352.8 um per pixel, which is impossible"),
        (-0.5, "SLIDE-MPP-ABSURD", "-0.5 um per pixel"),
        (5e-7, "SLIDE-MPP-ABSURD", "did you mean 0.5 um"),
        (0.0, "SLIDE-MPP-ABSURD", "0 um per pixel"),
    ],
)
def test_a_slide_without_a_usable_pixel_size_asks_for_it(
    declared: float | None, code: str, words: str
) -> None:
    unknown = replace(properties(mpp=None), mpp_declared=declared)

    with pytest.raises(SlideError, match=words) as refusal:
        check_resolution(unknown, 0.5)

    assert refusal.value.code == code
    assert "enter um per pixel" in refusal.value.fix
    with pytest.raises(SlideError, match=code):
        lay_grid(unknown, mask_of(FULL))


def test_coarse_order_shows_the_whole_slide_first() -> None:
    coords = lay_grid(properties(16_384), mask_of(FULL, side=16_384))  # 64 x 64 patches

    order = coarse_to_fine(coords)

    assert sorted(order.tolist()) == list(range(64 * 64))
    first = coords.grid.cells(coords.xy[order[:64]])
    assert (first % 8 == 0).all()
    assert first.max() == 56


def test_patches_of_a_real_slide_lie_on_its_tissue(test_data: Path) -> None:
    with open_slide(test_data / "slides" / "CMU-1-Small-Region.svs") as slide:
        tissue = tissue_mask(slide)
        coords = lay_grid(slide.properties, tissue)
        shares = tissue_share(tissue, coords.xy, coords.patch_size_l0)

    assert 40 < len(coords) < 60
    assert shares.min() >= 0.25


def test_a_lattice_that_would_fill_the_memory_is_refused_before_it_is_laid() -> None:
    tissue = mask_of(FULL, side=100_000)

    with pytest.raises(SlideError, match=r"SLIDE-TOO-MANY.*places for patches") as refusal:
        lay_grid(properties(side=100_000), tissue, patch_px=8, max_patches=100)

    assert refusal.value.what == "156,250,000 places for patches, limit 10,000,000"
