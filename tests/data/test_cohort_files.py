"""Which files belong to a cohort: the settings beside it, and the features of its slides."""

from pathlib import Path

import numpy as np
import pytest

from healnet.data.cohort import Cohort
from healnet.data.cohort_settings import read_settings
from healnet.data.feature_store import write_features
from healnet.data.read_cohort import read_cohort
from healnet.exceptions import CohortError
from tests.data.bad_cohorts import good_cohort
from tests.data.conftest import make_slide

HEADER = "case_id,slide_id,survival_months,censorship,TP53_rnaseq\n"


def porpoise(folder: Path, rows: str, yaml: str, header: str = HEADER) -> Cohort:
    (folder / "cohort.csv").write_text(header + rows)
    (folder / "cohort.yaml").write_text(yaml)
    return read_cohort(folder / "cohort.csv")


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        ("cohort.csv", "cohort.yaml"),
        ("cohort.csv.zip", "cohort.yaml"),
        ("cohort.tsv", "cohort.yml"),
        ("cohort.v2.csv", "cohort.v2.yaml"),
        ("v1.0", "v1.0.yaml"),
    ],
)
def test_settings_belong_to_the_table_of_their_name(
    tmp_path: Path, table: str, settings: str
) -> None:
    (tmp_path / settings).write_text("endpoint: ours")

    assert read_settings(tmp_path / table).endpoint == "ours"


def test_settings_of_another_version_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "cohort.yaml").write_text("endpoint: of version 1")

    assert read_settings(tmp_path / "cohort.v2.csv").endpoint == ""


def test_a_dot_in_the_name_of_a_slide_is_no_ending(tmp_path: Path) -> None:
    (tmp_path / "h5").mkdir()
    for seed, name in enumerate(("S12", "S12.1", "S12.2", "S13.svs")):
        write_features(tmp_path / "h5" / f"{name}.h5", make_slide(seed=seed))

    cohort = porpoise(
        tmp_path, "A,S12.1,9,0,0.2\nA,S12.2.svs,9,0,0.2\nB,S13.svs,3,1,0.5\n",
        "features_folder: h5",
    )  # fmt: skip

    names = [[path.name for path in patient.features] for patient in cohort.patients]
    assert names == [["S12.1.h5", "S12.2.h5"], ["S13.svs.h5"]]


def test_the_same_feature_file_twice_for_one_patient_is_refused(tmp_path: Path) -> None:
    write_features(tmp_path / "A.h5", make_slide())

    with pytest.raises(CohortError, match=r"A\.h5 is given more than once to A") as refusal:
        porpoise(tmp_path, "A,A.svs,9,0,1\nA,A.tif,9,0,1\nB,B.svs,3,1,2\n",
                 "features_folder: .")  # fmt: skip

    assert refusal.value.code == "COHORT-DOUBLE-SLIDE"


def test_a_blank_slide_name_is_no_slide(tmp_path: Path) -> None:
    write_features(tmp_path / "A.h5", make_slide())

    cohort = porpoise(tmp_path, "A,A.svs,9,0,0.2\nB,,3,1,0.5\n", "features_folder: .")

    assert [len(patient.features) for patient in cohort.patients] == [1, 0]
    assert cohort.patients[1].slide_names == ()


def test_patients_of_a_porpoise_table_who_are_left_out_are_said(tmp_path: Path) -> None:
    cohort = porpoise(
        tmp_path,
        "A,A.svs,19,0,0.2\nB,B.svs,0,1,0.5\nC,C.svs,4,1,0.5\n",
        "zero_times: leave_out",
    )

    assert cohort.case_ids == ("A", "C")
    assert [one.what for one in cohort.notices] == ["1 patients with time 0 were left out"]


def test_clinical_columns_of_a_porpoise_table_can_be_chosen(tmp_path: Path) -> None:
    header, rows = (
        HEADER.strip() + ",age,status\n",
        "A,A.svs,9,0,0.2,61,1\nB,B.svs,3,1,0.5,62,2\n",
    )

    cohort = porpoise(tmp_path, rows, "clinical: [age]", header)

    assert cohort.tables["clinical"].columns.tolist() == ["age"]
    with pytest.raises(CohortError, match="no clinical column weight"):
        porpoise(tmp_path, rows, "clinical: [weight]", header)


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00", " 0 "])
def test_every_spelling_of_zero_is_counted(tmp_path: Path, zero: str) -> None:
    table = good_cohort().astype({"time_months": str})
    table.loc[0, "time_months"] = zero
    table.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "cohort.yaml").write_text("zero_times: half_day")

    cohort = read_cohort(tmp_path / "cohort.csv")

    assert np.isclose(cohort.time_months[0], 0.5 * 12 / 365.25)
    assert [one.code for one in cohort.notices] == ["COHORT-ZERO-TIME"]
