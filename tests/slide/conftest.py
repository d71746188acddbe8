"""Slides that several tests read."""

from pathlib import Path

import pytest

from tests.slide.make_slides import write_jpeg_slide


@pytest.fixture(scope="session")
def sound_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound pyramid: 1024 x 1024 pixels, 3 levels, 0.5 um per pixel."""
    return write_jpeg_slide(tmp_path_factory.mktemp("slides") / "sound.tif")
