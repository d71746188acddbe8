"""PORPOISE tables as they are: several rows a patient, suffixes, absent blocks."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from healnet.exceptions import TableError
from healnet.omics.porpoise import read_porpoise, split_modalities

COUNTS = {  # data/README.md
    "blca": (437, 373, 169, {"rna": 1554, "cnv": 256, "mutation": 371, "clinical": 3}),
    "coadread": (345, 340, 81, {"rna": 1550, "cnv": 4, "mutation": 1103, "clinical": 3}),
    "kirp": (284, 260, 40, {"rna": 1557, "mutation": 20, "clinical": 3}),
    "paad": (180, 166, 90, {"rna": 1553, "cnv": 82, "mutation": 14, "clinical": 3}),
}


@pytest.mark.parametrize("cohort", COUNTS)
def test_real_tables_give_one_row_a_patient_by_modality(test_data: Path, cohort: str) -> None:
    slides, patients, events, columns = COUNTS[cohort]
    path = test_data / "omics" / "porpoise_mutsig" / f"tcga_{cohort}_all_clean.csv.zip"

    parts = read_porpoise(path)

    assert {name: frame.shape for name, frame in parts.tables.items()} == {
        name: (patients, count) for name, count in columns.items()
    }
    assert len(parts.outcome) == parts.outcome.index.nunique() == patients
    assert int(parts.outcome["event"].sum()) == events
    assert sum(map(len, parts.outcome["slide_ids"])) == slides
    assert all((frame.index == parts.outcome.index).all() for frame in parts.tables.values())


def test_the_older_layout_is_read_too(test_data: Path) -> None:
    parts = read_porpoise(test_data / "omics" / "mcat_sig" / "tcga_blca_all_clean.csv.zip")

    assert parts.tables["rna"].shape == (373, 2814)
    assert parts.tables["cnv"].shape == (373, 248)


HEADER = ",case_id,slide_id,age,site,survival_months,censorship,train,TP53_mut,TP53_rnaseq\n"
ROWS = (
    "0,A,A-1.svs,61,05,12.5,0,1,1,0.25\n"
    "1,A,A-2.svs,61,05,12.5,0,1,1,0.25\n"
    "2,B,B-1.svs,,44,3,1,0,0,-1.5\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "cohort.csv"
        path.write_text(text)
        return path

    return write


def test_a_small_table_is_taken_apart(table: Callable[[str], Path]) -> None:
    parts = read_porpoise(table(HEADER + ROWS))

    assert parts.tables["mutation"].to_dict() == {"TP53": {"A": 1.0, "B": 0.0}}
    assert parts.tables["rna"].to_dict() == {"TP53": {"A": 0.25, "B": -1.5}}
    assert parts.tables["clinical"].columns.tolist() == ["age"]
    assert parts.outcome["event"].tolist() == [True, False]  # censorship 0 is an event
    assert parts.outcome["time_months"].tolist() == [12.5, 3.0]
    assert parts.outcome["site"].tolist() == ["05", "44"]  # a code, not a number
    assert parts.outcome["slide_ids"].tolist() == [("A-1.svs", "A-2.svs"), ("B-1.svs",)]
    assert [notice.code for notice in parts.notices] == ["TABLE-ROW-A-SLIDE"]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (("A-2.svs,61", "A-2.svs,62"), "TABLE-CONFLICT", "A, column age"),
        (("1,1,0.25\n2", "1,1,0.26\n2"), "TABLE-CONFLICT", "TP53_rnaseq"),
        (("44,3,1", "44,3,2"), "TABLE-CELL", "B: censorship is 2"),
        (("44,3,1", "44,,1"), "TABLE-CELL", "B: survival_months is missing for 1"),
        (("44,3,1", "44,3,"), "TABLE-CELL", "B: censorship is missing"),
        (("44,3,1", "44,soon,1"), "TABLE-CELL", r"row 4 \(B\), survival_months: 'soon'"),
        (("censorship", "event"), "TABLE-HEADER", "no column censorship"),
        ((",0,-1.5", ",x,-1.5"), "TABLE-CELL", r"row 4 \(B\), TP53_mut: 'x'"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(
    table: Callable[[str], Path], change: tuple[str, str], code: str, message: str
) -> None:
    text = HEADER + ROWS
    assert change[0] in text

    with pytest.raises(TableError, match=message) as refusal:
        read_porpoise(table(text.replace(*change)))

    assert refusal.value.code == code


def test_columns_go_to_their_modality_by_suffix_alone() -> None:
    frame = pd.DataFrame([[1.0, 2.0, 3.0, 4.0]], columns=["A_cnv", "A_mut", "age", "B_rnaseq"])

    parts = split_modalities(frame)

    assert {name: list(part.columns) for name, part in parts.items()} == {
        "rna": ["B"],
        "cnv": ["A"],
        "mutation": ["A"],
        "clinical": ["age"],
    }
