"""Tables that a spreadsheet has changed, or that lie on their side."""

from pathlib import Path

import pandas as pd
import pytest

from healnet.exceptions import TableError
from healnet.omics.wide_table import load_table


def refusal_of(path: Path) -> TableError:
    with pytest.raises(TableError) as refusal:
        load_table(path)
    return refusal.value


@pytest.mark.parametrize(
    "name",
    ["1-Mar", "Mar-1", "Sep-09", "01/09/2026", "9/1/2026", "1-Mar-26", "1-Sep_rnaseq"],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_gene_that_became_a_date_is_refused(tmp_path: Path, name: str, ending: str) -> None:
    frame = pd.DataFrame({"case_id": ["A", "B"], "TP53": [1.0, 2.0], name: [0.5, 0.25]})
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)

    found = refusal_of(path)

    assert found.code == "TABLE-DATES"
    assert name in found.what


def test_genes_that_only_resemble_dates_are_read(tmp_path: Path) -> None:
    names = ["SEPT9", "MARCH1", "DEC1", "NOV", "HLA-A", "MAY-100", "ATP5/6"]
    frame = pd.DataFrame({"case_id": ["A"], **dict.fromkeys(names, 1.0)})
    frame.to_csv(tmp_path / "t.csv", index=False)

    assert list(load_table(tmp_path / "t.csv").frame.columns) == names


@pytest.mark.parametrize("name", ["gene", "Gene", "Hugo_Symbol", "gene id"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_with_a_column_of_genes_lies_on_its_side(
    tmp_path: Path, name: str, ending: str
) -> None:
    frame = pd.DataFrame({name: ["CA9", "TP53"], "PT-1": [1.0, 2.0], "PT-2": [3.0, 4.0]})
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)

    found = refusal_of(path)

    assert found.code == "TABLE-TRANSPOSED"
    assert "genes are in rows" in found.what
    assert "transpose the table" in found.fix


@pytest.mark.parametrize("genes", [["CA9", "TP53"], ["ENSG00000141510.5", "ENSG00000107159"]])
def test_a_table_of_rows_named_like_genes_lies_on_its_side(
    tmp_path: Path, genes: list[str]
) -> None:
    frame = pd.DataFrame({"": genes, "PT-1": [1.0, 2.0], "PT-2": [3.0, 4.0]})
    frame.to_csv(tmp_path / "t.csv", index=False)

    found = refusal_of(tmp_path / "t.csv")

    assert found.code == "TABLE-TRANSPOSED"
    assert f"the patient ids are names such as {genes[0]}, {genes[1]}" in found.what


def test_genes_in_columns_are_read_whatever_the_patients_are_called(tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["KIT", "MYC", "P3"], "TP53": [1.0, 2.0, 3.0]})
    frame.to_csv(tmp_path / "t.csv", index=False)

    assert len(load_table(tmp_path / "t.csv").frame) == 3
