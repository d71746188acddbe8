"""Fixtures for every test: seeds, the hypothesis profile and the shared test data."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
TEST_DATA = Path(os.environ.get("HEALNET_TEST_DATA", ROOT.parent / "shared" / "data"))

settings.register_profile(
    "healnet",
    deadline=None,  # the first calls into torch are slow
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("healnet")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed() -> None:
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
