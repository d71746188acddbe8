"""Real cohorts for the statistics, read once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healnet.omics.porpoise import read_porpoise

Outcomes = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="session")
def outcomes(test_data: Path) -> Outcomes:
    """Return ``time_months, event, age`` of a TCGA cohort, one row a patient."""

    @cache
    def read(cohort: str) -> pd.DataFrame:
        folder = test_data / "omics" / "porpoise_mutsig"
        parts = read_porpoise(folder / f"{cohort}_all_clean.csv.zip")
        return parts.outcome.assign(age=parts.tables["clinical"]["age"])

    return read


@pytest.fixture
def leukaemia() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weeks in remission (Freireich et al., Blood 21, 1963), the example of every textbook."""
    treated = [6, 6, 6, 7, 10, 13, 16, 22, 23, -6, -9, -10, -11, -17, -19, -20, -25]
    treated += [-32, -32, -34, -35]  # negative: censored
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    return {
        name: (np.abs(np.array(weeks, dtype=float)), np.array(weeks) > 0)
        for name, weeks in (("treated", treated), ("placebo", placebo))
    }
