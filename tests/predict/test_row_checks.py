"""A row is checked before it is predicted: possible, measured, and its warnings said once."""

from dataclasses import replace

import pytest

from healnet.bundle import ModelBundle
from healnet.data.cohort import Cohort
from healnet.exceptions import Notice, TableError
from healnet.predict import predict_case
from healnet.predict.evaluation import evaluate_model
from healnet.predict.patient_warnings import count_warnings
from tests.predict.test_predict_case import stranger


@pytest.mark.parametrize("age", [-5.0, 121, "214"])
def test_an_impossible_age_is_refused_with_its_place(
    bundle: ModelBundle, cohort: Cohort, age: object
) -> None:
    case = stranger(cohort)

    with pytest.raises(TableError, match="0 to 120 expected") as refusal:
        predict_case(bundle, replace(case, tables={"clinical": {"age": age}}), explain=False)

    assert refusal.value.code == "TABLE-CELL"
    assert refusal.value.where == "clinical table, row NEW, column age"


@pytest.mark.parametrize(
    ("age", "is_read"), [(0.0, True), (120, True), (None, False), (float("nan"), False)]
)
def test_a_possible_age_is_read_and_a_missing_one_is_absent(
    bundle: ModelBundle, cohort: Cohort, age: object, is_read: bool
) -> None:
    case = stranger(cohort)
    tables = {**case.tables, "clinical": {"age": age}}

    found = predict_case(bundle, replace(case, tables=tables), explain=False)

    assert ("clinical" in found.modalities_used) is is_read


@pytest.mark.parametrize("cell", ["inf", "abc"])
def test_a_bad_cell_is_refused_with_table_and_row(
    bundle: ModelBundle, cohort: Cohort, cell: str
) -> None:
    case = stranger(cohort)
    row = {**case.tables["rna"], "g0": cell}

    with pytest.raises(TableError, match=f"'{cell}' is not a number") as refusal:
        predict_case(bundle, replace(case, tables={"rna": row}), explain=False)

    assert refusal.value.where == "rna table, row NEW, column g0"


def test_a_row_with_few_values_is_refused_and_one_with_some_gaps_is_not(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    row = case.tables["rna"]

    def without(*names: str) -> object:
        tables = {"rna": {**row, **dict.fromkeys(names)}}
        return predict_case(bundle, replace(case, tables=tables), explain=False)

    without("g0", "g1", "g2")
    with pytest.raises(TableError, match="33% of the expected rna features") as refusal:
        without("g0", "g1", "g2", "g3")
    assert refusal.value.code == "OMICS-FEW-VALUES"


def test_what_members_measure_in_their_own_scale_is_said_once(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    row = dict.fromkeys(case.tables["rna"], 10000.0)

    found = predict_case(bundle, replace(case, tables={"rna": row}), explain=False)

    assert [one.code for one in found.warnings].count("OMICS-RANGE") == 1


def test_an_evaluation_counts_the_warnings_of_its_patients(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    rna = cohort.tables["rna"].copy()
    rna.loc["P001"] = 1e4
    rna.loc["P002", ["g0", "g1", "g2", "g3"]] = None
    part = replace(cohort, tables={"rna": rna}).subset(["P000", "P001", "P002"])

    evaluation = evaluate_model(bundle, part)

    counted = {one.first.code: one.patients for one in evaluation.warnings}
    assert counted["OMICS-RANGE"] == counted["OMICS-FEW-VALUES"] == 1
    assert counted["CASE-IN-TRAINING"] == 2
    assert evaluation.unread == ("P002",)
    assert [one.what for one in evaluation.notices] == [
        "no patient has clinical, which the model takes"
    ]


def test_a_code_counts_once_a_patient() -> None:
    a, other_a, b = (Notice(code=code, what=what) for code, what in ("A1", "A2", "B3"))

    first, second = count_warnings([(a, other_a), (), (b, a)])

    assert (first.first, first.patients) == (a, 2)
    assert (second.first, second.patients) == (b, 1)
    assert first.to_notice(3).what == "2 of 3 patients, the first: 1"
    assert first.to_dict() == {
        "code": "A", "patients": 2, "first": {"what": "1", "where": "", "why": "", "fix": ""},
    }  # fmt: skip
