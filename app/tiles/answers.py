"""The few kinds of answer that the routes give."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

IMMUTABLE = "private, max-age=86400, immutable"
_CHECKED_EACH_TIME = "no-cache"


def not_found() -> Response:
    """Nothing of that name: the same words whether it is missing, foreign or out of range."""
    return _plain("Not found.", 404)


def wrong_verb() -> Response:
    """These routes only read."""
    return _plain("Method not allowed.", 405, {"Allow": "GET, HEAD"})


def too_busy() -> Response:
    """Ask again in a second."""
    return _plain("Busy.", 503, {"Retry-After": "1"})


def content(
    request: Request, body: bytes, *, media_type: str, etag: str, is_immutable: bool = True
) -> Response:
    """Answer with bytes that a browser may keep, or 304 if it has them."""
    headers = {
        "Cache-Control": IMMUTABLE if is_immutable else _CHECKED_EACH_TIME,
        "ETag": f'"{etag}"',
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def media_type_of(path: Path) -> str:
    """Return the type of a built asset by its ending."""
    return {
        ".js": "text/javascript",
        ".css": "text/css",
        ".woff2": "font/woff2",
        ".txt": "text/plain",
    }[path.suffix]


def _plain(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    fixed = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(
        text, status_code=status, media_type="text/plain", headers=fixed | (headers or {})
    )
