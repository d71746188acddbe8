"""One small trained model for the tests of this folder."""

from pathlib import Path

import pytest

from healnet.bundle import ModelBundle, read_bundle
from healnet.data.cohort import Cohort
from healnet.train import train_model
from tests.train.planted import RECIPE, planted_cohort


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return planted_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def model_folder(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "model"
    train_model(cohort, recipe=RECIPE, out_dir=folder)
    return folder


@pytest.fixture(scope="session")
def bundle(model_folder: Path) -> ModelBundle:
    return read_bundle(model_folder)
