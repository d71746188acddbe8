"""Pages run without a browser, each on a workspace of its own."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import ROOT, read_settings
from app.store.workspace import Workspace, open_workspace

TIMEOUT_S = 180  # a busy machine imports torch slowly
OpenPage = Callable[..., AppTest]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty workspace, without a study."""
    monkeypatch.setenv("HEALNET_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("HEALNET_SLIDE_ROOTS", str(tmp_path / "slides"))
    monkeypatch.setenv("HEALNET_DEMO", str(tmp_path / "demo"))
    workspace = open_workspace(read_settings())
    yield workspace
    workspace.engine.dispose()


@pytest.fixture
def study(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with the shipped study."""
    demo = Path(os.environ.get("HEALNET_TEST_DEMO", ROOT / "assets" / "demo"))
    if not (demo / "model" / "manifest.json").is_file():
        pytest.skip("the shipped study is not built: run `healnet demo --rebuild`")
    monkeypatch.setenv("HEALNET_DEMO", str(demo))
    study = open_workspace(read_settings())
    assert study.settings.workspace == workspace.settings.workspace
    return study


@pytest.fixture
def open_page(workspace: Workspace) -> OpenPage:  # noqa: ARG001  (sets the environment)
    """Runs the router as a browser would, on the page and address given."""

    def open_at(name: str = "cases", **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=TIMEOUT_S)
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        if name != "cases":
            page.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
        return page

    return open_at


def words(page: AppTest) -> str:
    """Return all the markup of a page as one text."""
    return "\n".join(block.proto.body for block in page.get("html"))


def markup_of(page: AppTest, key: str) -> str:
    """Return the markup shown by the component under a key."""
    blocks = [block.proto for block in page.get("bidi_component")]
    found = [json.loads(block.json)["html"] for block in blocks if key in block.id]
    assert found, f"nothing is shown under {key}"
    return str(found[0])
