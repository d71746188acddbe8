"""A small study, built once for all tests of the study."""

from pathlib import Path

import pytest

from healnet.study.build import Study, build_study
from tests.study.small_slides import SMALL


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Four patients with small slides."""
    folder: Path = tmp_path_factory.mktemp("study")
    return build_study(folder, patients=4, seed=7, form=SMALL, processes=1)
