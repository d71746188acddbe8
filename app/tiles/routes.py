"""HTTP routes for slides, maps and the viewer's files, on Streamlit's own port.

``/wsi/{token}/{level}/{column}_{row}.jpg``, ``/wsi/{token}/region/{x}_{y}_{size}_{px}.jpg``,
``/wsi/{token}/thumbnail.jpg``, ``/maps/{map_id}.f32``, ``/viewer/{file}``. They only read. No
client can name a path: slides by signed id, maps by hash, files from a fixed list. Whatever is
not there, not yours or not a number is the same 404.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.tiles.answers import content, media_type_of, not_found, too_busy, wrong_verb
from app.tiles.assets import find_asset
from app.tiles.handles import SlideSource
from app.tiles.maps import find_map
from app.tiles.newest_first import NewestFirst, TooBusyError
from app.tiles.tile_service import ResolveSlide, TileService
from app.tiles.tokens import read_token

__all__ = ["SlideSource", "create_tile_routes"]

Endpoint = Callable[[Request], Awaitable[Response]]
Make = Callable[[], bytes | None]

_JPEG = "image/jpeg"
_TILE = re.compile(r"(\d{1,7})_(\d{1,7})", re.ASCII)
_LEVEL = re.compile(r"\d{1,2}", re.ASCII)
_REGION = re.compile(r"(-?\d{1,7})_(-?\d{1,7})_(\d{1,7})_(\d{1,5})", re.ASCII)
_ALL_VERBS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]


def create_tile_routes(resolve_slide: ResolveSlide) -> list[BaseRoute]:
    """Return the routes of the tile service.

    Args:
        resolve_slide: From a slide id (inside a token) to its file; None if there is none.
    """
    endpoints = TileEndpoints(TileService(resolve_slide))
    return [
        _read_only("/wsi/{token}/region/{square}.jpg", endpoints.region),
        _read_only("/wsi/{token}/thumbnail.jpg", endpoints.thumbnail),
        _read_only("/wsi/{token}/{level}/{tile}.jpg", endpoints.tile),
        _read_only("/maps/{map_id}.f32", _map),
        _read_only("/viewer/{name:path}", _asset),
        _read_only("/wsi/{rest:path}", _nothing),
        _read_only("/maps/{rest:path}", _nothing),
    ]


class TileEndpoints:
    """The slide routes. Cheap answers come at once; reading pixels waits for a turn."""

    def __init__(self, service: TileService) -> None:
        self._service = service
        self._num_readers = max(2, os.cpu_count() or 2)
        self._gate: NewestFirst | None = None
        self._opening: dict[SlideSource, asyncio.Task[None]] = {}
        self._threads: CapacityLimiter | None = None

    async def tile(self, request: Request) -> Response:
        """One tile of the viewer's pyramid."""
        found = _TILE.fullmatch(request.path_params["tile"])
        level = request.path_params["level"]
        source = await self._source(request)
        if source is None or found is None or not _LEVEL.fullmatch(level):
            return not_found()
        await self._opened(source)
        place = (int(level), int(found[1]), int(found[2]))
        etag = "-".join((source.version, *map(str, place)))
        body = self._service.ready_tile(source, *place)
        if body is not None:
            return content(request, body, media_type=_JPEG, etag=etag)
        return await self._slow(request, etag, lambda: self._service.tile(source, *place))

    async def region(self, request: Request) -> Response:
        """A square of the slide at any size: thumbnails of patches and crops."""
        found = _REGION.fullmatch(request.path_params["square"])
        source = await self._source(request)
        if source is None or found is None:
            return not_found()
        await self._opened(source)
        x, y, size, pixels = (int(number) for number in found.groups())
        etag = f"{source.version}-{found[0]}"
        return await self._slow(
            request,
            etag,
            lambda: self._service.region(source, x=x, y=y, size=size, pixels=pixels),
        )

    async def thumbnail(self, request: Request) -> Response:
        """The whole slide, small."""
        source = await self._source(request)
        if source is None:
            return not_found()
        await self._opened(source)
        etag = f"{source.version}-thumbnail"
        return await self._slow(request, etag, lambda: self._service.thumbnail(source))

    async def _source(self, request: Request) -> SlideSource | None:
        slide_id = read_token(request.path_params["token"])
        if slide_id is None:
            return None
        known = self._service.known_source(slide_id)
        return known or await to_thread.run_sync(self._service.source, slide_id)

    async def _opened(self, source: SlideSource) -> None:
        """Wait until a slide is open, once for all who ask; probing it may take a while."""
        if self._service.is_open(source):
            return
        task = self._opening.get(source)
        if task is None:
            task = asyncio.create_task(to_thread.run_sync(self._service.open, source))
            self._opening[source] = task
            task.add_done_callback(lambda _: self._opening.pop(source, None))
        await asyncio.shield(task)

    async def _slow(self, request: Request, etag: str, make: Make) -> Response:
        try:
            async with self._turns().turn():
                if await request.is_disconnected():  # the tile has left the view meanwhile
                    return not_found()
                body = await to_thread.run_sync(make, limiter=self._threads)
        except TooBusyError:
            return too_busy()
        if body is None:
            return not_found()
        return content(request, body, media_type=_JPEG, etag=etag)

    def _turns(self) -> NewestFirst:
        if self._gate is None:  # belongs to the running event loop, so made inside it
            self._gate = NewestFirst(self._num_readers)
            self._threads = CapacityLimiter(self._num_readers)
        return self._gate


async def _map(request: Request) -> Response:
    map_id = request.path_params["map_id"]
    body = find_map(map_id)
    if body is None:
        return not_found()
    return content(request, body, media_type="application/octet-stream", etag=map_id)


async def _asset(request: Request) -> Response:
    asset = find_asset(request.path_params["name"])
    if asset is None:
        return not_found()
    is_named_by_content = request.query_params.get("v") == asset.etag
    return content(
        request,
        asset.body,
        media_type=media_type_of(asset.path),
        etag=asset.etag,
        is_immutable=is_named_by_content or asset.path.suffix == ".woff2",
    )


async def _nothing(_request: Request) -> Response:
    return not_found()


def _read_only(path: str, endpoint: Endpoint) -> Route:
    """A route that answers GET and HEAD, and 405 for every other verb."""

    async def answer(request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return wrong_verb()
        return await endpoint(request)

    return Route(path, answer, methods=_ALL_VERBS)
