"""Leakage: what would flatter a model is said when the cohort is read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healnet.data.case import Case
from healnet.data.leakage import (
    check_can_train,
    check_shared_content,
    outcome_columns,
    twins,
)
from healnet.data.read_cohort import read_cohort
from healnet.exceptions import CohortError
from tests.data.bad_cohorts import good_cohort
from tests.data.conftest import make_slide


def read(folder: Path, table: pd.DataFrame, rna: pd.DataFrame | None = None) -> object:
    table.to_csv(folder / "cohort.csv", index=False)
    if rna is not None:
        rna.to_csv(folder / "rna.csv")
        (folder / "cohort.yaml").write_text("omics: {rna: rna.csv}")
    return read_cohort(folder / "cohort.csv")


def codes(cohort: object) -> list[str]:
    return [notice.code for notice in cohort.notices]  # type: ignore[attr-defined]


def rna(patients: int = 60, genes: int = 80) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(patients, genes))
    index = pd.Index([f"PT-{i:04d}" for i in range(patients)], name="case_id")
    return pd.DataFrame(values, index=index, columns=[f"G{i}" for i in range(genes)])


@pytest.mark.parametrize(
    "leak",
    [
        pytest.param(lambda t: -t["time_months"].rank(), id="158 orders the outcome perfectly"),
        pytest.param(lambda t: t["event"], id="copy of the event"),
        pytest.param(lambda t: 1 - t["event"], id="censoring, the other way round"),
        pytest.param(lambda t: t["event"] + 1, id="coded 1 and 2"),
        pytest.param(lambda t: t["event"].where(t.index != 3), id="copy, one cell missing"),
        pytest.param(lambda t: t["event"].map({1: "Dead", 0: "Alive"}), id="as text"),
        pytest.param(
            lambda t: t["event"].map({1: "Dead", 0: "Alive"}).where(t.index != 3),
            id="as text, one cell missing",
        ),
        pytest.param(
            lambda t: t["event"].map({1: "Dead of ", 0: "Alive "}) + (t.index % 2).map(str),
            id="several levels each",
        ),
        pytest.param(lambda t: t["event"].map({1: "cancer"}), id="a cause of death"),
        pytest.param(
            lambda t: t["time_months"].where(t["event"] == 1, 0.0), id="time of death"
        ),
    ],
)
def test_the_outcome_among_the_inputs_is_said(tmp_path: Path, leak: object) -> None:
    table = good_cohort()
    table["marker"] = leak(table)  # type: ignore[operator]

    with pytest.raises(CohortError, match=r"1 clinical columns tell the outcome: marker"):
        read(tmp_path, table)
    (tmp_path / "cohort.yaml").write_text("clinical: [age, marker]")
    cohort = read(tmp_path, table)

    assert codes(cohort) == ["COHORT-OUTCOME-INPUT"]
    assert "marker" in cohort.notices[0].where  # type: ignore[attr-defined]


def test_the_outcome_in_an_omic_table_is_said(tmp_path: Path) -> None:
    profiles = rna(genes=4).assign(status=good_cohort()["event"].to_numpy() + 1)

    assert codes(read(tmp_path, good_cohort(), profiles)) == ["COHORT-OUTCOME-INPUT"]


def test_a_category_in_which_some_of_both_groups_are_is_no_copy(tmp_path: Path) -> None:
    table = good_cohort()
    table["status"] = table["event"].map({1: "Dead", 0: "Alive"})
    table.loc[0, "status"] = "Alive" if table["event"][0] else "Dead"

    assert codes(read(tmp_path, table)) == []


def test_a_slide_of_two_patients_under_two_names_is_refused() -> None:
    slide = make_slide(slide_sha256="a" * 64, source_sha256="b" * 64, name="one")
    copy = make_slide(slide_sha256="a" * 64, source_sha256="c" * 64, name="two")
    first, second = Case(case_id="A", slides=(slide,)), Case(case_id="B", slides=(copy,))

    with pytest.raises(CohortError, match="one of A and two of B are the same slide"):
        check_shared_content([first, second], "cohort.csv")


def test_two_slides_without_a_hash_are_not_taken_for_one() -> None:
    cases = [Case(case_id=name, slides=(make_slide(),)) for name in "AB"]

    check_shared_content(cases, "cohort.csv")


def test_an_honest_strong_predictor_is_not_accused() -> None:
    generator = np.random.default_rng(0)
    x = pd.DataFrame({"x": generator.normal(size=300)})
    died = generator.exponential(np.exp(-2 * x["x"]))  # log hazard 2x: concordance about 0.85

    assert not outcome_columns(x, died, np.ones(300, dtype=bool)).any()


def test_a_person_who_is_there_twice_is_said(tmp_path: Path) -> None:
    profiles = rna()
    again = np.random.default_rng(1).normal(0, 0.01, 80)
    profiles.loc["PT-0007"] = profiles.loc["PT-0003"] + again

    cohort = read(tmp_path, good_cohort(), profiles)

    assert codes(cohort) == ["COHORT-TWINS"]
    assert cohort.notices[0].where == "PT-0003 and PT-0007"  # type: ignore[attr-defined]


def test_a_wild_value_shared_by_two_patients_is_no_likeness() -> None:
    profiles = rna()
    profiles.iloc[[3, 7], 5] = 1e5

    assert twins(profiles.index, profiles.to_numpy()) == []


@pytest.mark.parametrize("cohort", ["tcga_coadread", "tcga_kirp", "tcga_paad"])
def test_real_cohorts_raise_no_suspicion(test_data: Path, cohort: str) -> None:
    path = test_data / "omics" / "porpoise_mutsig" / f"{cohort}_all_clean.csv.zip"

    assert not {"COHORT-TWINS", "COHORT-OUTCOME-INPUT"} & set(codes(read_cohort(path)))


def test_a_slide_of_two_patients_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.svs").touch()
    table = good_cohort(5).assign(slides=["a.svs", "", "./a.svs", "", ""])

    with pytest.raises(CohortError, match=r"a.svs belongs to PT-0000 and to PT-0002"):
        read(tmp_path, table)


@pytest.mark.parametrize("events", [0, 1, 19])
def test_too_few_events_cannot_train_but_can_be_read(tmp_path: Path, events: int) -> None:
    table = good_cohort().assign(event=[1] * events + [0] * (60 - events))
    table["sex"] = "female"

    cohort = read(tmp_path, table)

    with pytest.raises(CohortError, match=f"{events} events in 60 patients; at least 20"):
        check_can_train(cohort)  # type: ignore[arg-type]


def test_twenty_events_can_train(tmp_path: Path) -> None:
    check_can_train(read(tmp_path, good_cohort().assign(event=[1] * 20 + [0] * 40)))  # type: ignore[arg-type]
