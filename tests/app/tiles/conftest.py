"""A small real slide, and a client over the tile routes that knows it as "mine"."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.security import security_middleware
from app.tiles.tokens import mint_token

WIDTH, HEIGHT = 1300, 900


@pytest.fixture(scope="session")
def pixels() -> NDArray[np.uint8]:
    """Smooth colours that say where they are: red rises to the right, green downwards."""
    across = np.linspace(0, 255, WIDTH)[None, :].repeat(HEIGHT, axis=0)
    down = np.linspace(0, 255, HEIGHT)[:, None].repeat(WIDTH, axis=1)
    return np.stack([across, down, np.full_like(across, 128)], axis=2).astype(np.uint8)


@pytest.fixture(scope="session")
def slide_file(tmp_path_factory: pytest.TempPathFactory, pixels: NDArray[np.uint8]) -> Path:
    """A tiled TIFF of 0.5 um/px that OpenSlide opens."""
    path = tmp_path_factory.mktemp("slides") / "case.tiff"
    tifffile.imwrite(
        path,
        pixels,
        tile=(256, 256),
        photometric="rgb",
        resolution=(20_000, 20_000),
        resolutionunit="CENTIMETER",
    )
    return path


@pytest.fixture
def client(slide_file: Path) -> Iterator[TestClient]:
    """A browser on this machine; one slide exists."""
    source = SlideSource(path=slide_file, sha256="0123456789abcdef" * 4)
    routes = create_tile_routes(lambda slide_id: source if slide_id == "mine" else None)
    app = Starlette(routes=routes, middleware=security_middleware())
    with TestClient(app, base_url="http://localhost") as browser:
        yield browser


@pytest.fixture
def token() -> str:
    """The signed id of the slide."""
    return mint_token("mine")
