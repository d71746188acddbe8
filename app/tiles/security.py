"""Which hosts are answered, and the headers on every answer of the process.

Streamlit's own host check covers the WebSocket alone, and it sends no policy at all; so both
are done here, for pages, tiles and uploads alike.
"""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    ]


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
