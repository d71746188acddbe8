"""The routes over real slides: stored tiles are passed on, and look like the slide."""

import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.tiles.jpeg_check import is_unbroken
from app.tiles.pyramid import TileLevel, box_of_tile, lay_pyramid
from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.tokens import mint_token
from healnet.slide.reader import open_slide
from healnet.slide.tiles import encode_jpeg

SLIDES = ("CMU-1-Small-Region.svs", "her2st_B4_pyramid.tiff", "CMU-1-overview.tiff")


@pytest.fixture(scope="module")
def browser(test_data: Path) -> Iterator[TestClient]:
    files = {name: test_data / "slides" / name for name in SLIDES}
    files["corrupt"] = test_data / "hostile" / "corrupt_tiles.tiff"

    def resolve(name: str) -> SlideSource | None:
        path = files.get(name)
        version = f"{zlib.crc32(name.encode()):08x}" * 8
        return None if path is None else SlideSource(path=path, sha256=version)

    with TestClient(Starlette(routes=create_tile_routes(resolve))) as client:
        yield client


def decoded(body: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


def block_means(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Means of blocks of 16 px, which JPEG keeps whatever it does to single pixels."""
    height, width = (side // 16 * 16 for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // 16, 16, width // 16, 16, 3)
    return blocks.mean(axis=(1, 3))


def inner_tile(level: TileLevel) -> tuple[int, int]:
    return int(level.columns > 2), int(level.rows > 2)


@pytest.mark.parametrize("name", SLIDES)
def test_every_level_shows_the_slide_at_its_place(
    browser: TestClient, test_data: Path, name: str
) -> None:
    with open_slide(test_data / "slides" / name) as slide:
        for number, level in enumerate(lay_pyramid(slide.properties)):
            column, row = inner_tile(level)
            answer = browser.get(f"/wsi/{mint_token(name)}/{number}/{column}_{row}.jpg")

            tile = decoded(answer.content)
            box = box_of_tile(level, column, row, properties=slide.properties)
            assert box is not None
            truth = slide.read(box, size=(tile.shape[1], tile.shape[0]))
            assert tile.shape[1::-1] == level.tile_size(column, row)
            assert np.abs(block_means(tile) - block_means(truth)).max() < 6


@pytest.mark.parametrize("name", SLIDES)
def test_a_stored_tile_is_passed_on_without_a_change_of_pixels(
    browser: TestClient, test_data: Path, name: str
) -> None:
    with open_slide(test_data / "slides" / name) as slide:
        level = lay_pyramid(slide.properties)[0]
        box = box_of_tile(level, 0, 0, properties=slide.properties)
        assert box is not None
        truth = slide.read(box, size=(box.width, box.height))

        browser.get(f"/wsi/{mint_token(name)}/thumbnail.jpg")  # opens the slide
        tile = decoded(browser.get(f"/wsi/{mint_token(name)}/0/0_0.jpg").content)

    assert np.array_equal(tile, truth)


def test_a_stored_tile_carries_no_words_of_the_file(browser: TestClient) -> None:
    body = browser.get(f"/wsi/{mint_token(SLIDES[0])}/0/1_1.jpg").content

    assert b"Aperio" not in body
    assert b"\xff\xfe" not in body[:200]  # no comment segment


def test_bad_tiles_are_missing_and_do_not_spoil_the_others(browser: TestClient) -> None:
    token = mint_token("corrupt")
    # column 0, row 5 holds no JPEG; the data of column 4, row 2 break off in the middle
    places = ["0_4", "0_5", "0_6", "0_5", "1_5", "3_2", "4_2", "6_2", "4_2"]

    statuses = [browser.get(f"/wsi/{token}/0/{place}.jpg").status_code for place in places]

    assert statuses == [200, 404, 200, 404, 200, 200, 404, 200, 404]
    assert browser.get(f"/wsi/{token}/thumbnail.jpg").status_code == 200


@pytest.mark.parametrize("name", SLIDES)
def test_every_sound_tile_passes_the_check_for_broken_ones(test_data: Path, name: str) -> None:
    with open_slide(test_data / "slides" / name) as slide:
        level = lay_pyramid(slide.properties)[0]
        assert slide.stored_tiles is not None
        for row in range(level.rows):
            for column in range(0, level.columns, 3):
                jpeg = slide.stored_tiles.get(0, column, row)
                assert jpeg is None or is_unbroken(jpeg)


@given(place=st.floats(0.05, 0.95), length=st.integers(1, 400), seed=st.integers(0, 99))
def test_a_tile_that_breaks_off_is_noticed(place: float, length: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = encode_jpeg(noise)
    cut = 700 + int(place * (len(whole) - 1200))

    assert is_unbroken(whole)
    assert not is_unbroken(whole[:cut])
    assert not is_unbroken(whole[:cut] + b"\xff\xd9" + whole[cut + length :])


def test_restart_markers_are_no_damage() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", restart_marker_blocks=2)

    assert b"\xff\xd3" in buffer.getvalue()
    assert is_unbroken(buffer.getvalue())
