"""What surrounds Streamlit in its own process: routes, middleware, start and stop."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import config

from app import warm_up
from app.jobs.supervisor import Supervisor
from app.settings import check_server, read_settings
from app.start_page import KnownPathsMiddleware, create_start_routes
from app.store.intake import accept_upload
from app.store.slide_access import find_slide
from app.store.workspace import open_workspace
from app.tiles.nodelay import set_nodelay
from app.tiles.routes import create_tile_routes
from app.tiles.security import security_middleware
from app.tiles.uploads import UploadLimits, create_upload_routes
from healnet.exceptions import ConfigError

EXIT_REFUSED = 2
PAGE_PATHS = ("/", "/case", "/models", "/diagnostics")


def routes() -> list[BaseRoute]:
    """Return every route beside Streamlit's own: tiles, maps, viewer assets, uploads."""
    settings = read_settings()
    workspace = open_workspace(settings)
    limits = UploadLimits(max_bytes=settings.max_slide_bytes)
    return [
        *create_start_routes(PAGE_PATHS),
        *create_tile_routes(lambda slide_id: find_slide(workspace, slide_id)),
        *create_upload_routes(
            settings.uploads,
            limits=limits,
            on_stored=lambda stored: accept_upload(workspace, stored),
        ),
    ]


def middleware() -> list[Middleware]:
    """Return trusted hosts, security headers and known addresses, for every answer."""
    return [
        *security_middleware(),
        Middleware(KnownPathsMiddleware, page_paths=PAGE_PATHS),
    ]


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Check the settings in effect, then run the job supervisor while the server lives."""
    try:
        check_server(config.get_option)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(EXIT_REFUSED)  # nothing has started; a raise would print a traceback instead
    set_nodelay()
    workspace = open_workspace(read_settings())
    supervisor = Supervisor(workspace)
    supervisor.start()
    warm_up.begin(workspace)
    try:
        yield
    finally:
        supervisor.stop()
