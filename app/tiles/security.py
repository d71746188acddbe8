"""Which hosts and pages are answered, and the headers on every answer of the process.

Streamlit's own check covers the WebSocket alone, it sends no policy at all, and for a foreign
page it asks a service on the internet for this machine's address before it refuses. So all of
that is decided here, for pages, tiles and uploads alike, before Streamlit sees the request.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.tiles.content_policy import content_security_policy

TRUSTED_HOSTS = ("127.0.0.1", "localhost")

SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def security_middleware(allowed_hosts: Sequence[str] = TRUSTED_HOSTS) -> list[Middleware]:
    """Return the middleware for ``st.App``: headers outermost, so that refusals have them too.

    Args:
        allowed_hosts: Names under which this server may be asked, without ports.
    """
    return [
        Middleware(SecurityHeadersMiddleware),
        Middleware(
            TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False
        ),
        Middleware(KnownOriginMiddleware, allowed_hosts=allowed_hosts),
    ]


class KnownOriginMiddleware:
    """Refuses what a page of another host asks for: 403, or a WebSocket that never opens.

    Args:
        app: What is wrapped.
        allowed_hosts: Names of the pages that may ask, on any port.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed_hosts = frozenset(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; tools that name no origin are not pages."""
        refusals = {
            "http": PlainTextResponse("a page of another host may not ask", status_code=403),
            "websocket": WebSocketClose(),
        }
        origin = Headers(scope=scope).get("origin") if scope["type"] in refusals else None
        if origin is None or _host_of(origin) in self._allowed_hosts:
            await self._app(scope, receive, send)
        else:
            await refusals[scope["type"]](scope, receive, send)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


class SecurityHeadersMiddleware:
    """Adds the security headers to every HTTP answer.

    Args:
        app: What is wrapped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private")
            await send(message)

        await self._app(scope, receive, send_with_headers)
