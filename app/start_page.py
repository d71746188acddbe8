"""The first HTML page: Streamlit's own, without what the content policy would refuse.

Streamlit's page carries an inline script, preloads a font that is not used here, and looks for
its server below the address of every page, which fills the console with errors on a direct
link. So the page is served from here, with a script file that says where the server is and
keeps the theme. Addresses that belong to nobody are answered 404, not with the start page.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import file_util

BOOT = "/boot.js"
BOOT_SCRIPT = Path(__file__).with_name("boot.js")
OURS = frozenset({"", "boot.js", "wsi", "maps", "viewer", "upload", "_stcore", "media"})
NO_STORE = {"Cache-Control": "no-cache"}

_INLINE_SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
_UNUSED_LINKS = re.compile(r'<link\s[^>]*rel="(?:preload|service-desc)"[^>]*>', re.DOTALL)
_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)


def create_start_routes(page_paths: Sequence[str]) -> list[BaseRoute]:
    """Return the routes of the start page, one for each page that can be linked to.

    Args:
        page_paths: Addresses of the pages, e.g. ``"/"`` and ``"/models"``.
    """
    return [
        Route(BOOT, _boot, methods=["GET"]),
        *(Route(path, _start, methods=["GET"]) for path in page_paths),
    ]


class KnownPathsMiddleware:
    """Answers 404 to addresses that are neither ours nor Streamlit's.

    Args:
        app: What is wrapped.
        page_paths: Addresses of the pages.
    """

    def __init__(self, app: ASGIApp, page_paths: Sequence[str]) -> None:
        self._app = app
        pages = {path.strip("/") for path in page_paths}
        self._known = OURS | pages | {path.name for path in _static_folder().iterdir()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a known address on; refuse the others."""
        is_page = scope["type"] in {"http", "websocket"}
        if is_page and scope["path"].lstrip("/").split("/", 1)[0] not in self._known:
            if scope["type"] == "http":
                await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


@lru_cache(maxsize=1)
def start_page() -> str:
    """Return the start page as it is served."""
    page = (_static_folder() / "index.html").read_text(encoding="utf-8")
    page = _UNUSED_LINKS.sub("", _INLINE_SCRIPT.sub("", page))
    page = _TITLE.sub("<title>HEALNet Workbench</title>", page)
    return page.replace("</title>", f'</title>\n    <script src="{BOOT}"></script>', 1)


async def _start(_request: Request) -> Response:
    return HTMLResponse(start_page(), headers=NO_STORE)


async def _boot(_request: Request) -> Response:
    script = BOOT_SCRIPT.read_text(encoding="utf-8")
    return Response(script, media_type="text/javascript", headers=NO_STORE)


def _static_folder() -> Path:
    return Path(file_util.get_static_dir())
