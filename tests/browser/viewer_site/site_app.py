"""A server with nothing but the viewer, for the tests of the viewer."""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from app.tiles.nodelay import set_nodelay
from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.security import security_middleware

FOLDER = Path(os.environ["VIEWER_SITE"])


def resolve(slide_id: str) -> SlideSource | None:
    """The slides of the site: case-a, case-b."""
    path = FOLDER / f"{slide_id}.tiff"
    if slide_id not in {"case-a", "case-b"}:
        return None
    return SlideSource(path=path, sha256=hashlib.sha256(slide_id.encode()).hexdigest())


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Answers leave at once."""
    set_nodelay()
    yield


streamlit_app = st.App(
    Path(__file__).parent / "site_page.py",
    routes=create_tile_routes(resolve),
    middleware=security_middleware(),
    lifespan=lifespan,
)
