"""The start page: nothing inline, nothing foreign, and 404 for what is nobody's."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.server import PAGE_PATHS
from app.start_page import KnownPathsMiddleware, create_start_routes, start_page


class Scripts(HTMLParser):
    """Collects where scripts and links of a page come from."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.has_inline_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "script" and "src" not in found:
            self.has_inline_script = True
        self.sources += [
            value for name, value in attributes if name in {"src", "href"} and value
        ]


@pytest.fixture
def client() -> Iterator[TestClient]:
    async def theirs(_request: object) -> PlainTextResponse:
        return PlainTextResponse("theirs")

    routes = [*create_start_routes(PAGE_PATHS), Route("/{rest:path}", theirs)]
    middleware = [Middleware(KnownPathsMiddleware, page_paths=PAGE_PATHS)]
    with TestClient(Starlette(routes=routes, middleware=middleware)) as client:
        yield client


def test_the_page_has_no_inline_script_and_nothing_foreign() -> None:
    page = Scripts()
    page.feed(start_page())

    assert not page.has_inline_script
    assert page.sources
    assert not [source for source in page.sources if "//" in source]
    assert page.sources.index("/boot.js") < page.sources.index(
        next(source for source in page.sources if "static/js/index" in source)
    )


@pytest.mark.parametrize("path", PAGE_PATHS)
def test_each_page_has_an_address(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert "<title>HEALNet Workbench</title>" in answer.text


@pytest.mark.parametrize("path", ["/tilez/x", "/etc/passwd", "/Case", "/%2e%2e/x", "/case.php"])
def test_an_address_that_is_nobodys_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/static/js/x.js", "/_stcore/health", "/media/x", "/wsi/a/b"])
def test_known_addresses_are_passed_on(client: TestClient, path: str) -> None:
    assert client.get(path).text == "theirs"
