"""The routes over real slides: stored tiles are passed on, and look like the slide."""

import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.tiles.pyramid import TileLevel, box_of_tile, lay_pyramid
from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.tokens import mint_token
from healnet.slide.reader import open_slide

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


def test_one_bad_tile_does_not_spoil_the_others(browser: TestClient) -> None:
    token = mint_token("corrupt")
    places = ["0_4", "0_5", "0_6", "0_5", "1_5"]  # row 5 of column 0 holds no JPEG

    statuses = [browser.get(f"/wsi/{token}/0/{place}.jpg").status_code for place in places]

    assert statuses == [200, 404, 200, 404, 200]
    assert browser.get(f"/wsi/{token}/thumbnail.jpg").status_code == 200
