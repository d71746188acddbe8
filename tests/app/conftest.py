"""A workspace of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.workspace import Workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        workspace=tmp_path / "workspace",
        slide_roots=(tmp_path / "slides",),
        demo=tmp_path / "demo",
    )


@pytest.fixture
def workspace(settings: Settings) -> Iterator[Workspace]:
    workspace = Workspace(settings)
    engine = workspace.engine  # makes the folders and the database
    yield workspace
    engine.dispose()
