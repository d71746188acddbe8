"""Tile tables of a TIFF file are as long as it has tiles; no tile is larger than allowed."""

from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from healnet.exceptions import SlideError
from healnet.slide.properties import Limits
from healnet.slide.tiff_check import check_tiff
from healnet.slide.tiff_header import Tag, read_tiff_header
from healnet.slide.tile_index import index_tiles
from tests.slide.make_slides import write_jpeg_slide


@pytest.mark.parametrize("change", [-1, 1, 100])
@pytest.mark.parametrize("tag", [Tag.TILE_OFFSETS, Tag.TILE_COUNTS])
def test_a_table_of_another_length_is_refused(tmp_path: Path, tag: int, change: int) -> None:
    header = read_tiff_header(write_jpeg_slide(tmp_path / "a.tif", levels=1), Limits())
    table = header.pages[0].tags[tag]
    tags = {**header.pages[0].tags, tag: replace(table, count=table.count + change)}
    broken = replace(header, pages=(replace(header.pages[0], tags=tags),))

    with pytest.raises(SlideError, match=f"{16 + change} tiles listed, 16 needed"):
        check_tiff(broken, Limits())


def test_a_tile_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = write_jpeg_slide(tmp_path / "a.tif", levels=1)
    tiles = index_tiles(read_tiff_header(path, Limits()), width=1024, height=1024)
    assert tiles is not None
    whole = tiles.jpeg(0, 0)
    greedy = replace(tiles, counts=array("Q", [Limits().tile_bytes + 1] * 16))

    assert whole is not None
    with pytest.raises(SlideError, match="a stored tile is damaged"):
        greedy.jpeg(0, 0)
