"""Cohorts that can be read and are probably not what they seem: units, ids, double tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healnet.data.outcome_columns import check_follow_up
from healnet.data.read_cohort import read_cohort
from healnet.exceptions import CohortError, TableError
from tests.data.bad_cohorts import good_cohort


def write(folder: Path, table: pd.DataFrame, yaml: str = "") -> Path:
    table.to_csv(folder / "cohort.csv", index=False)
    (folder / "cohort.yaml").write_text(yaml)
    return folder / "cohort.csv"


@pytest.mark.parametrize(
    ("times", "unit", "said"),
    [
        ([20, 26, 287], "months", ""),  # as TCGA-BRCA
        ([100, 130, 140], "months", "time_unit: days"),
        ([10, 20, 481], "months", "time_unit: days"),
        ([1, 5, 14.9], "months", "time_unit: years"),
        ([1, 5, 14.9], "days", ""),
        ([100, 130, 140], "years", ""),
    ],
)
def test_times_of_another_unit_are_noticed_where_nobody_stated_it(
    times: list[float], unit: str, said: str
) -> None:
    notices = check_follow_up(np.array(times, dtype=np.float64), "c.csv", unit=unit)

    assert [one.code for one in notices] == ["COHORT-TIME-UNIT"] * bool(said)
    assert all(said in one.fix for one in notices)


@pytest.mark.parametrize("times", [[241, 241, 250], [1, 2, 721]])
def test_times_that_no_cohort_reaches_are_refused(times: list[float]) -> None:
    with pytest.raises(CohortError, match="time_unit: days") as refusal:
        check_follow_up(np.array(times, dtype=np.float64), "c.csv")

    assert refusal.value.code == "COHORT-TIME-UNIT"


def test_the_notice_about_the_unit_reaches_the_cohort(tmp_path: Path) -> None:
    table = good_cohort()
    table["time_months"] = table["time_months"].clip(upper=10)

    notices = read_cohort(write(tmp_path, table)).notices

    assert [one.code for one in notices] == ["COHORT-TIME-UNIT"]


@pytest.mark.parametrize("cancer", ["blca", "brca", "coadread", "kirp", "paad"])
def test_the_times_of_real_cohorts_are_not_doubted(test_data: Path, cancer: str) -> None:
    path = test_data / "omics" / "porpoise_mutsig" / f"tcga_{cancer}_all_clean.csv.zip"
    months = pd.read_csv(path, usecols=["survival_months"])["survival_months"]

    assert check_follow_up(months.to_numpy(dtype=np.float64), path.name) == ()


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (("PT-0000", "pt-0000"), "PT-0000 and pt-0000"),
        (("M\u00fcller", "Mu\u0308ller"), r"M\\xfcller and Mu\\u0308ller"),
        (("PT-0000", "PT-\u200b0000"), r"PT-0000 and PT-\\u200b0000"),
        (("PT-1", "PT-\uff11"), r"PT-1 and PT-\\uff11"),
    ],
)
def test_ids_that_read_the_same_are_refused(
    tmp_path: Path, ids: tuple[str, str], named: str
) -> None:
    table = good_cohort()
    table.loc[[0, 1], "case_id"] = ids

    with pytest.raises(CohortError, match=named) as refusal:
        read_cohort(write(tmp_path, table))

    assert refusal.value.code == "COHORT-ID-MATCH"


def test_a_second_clinical_table_is_refused_until_one_is_left_out(tmp_path: Path) -> None:
    table = good_cohort()
    table[["case_id", "age"]].to_csv(tmp_path / "ages.csv", index=False)
    second = {"clinical": tmp_path / "ages.csv"}

    with pytest.raises(
        CohortError, match=r"in ages.csv and in columns of cohort.csv"
    ) as refusal:
        read_cohort(write(tmp_path, table), omics=second)
    cohort = read_cohort(write(tmp_path, table, "clinical: []"), omics=second)

    assert refusal.value.code == "COHORT-DOUBLE-TABLE"
    assert cohort.tables["clinical"].columns.tolist() == ["age"]


def test_no_clinical_column_of_a_porpoise_table_is_none(tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").write_text(
        "case_id,slide_id,survival_months,censorship,age,TP53_rnaseq\n"
        "A,A-1.svs,12.5,0,60,0.25\nB,B-1.svs,30,1,70,0.5\n"
    )
    (tmp_path / "cohort.yaml").write_text("clinical: []")

    assert set(read_cohort(tmp_path / "cohort.csv").tables) == {"rna"}


def test_a_table_with_the_patients_in_its_header_lies_on_its_side(tmp_path: Path) -> None:
    table = good_cohort()
    values = np.ones((4, len(table)))
    rna = pd.DataFrame(values, index=["A2M", "NAT1", "AACP", "AAMP"], columns=table["case_id"])
    rna.to_csv(tmp_path / "rna.csv", index_label="")

    with pytest.raises(TableError, match="genes are in rows: 60 of 60") as refusal:
        read_cohort(write(tmp_path, table), omics={"rna": tmp_path / "rna.csv"})

    assert refusal.value.code == "TABLE-TRANSPOSED"
