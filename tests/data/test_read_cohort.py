"""Reading cohorts: every bad cell named, nothing repaired in silence, good ones simply read."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healnet.data.feature_store import PatchFeatures, write_features
from healnet.data.read_cohort import read_cohort
from healnet.exceptions import CohortError, HealNetError
from tests.data.bad_cohorts import BAD_COHORTS, BadCohort, good_cohort, make

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_cohort(table: pd.DataFrame, yaml: str = "") -> Path:
        table.to_csv(tmp_path / "cohort.csv", index=False)
        if yaml:
            (tmp_path / "cohort.yaml").write_text(yaml)
        return tmp_path / "cohort.csv"

    return write_cohort


@pytest.mark.parametrize("case", BAD_COHORTS, ids=lambda c: f"{c.number} {c.title}")
def test_bad_cohort_is_refused_with_the_place(case: BadCohort, tmp_path: Path) -> None:
    path = make(case, tmp_path)

    with pytest.raises(HealNetError) as refusal:
        read_cohort(path)

    assert refusal.value.code == case.code
    assert re.search(case.message, str(refusal.value)), str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert len(str(refusal.value)) < 3000


def test_a_good_cohort_is_read_whole(write: Write) -> None:
    table = good_cohort()

    cohort = read_cohort(write(table))

    assert cohort.case_ids == tuple(table["case_id"])
    np.testing.assert_array_equal(cohort.time_months, table["time_months"])
    np.testing.assert_array_equal(cohort.event, table["event"] == 1)
    assert list(cohort.tables) == ["clinical"]
    assert cohort.tables["clinical"].columns.tolist() == ["age", "sex", "stage"]
    assert cohort.notices == ()
    assert cohort.case("PT-0003").tables["clinical"]["stage"] == table["stage"][3]


@pytest.mark.parametrize(
    ("column", "factor"), [("time_days", 365.25 / 12), ("time_years", 1 / 12), ("time", 1.0)]
)
def test_a_unit_in_the_name_of_the_column_is_understood(
    write: Write, column: str, factor: float
) -> None:
    table = good_cohort()
    months = table["time_months"].to_numpy()
    table = table.rename(columns={"time_months": column}).assign(**{column: months * factor})

    np.testing.assert_allclose(read_cohort(write(table)).time_months, months)


@pytest.mark.parametrize(
    ("yaml", "values"),
    [
        ("event_values: {event: [Dead], censored: [Alive]}", {0: "Alive", 1: "Dead"}),
        ("event_values: {event: [dead], censored: [ALIVE]}", {0: "Alive", 1: "Dead"}),
        ("event_values: {event: [2], censored: [1]}", {0: 1, 1: 2}),
        ("event_values: {event: [1], censored: [0, 3]}", {0: 3, 1: 1}),
        ("event_values: {event: [yes], censored: [no]}", {0: "no", 1: "Yes"}),
        ("event_values: {event: yes, censored: no}", {0: "NO", 1: "yes"}),
        ("event_values: {event: [no], censored: [yes]}", {0: "yes", 1: "no"}),
        ("event_values: {event: [true], censored: [false]}", {0: "False", 1: "True"}),
        ("event_values: {event: [on], censored: [off]}", {0: "off", 1: "on"}),
        ("event_values: {event: [y], censored: [n]}", {0: "N", 1: "Y"}),
        ("event_values: {event: ['1:DECEASED'], censored: ['0:LIVING']}",
         {0: "0:LIVING", 1: "1:DECEASED"}),
        ("", {0: "0.0", 1: "1.0"}),
        ("", {0: False, 1: True}),
    ],
)  # fmt: skip
def test_other_event_codes_are_read_once_they_are_explained(
    write: Write, yaml: str, values: dict[int, object]
) -> None:
    table = good_cohort()
    expected = table["event"] == 1
    table["event"] = table["event"].map(values)

    np.testing.assert_array_equal(read_cohort(write(table, yaml)).event, expected)


@pytest.mark.parametrize(
    ("rule", "patients", "first"),
    [("half_day", 60, 0.5 * 12 / 365.25), ("leave_out", 59, None)],
)
def test_time_zero_follows_the_stated_rule(
    write: Write, rule: str, patients: int, first: float | None
) -> None:
    table = good_cohort()
    table.loc[0, "time_months"] = 0.0

    cohort = read_cohort(write(table, f"zero_times: {rule}"))

    assert len(cohort) == len(cohort.tables["clinical"]) == patients
    assert first is None or cohort.time_months[0] == first
    assert [notice.code for notice in cohort.notices] == ["COHORT-ZERO-TIME"]


def test_an_exact_duplicate_is_left_out_and_said(write: Write) -> None:
    table = good_cohort()

    cohort = read_cohort(write(pd.concat([table, table.iloc[:1]])))

    assert len(cohort) == 60
    assert cohort.notices[0].what == "1 rows repeat a patient exactly and were left out"


def test_ids_with_leading_zeros_stay(write: Write) -> None:
    table = good_cohort().assign(case_id=[f"{i:05d}" for i in range(60)])

    assert read_cohort(write(table)).case_ids[7] == "00007"


def test_five_patients_are_read(write: Write) -> None:
    assert len(read_cohort(write(good_cohort(5)))) == 5


@pytest.mark.parametrize("patients", [5_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_large_cohort_is_read(write: Write, patients: int) -> None:
    assert len(read_cohort(write(good_cohort(patients)))) == patients


def test_only_the_named_columns_are_inputs(write: Write) -> None:
    cohort = read_cohort(write(good_cohort(), "clinical: [age]\nunits: {age: years}"))

    assert cohort.tables["clinical"].columns.tolist() == ["age"]
    assert cohort.units == {"age": "years"}


def test_two_patients_whose_ids_fold_to_one_are_refused(write: Write, tmp_path: Path) -> None:
    table = good_cohort(5)
    table.loc[[0, 1], "case_id"] = ["PT-01", "pt-01"]
    omic_table(tmp_path, ["PT-01", "PT-0002"])

    with pytest.raises(CohortError, match="PT-01 and pt-01 are the same id") as refusal:
        read_cohort(write(table, "id_match: fold\nomics: {rna: rna.csv}"))

    assert refusal.value.code == "COHORT-ID-MATCH"


def omic_table(folder: Path, ids: list[str], name: str = "rna.csv") -> Path:
    values = np.random.default_rng(0).normal(size=(len(ids), 4))
    frame = pd.DataFrame(values, index=pd.Index(ids, name="case_id"), columns=list("ABCD"))
    frame.to_csv(folder / name)
    return folder / name


def test_omic_tables_are_joined_by_id_and_gaps_are_said(write: Write, tmp_path: Path) -> None:
    ids = [f"PT-{i:04d}" for i in (5, 3, 1)] + ["PT-9999"]
    omic_table(tmp_path, ids)
    omic_table(tmp_path, [f"PT-{i:04d}" for i in range(60)], "cnv.csv")

    path = write(good_cohort(), "omics: {rna: rna.csv}")
    cohort = read_cohort(path, omics={"cnv": tmp_path / "cnv.csv"})

    assert cohort.tables["rna"].index.tolist() == ["PT-0001", "PT-0003", "PT-0005"]
    assert len(cohort.tables["cnv"]) == 60
    (notice,) = cohort.notices
    assert notice.what.startswith("3 of 60 patients have a row in the rna table; 1 rows")
    assert set(cohort.case("PT-0000").tables) == {"clinical", "cnv"}  # no rna: absent, not 0
    assert set(cohort.case("PT-0003").tables) == {"clinical", "cnv", "rna"}


def test_no_overlap_is_refused_with_examples_of_both(write: Write, tmp_path: Path) -> None:
    omic_table(tmp_path, [f"Q{i}" for i in range(60)])

    with pytest.raises(CohortError) as refusal:
        read_cohort(write(good_cohort(), "omics: {rna: rna.csv}"))

    assert refusal.value.code == "COHORT-NO-OVERLAP"
    assert "0 of 60 patients have a row in the rna table of 60 rows" in refusal.value.what
    assert "PT-0000, PT-0001" in refusal.value.where
    assert "Q0, Q1" in refusal.value.where


def test_ids_that_differ_in_case_and_dashes_are_a_question_first(
    write: Write, tmp_path: Path
) -> None:
    omic_table(tmp_path, [f"pt_{i:04d}" for i in range(60)])

    with pytest.raises(CohortError, match="60 would match if case, blanks and dashes"):
        read_cohort(write(good_cohort(), "omics: {rna: rna.csv}"))
    cohort = read_cohort(write(good_cohort(), "omics: {rna: rna.csv}\nid_match: fold"))

    assert cohort.tables["rna"].index.tolist() == list(cohort.case_ids)


def features(seed: int = 0, **changes: object) -> PatchFeatures:
    generator = np.random.default_rng(seed)
    coords = np.stack(np.meshgrid(np.arange(4), np.arange(3)), axis=-1).reshape(-1, 2) * 512
    values = {
        "features": generator.normal(size=(12, 6)).astype(np.float32),
        "coords": coords.astype(np.int64),
        "patch_size_l0": 512,
        "name": f"slide-{seed}",
        **changes,
    }
    return PatchFeatures(**values)  # type: ignore[arg-type]


def test_slides_and_features_are_found_from_the_folder_of_the_table(
    write: Write, tmp_path: Path
) -> None:
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides" / "a.svs").touch()
    write_features(tmp_path / "a.h5", features(1))
    write_features(tmp_path / "b.h5", features(2))
    table = good_cohort(5).assign(slides="", features="")
    table.loc[0, ["slides", "features"]] = ["slides/a.svs", "a.h5; b.h5"]
    write_features(tmp_path / "c.h5", features(3))

    cohort = read_cohort(write(table, "slide_mpp: 0.25\nfeatures: {PT-0001: [c.h5]}"))

    assert cohort.patients[0].slides == (tmp_path / "slides" / "a.svs",)
    first, second = cohort.case("PT-0000").slides
    assert (first.mpp, first.mpp_source) == (0.25, "user")
    assert first.notices == second.notices  # said once for all slides
    assert [one.code for one in first.notices] == ["SLIDE-MPP-USER"]
    np.testing.assert_array_equal(second.features, features(2).features)
    assert len(cohort.case("PT-0001").slides) == 1
    assert cohort.case("PT-0002").slides == ()


def test_the_pixel_size_of_a_file_is_not_overruled(write: Write, tmp_path: Path) -> None:
    write_features(tmp_path / "a.h5", features(mpp=0.5, mpp_source="file"))
    table = good_cohort(5).assign(features=["a.h5", "", "", "", ""])

    cohort = read_cohort(write(table, "slide_mpp: 0.25"))

    assert cohort.case("PT-0000").slides[0].mpp == 0.5


def test_a_porpoise_table_is_a_cohort(test_data: Path) -> None:
    folder = test_data / "omics" / "porpoise_mutsig"

    cohort = read_cohort(folder / "tcga_kirp_all_clean.csv.zip")

    assert (len(cohort), int(cohort.event.sum())) == (260, 40)
    assert list(cohort.tables) == ["rna", "mutation", "clinical"]  # no cnv column: absent
    assert cohort.patients[0].site == "2K"
    assert cohort.patients[0].slide_names[0].endswith(".svs")
    assert set(cohort.case(cohort.case_ids[0]).tables["clinical"]) == {
        "age",
        "is_female",
        "oncotree_code",
    }


def test_features_are_found_by_the_slide_names_of_a_porpoise_table(tmp_path: Path) -> None:
    (tmp_path / "h5").mkdir()
    write_features(tmp_path / "h5" / "A-1.h5", features(1))
    (tmp_path / "cohort.csv").write_text(
        "case_id,slide_id,survival_months,censorship,TP53_rnaseq\n"
        "A,A-1.svs,12.5,0,0.25\nA,A-2.svs,12.5,0,0.25\nB,B-1.svs,3,1,0.5\n"
    )
    (tmp_path / "cohort.yaml").write_text("features_folder: h5")

    cohort = read_cohort(tmp_path / "cohort.csv")

    assert [len(patient.features) for patient in cohort.patients] == [1, 0]
    assert cohort.notices[-1].what == "1 of 3 slides have a feature file"


def test_a_subset_keeps_order_outcome_and_rows(write: Write) -> None:
    cohort = read_cohort(write(good_cohort()))

    part = cohort.subset(["PT-0009", "PT-0002"])

    assert part.case_ids == ("PT-0009", "PT-0002")
    assert part.time_months.tolist() == [cohort.time_months[9], cohort.time_months[2]]
    assert part.tables["clinical"].index.tolist() == ["PT-0009", "PT-0002"]


def test_an_unknown_patient_is_refused_by_name(write: Write) -> None:
    cohort = read_cohort(write(good_cohort()))

    with pytest.raises(CohortError, match="no patient PT-9999"):
        cohort.case("PT-9999")
    with pytest.raises(CohortError, match="no patient X"):
        cohort.with_features({"X": ()})
    with pytest.raises(CohortError, match="each once"):
        cohort.subset([])
