"""Fixtures for every test: seeds, the hypothesis profile, the shared test data, one model.

Heavy parts are imported where they are needed: the process that hands out the tests needs none.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from healnet.bundle import ModelBundle
    from healnet.data.cohort import Cohort

ROOT = Path(__file__).parents[1]
TEST_DATA = Path(os.environ.get("HEALNET_TEST_DATA", ROOT.parent / "shared" / "data"))

settings.register_profile(
    "healnet",
    deadline=None,  # the first calls into torch are slow
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("healnet")


@pytest.fixture(autouse=True)
def seed() -> None:
    """Start every test from the same state, on one core: two processes share two."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Undo what a page test does to ``__main__``: new processes would run that page."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of shared slides, omics and golden values."""
    if not TEST_DATA.is_dir():
        pytest.skip("test data not found: set HEALNET_TEST_DATA to the folder that holds it")
    return TEST_DATA


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> "Cohort":
    """A small cohort with a planted signal."""
    from tests.train.planted import planted_cohort  # noqa: PLC0415

    return planted_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def model_folder(cohort: "Cohort", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on that cohort, once for all tests that only read it."""
    from healnet.train import train_model  # noqa: PLC0415
    from tests.train.planted import RECIPE  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("run") / "model"
    train_model(cohort, recipe=RECIPE, out_dir=folder)
    return folder


@pytest.fixture(scope="session")
def bundle(model_folder: Path) -> "ModelBundle":
    """The same model, read."""
    from healnet.bundle import read_bundle  # noqa: PLC0415

    return read_bundle(model_folder)
