"""The first look at a file happens in a process that may die, and nothing else does."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from healnet.exceptions import SlideError
from healnet.slide import intake
from healnet.slide.intake import probe_slide
from healnet.slide.properties import Limits
from healnet.slide.tiff_check import check_tiff
from healnet.slide.tiff_header import Tag, read_tiff_header
from tests.slide.make_slides import overwrite_tag, write_jpeg_slide


def test_a_reader_that_aborts_is_a_refusal_and_the_program_lives(
    sound_slide: Path, tmp_path: Path
) -> None:
    absurd = overwrite_tag(sound_slide, tmp_path / "a.tif", code=322, value=2**31 - 16)

    with pytest.raises(SlideError) as refusal:  # past the header check, to the reader itself
        intake._ask_child(absurd, Limits(), is_tiff=False)

    assert refusal.value.code == "SLIDE-CRASH"
    assert probe_slide(sound_slide).width == 1024


def test_a_reader_that_hangs_is_stopped(sound_slide: Path, tmp_path: Path) -> None:
    path = tmp_path / "slow.tif"
    path.write_bytes(sound_slide.read_bytes())

    with pytest.raises(SlideError, match="no answer after"):
        probe_slide(path, limits=Limits(child_wall_s=0))


def test_a_reader_that_wants_too_much_memory_is_stopped(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif")

    with pytest.raises(SlideError, match=r"SLIDE-CRASH|SLIDE-READ"):
        probe_slide(path, limits=Limits(child_bytes=20 * 1024**2))


def test_an_unchanged_file_is_not_probed_twice(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif")
    first = probe_slide(path)

    started = time.perf_counter()
    again = probe_slide(path)

    assert again is first
    assert time.perf_counter() - started < 0.05  # a process alone takes longer to start


def test_a_changed_file_is_probed_again(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif")
    probe_slide(path)

    write_jpeg_slide(path, mpp=0.25)

    assert probe_slide(path).mpp == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        pytest.param({"side_px": 1023}, "SLIDE-SIZE", id="side"),
        pytest.param({"pages": 2}, "SLIDE-PAGES", id="pages"),
        pytest.param({"tile_bytes": 256 * 256 * 3 - 1}, "SLIDE-TILE-SIZE", id="tile"),
        pytest.param({"file_bytes": 1000}, "SLIDE-SIZE", id="file"),
    ],
)
def test_one_past_a_limit_is_refused(
    sound_slide: Path, limits: dict[str, int], code: str
) -> None:
    with pytest.raises(SlideError) as refusal:
        probe_slide(sound_slide, limits=replace(Limits(), **limits))

    assert refusal.value.code == code


@pytest.mark.parametrize(
    "limits", [{"side_px": 1024}, {"pages": 3}, {"tile_bytes": 256 * 256 * 3}]
)
def test_exactly_a_limit_is_let_in(sound_slide: Path, limits: dict[str, int]) -> None:
    assert probe_slide(sound_slide, limits=replace(Limits(), **limits)).width == 1024


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_every_kind_of_tiff_is_walked(tmp_path: Path, order: str, is_big: bool) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif", order=order, is_big=is_big)

    header = read_tiff_header(path, Limits())

    assert [(page.width, page.tile_size) for page in header.pages] == [
        (1024, (256, 256)),
        (512, (256, 256)),
        (256, (256, 256)),
    ]
    assert len(header.values(header.pages[0], Tag.TILE_OFFSETS)) == 16
    assert check_tiff(header, Limits()) == ()


def test_a_large_file_format_is_read(tmp_path: Path) -> None:
    assert probe_slide(write_jpeg_slide(tmp_path / "a.tif", is_big=True)).has_exact_tiles


def test_a_refusal_is_quick(tmp_path: Path, sound_slide: Path) -> None:
    path = overwrite_tag(sound_slide, tmp_path / "a.tif", code=322, value=2**31 - 16)

    started = time.perf_counter()
    with pytest.raises(SlideError):
        probe_slide(path)

    assert time.perf_counter() - started < 1


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text_is_refused_at_the_door(
    sound_slide: Path, tmp_path: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.tif"))
    path.write_bytes(sound_slide.read_bytes())

    with pytest.raises(SlideError) as refusal:
        probe_slide(path)

    assert refusal.value.code == "SLIDE-NAME"
    assert refusal.value.where == "a?.tif"
