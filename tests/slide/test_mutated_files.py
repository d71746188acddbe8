"""Files with random damage: an answer in words every time, never another error."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healnet.exceptions import SlideError
from healnet.slide.dicom_header import check_dicom
from healnet.slide.jpeg_bytes import whole_jpeg
from healnet.slide.properties import Limits
from healnet.slide.sniff import slide_kind
from healnet.slide.tiff_check import check_tiff
from healnet.slide.tiff_header import read_tiff_header
from healnet.slide.tile_index import index_tiles
from tests.slide.make_slides import jpeg_tiles, stained_disc, write_dicom, write_jpeg_slide

damage = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 2, 127, 128, 254, 255])),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module", params=["<", ">", "big <", "big >"])
def whole_file(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.tif"
    order, is_big = request.param[-1], request.param.startswith("big")
    write_jpeg_slide(path, stained_disc(300), levels=2, order=order, is_big=is_big)
    return path.read_bytes()


def damaged(whole: bytes, places: list[tuple[float, int]], *, start: int) -> bytes:
    data = bytearray(whole)
    for share, value in places:
        data[start + int(share * (len(data) - start - 1))] = value
    return bytes(data)


def code_of(check: Callable[[], object]) -> str:
    try:
        check()
    except SlideError as error:
        return error.code
    return "SLIDE-FINE"


def walk(path: Path) -> None:
    """Go through everything that a header leads to."""
    header = read_tiff_header(path, Limits())
    check_tiff(header, Limits())
    page = header.pages[0]
    tiles = index_tiles(header, width=page.width, height=page.height)
    if tiles is not None:
        tiles.jpeg(0, 0)


@settings(max_examples=60)
@given(places=damage, is_first=st.booleans())
def test_a_damaged_header_is_answered_in_words(
    whole_file: bytes, tmp_path: Path, places: list[tuple[float, int]], is_first: bool
) -> None:
    # directories stand at the end of the file, the link to them at its start
    start = 0 if is_first else len(whole_file) - 1_400
    data = damaged(whole_file[:60] if is_first else whole_file, places, start=start)
    path = tmp_path / "a.tif"
    path.write_bytes(data + (whole_file[60:] if is_first else b""))

    assert code_of(lambda: walk(path)).startswith("SLIDE-")


@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_is_answered_in_words(
    whole_file: bytes, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(whole_file[: max(int(share * len(whole_file)), 8)])

    assert code_of(lambda: walk(path)) in {"SLIDE-FINE", "SLIDE-TRUNCATED", "SLIDE-DAMAGED"}


@settings(max_examples=60)
@given(places=damage, cut=st.floats(0.1, 1))
def test_a_damaged_dicom_header_is_answered_in_words(
    tmp_path: Path, places: list[tuple[float, int]], cut: float
) -> None:
    path = write_dicom(tmp_path / "a.dcm", columns=5)
    whole = damaged(path.read_bytes(), places, start=132)
    path.write_bytes(whole[: max(int(cut * len(whole)), 140)])

    assert code_of(lambda: check_dicom(path)).startswith("SLIDE-")


@settings(max_examples=60)
@given(data=st.binary(max_size=300), tables=st.binary(max_size=60))
def test_any_bytes_are_a_jpeg_or_none(data: bytes, tables: bytes) -> None:
    whole = whole_jpeg(b"\xff\xd8" + data, tables, is_rgb=False)

    assert whole is None or whole.startswith(b"\xff\xd8\xff\xee")


@settings(max_examples=50)
@given(places=damage)
def test_a_damaged_jpeg_never_grows(places: list[tuple[float, int]]) -> None:
    tile = damaged(TILE, places, start=2)

    whole = whole_jpeg(tile, b"", is_rgb=True)

    assert whole is None or len(whole) <= len(tile) + 18


TILE = jpeg_tiles(stained_disc(256))[0]


@settings(max_examples=50)
@given(
    content=st.binary(min_size=1, max_size=200), suffix=st.sampled_from([".svs", ".mrxs", ""])
)
def test_any_content_has_a_kind_or_a_name(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)

    assert code_of(lambda: slide_kind(path)) in {
        "SLIDE-FINE",
        "SLIDE-RENAMED",
        "SLIDE-FORMAT",
        "SLIDE-LFS-POINTER",
    }
