"""The routes as a browser, and as an attacker, sees them."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.tiles.maps import map_url, publish_map
from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.tokens import mint_token


def decoded(body: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


def test_a_tile_is_a_jpeg_that_the_browser_may_keep(client: TestClient, token: str) -> None:
    answer = client.get(f"/wsi/{token}/0/0_0.jpg")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=86400, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert decoded(answer.content).shape == (512, 512, 3)


def test_a_tile_shows_the_pixels_at_its_place(
    client: TestClient, token: str, pixels: NDArray[np.uint8]
) -> None:
    tile = decoded(client.get(f"/wsi/{token}/0/1_1.jpg").content)

    truth = pixels[512:900, 512:1024]
    assert tile.shape == truth.shape
    assert np.abs(tile.astype(int) - truth).mean() < 2  # JPEG


def test_the_last_column_ends_where_the_slide_ends(client: TestClient, token: str) -> None:
    tile = decoded(client.get(f"/wsi/{token}/0/2_0.jpg").content)

    assert tile.shape == (512, 1300 - 2 * 512, 3)


def test_a_made_level_is_half_the_size(
    client: TestClient, token: str, pixels: NDArray[np.uint8]
) -> None:
    tile = decoded(client.get(f"/wsi/{token}/1/0_0.jpg").content)

    truth = pixels.reshape(450, 2, 650, 2, 3).mean(axis=(1, 3))[:, :512]
    assert tile.shape == truth.shape
    assert np.abs(tile - truth).mean() < 2


def test_a_browser_that_has_the_tile_gets_304(client: TestClient, token: str) -> None:
    address = f"/wsi/{token}/0/0_0.jpg"
    etag = client.get(address).headers["etag"]

    answer = client.get(address, headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("0/3_0", id="past the last column"),
        pytest.param("0/0_2", id="past the last row"),
        pytest.param("9/0_0", id="past the last level"),
        pytest.param("99/0_0", id="far past the last level"),
        pytest.param("999/0_0", id="level of three digits"),
        pytest.param(f"{'9' * 400}/0_0", id="huge level"),
        pytest.param("-1/0_0", id="negative level"),
        pytest.param("abc/0_0", id="word as level"),
        pytest.param("1e3/0_0", id="float as level"),
        pytest.param("0x1/0_0", id="hexadecimal level"),
        pytest.param("%00/0_0", id="null byte"),
        pytest.param("0/-1_0", id="negative column"),
        pytest.param("0/0_0_0", id="three numbers"),
        pytest.param("0/99999999_0", id="eight digits"),
        pytest.param("0/\u0661_0", id="arabic digit"),
        pytest.param("0/", id="nothing"),
        pytest.param("0/a%0d%0aX-Bad:%201_0", id="header injection"),
    ],
)
def test_a_tile_that_is_not_there_is_404(client: TestClient, token: str, place: str) -> None:
    answer = client.get(f"/wsi/{token}/{place}.jpg")

    assert answer.status_code == 404
    assert answer.text == "Not found."
    assert "x-bad" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mine", id="plain id without signature"),
        pytest.param("%2fetc%2fpasswd", id="absolute path"),
        pytest.param("..%2f..%2f..%2fetc%2fpasswd", id="traversal"),
        pytest.param("file:%2f%2f%2fetc%2fpasswd", id="file address"),
        pytest.param("http:%2f%2f127.0.0.1:22%2f", id="web address"),
        pytest.param("%5c%5chost%5cshare", id="share"),
        pytest.param("a%00b", id="null byte"),
        pytest.param("a" * 20_000, id="very long"),
    ],
)
def test_a_name_that_this_process_did_not_sign_is_404(client: TestClient, name: str) -> None:
    for rest in ("0/0_0.jpg", "thumbnail.jpg", "region/0_0_10_10.jpg"):
        assert client.get(f"/wsi/{name}/{rest}").status_code == 404


def test_a_foreign_slide_looks_like_one_that_does_not_exist(client: TestClient) -> None:
    foreign = client.get(f"/wsi/{mint_token('another')}/0/0_0.jpg")
    unsigned = client.get("/wsi/nonsense/0/0_0.jpg")

    assert foreign.status_code == unsigned.status_code == 404
    assert foreign.content == unsigned.content


@pytest.mark.parametrize("path", ["/wsi/../../../etc/passwd", "/maps/../../x", "/viewer/../x"])
def test_traversal_finds_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_the_routes_only_read(client: TestClient, token: str, verb: str) -> None:
    addresses = (f"/wsi/{token}/0/0_0.jpg", "/maps/x.f32", "/viewer/viewer.js", "/wsi/x")

    statuses = [client.request(verb, address).status_code for address in addresses]

    assert statuses == [405] * 4


def test_head_answers_without_a_body(client: TestClient, token: str) -> None:
    answer = client.head(f"/wsi/{token}/0/0_0.jpg")

    assert answer.status_code == 200
    assert answer.content == b""


def test_a_region_is_cut_where_it_was_asked(
    client: TestClient, token: str, pixels: NDArray[np.uint8]
) -> None:
    region = decoded(client.get(f"/wsi/{token}/region/100_200_256_128.jpg").content)

    truth = pixels[200:456, 100:356].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert region.shape == (128, 128, 3)
    assert np.abs(region - truth).mean() < 2


def test_a_region_over_the_edge_has_the_ground_of_the_viewer(
    client: TestClient, token: str, pixels: NDArray[np.uint8]
) -> None:
    region = decoded(client.get(f"/wsi/{token}/region/-100_-100_200_200.jpg").content)

    assert np.abs(region[:90, :90].astype(int) - (242, 243, 245)).max() < 6
    assert np.abs(region[110:, 110:].astype(int) - pixels[10:100, 10:100]).mean() < 3


@pytest.mark.parametrize(
    "square",
    [
        pytest.param("5000_5000_100_100", id="beside the slide"),
        pytest.param("0_0_0_10", id="without extent"),
        pytest.param("0_0_10_0", id="without pixels"),
        pytest.param("0_0_100_4097", id="one pixel over 16 Mpx"),
        pytest.param("0_0_99999999_10", id="too many digits"),
        pytest.param("0_0_10", id="a number short"),
        pytest.param("a_b_c_d", id="words"),
    ],
)
def test_a_region_that_makes_no_sense_is_404(
    client: TestClient, token: str, square: str
) -> None:
    assert client.get(f"/wsi/{token}/region/{square}.jpg").status_code == 404


def test_a_thumbnail_keeps_the_shape_of_the_slide(client: TestClient, token: str) -> None:
    thumbnail = decoded(client.get(f"/wsi/{token}/thumbnail.jpg").content)

    assert thumbnail.shape[1] == 512
    assert thumbnail.shape[0] == pytest.approx(512 * 900 / 1300, abs=1)


def test_a_map_arrives_bit_for_bit(client: TestClient) -> None:
    scores = np.array([[0.5, np.nan], [3.25, -1e-7]], dtype=np.float32)

    answer = client.get(f"/{map_url(publish_map(scores))}")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == scores.astype("<f4").tobytes()


@pytest.mark.parametrize("name", ["0" * 40, "x", "..%2fx", "0" * 41, ""])
def test_a_map_that_nobody_published_is_404(client: TestClient, name: str) -> None:
    assert client.get(f"/maps/{name}.f32").status_code == 404


@pytest.mark.parametrize("name", ["..%2fcomponent.py", "%2fetc%2fpasswd", "fonts", "x.js", ""])
def test_only_built_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/viewer/{name}").status_code == 404


def test_a_damaged_slide_is_404_and_the_next_one_works(
    client: TestClient, token: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("broken") / "case.svs"
    broken.write_bytes(b"II*\0not a slide at all")
    routes = create_tile_routes(lambda _: SlideSource(path=broken, sha256="f" * 64))
    with TestClient(Starlette(routes=routes), base_url="http://localhost") as other:
        assert other.get(f"/wsi/{token}/0/0_0.jpg").status_code == 404
        assert other.get(f"/wsi/{token}/thumbnail.jpg").status_code == 404

    assert client.get(f"/wsi/{token}/0/0_0.jpg").status_code == 200
