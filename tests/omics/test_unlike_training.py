"""What is said of a row that is unlike the rows of training, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from healnet.exceptions import TableError
from healnet.omics.name_match import refuse_few_values
from healnet.omics.table_schema import EncodedRow, TableSchema
from tests.omics.bad_tables import profiles


@pytest.fixture
def mutations() -> pd.DataFrame:
    flags = np.random.default_rng(0).integers(0, 2, (40, 30)).astype(np.float64)
    return pd.DataFrame(flags, columns=[f"M{i}" for i in range(30)])


def encode(frame: pd.DataFrame, modality: str, **changes: object) -> EncodedRow:
    return TableSchema.fit(frame, modality).encode({**frame.iloc[0].to_dict(), **changes})


@pytest.mark.parametrize("value", [2.0, -1.0, 0.5])
def test_a_flag_takes_only_zero_and_one(mutations: pd.DataFrame, value: float) -> None:
    (notice,) = encode(mutations, "mutation", M3=value, M4=value).match.notices

    assert notice.code == "OMICS-CODING"
    assert notice.what.startswith("2 mutation values are neither 0 nor 1")
    assert notice.where == f"M3 = {value:g}; M4 = {value:g}"


@pytest.mark.parametrize("value", [0.0, 1.0, None, float("nan")])
def test_a_flag_as_in_training_or_missing_is_not_noticed(
    mutations: pd.DataFrame, value: float | None
) -> None:
    assert encode(mutations, "mutation", M3=value).match.notices == ()


@pytest.mark.parametrize(
    ("empty", "refused"), [(0, False), (60, False), (100, False), (101, True)]
)
def test_the_floor_counts_values_not_only_names(empty: int, refused: bool) -> None:
    report = encode(profiles(), "rna", **{f"GENE{i}": None for i in range(empty)}).match

    assert report.share == 1.0
    assert report.share_measured == pytest.approx(1 - empty / 200)
    if not refused:
        refuse_few_values(report, 0.5)
        return
    with pytest.raises(TableError, match="50% are needed") as refusal:
        refuse_few_values(report, 0.5)
    assert refusal.value.code == "OMICS-FEW-VALUES"


def test_columns_that_no_training_patient_had_are_not_asked_for() -> None:
    frame = profiles()
    frame.iloc[:, :150] = np.nan

    assert encode(frame, "rna").match.share_measured == 1.0
