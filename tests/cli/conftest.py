"""The small trained model of the training tests, for this folder too."""

from tests.train.conftest import bundle, cohort, model_folder

__all__ = ["bundle", "cohort", "model_folder"]
