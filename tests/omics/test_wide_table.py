"""Reading wide tables: what is refused, what must simply work, and what is said about it."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.exceptions import TableError
from healnet.omics.number_cells import RowParser, parse_cell
from healnet.omics.table_bytes import TableLimits
from healnet.omics.wide_table import load_table, read_table
from tests.omics.bad_tables import BAD_TABLES, BadTable, make, profiles


@pytest.mark.parametrize("case", BAD_TABLES, ids=lambda c: f"{c.number} {c.title}")
def test_bad_table_is_refused_with_the_place(case: BadTable, tmp_path: Path) -> None:
    path = make(case, tmp_path)

    with pytest.raises(TableError) as refusal:
        load_table(path, numeric=True)

    assert refusal.value.code == case.code
    assert re.search(case.message, str(refusal.value)), str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert len(str(refusal.value)) < 1500


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(["00123", "00124"], id="151 leading zeros"),
        pytest.param(["12345678901234567001", "12345678901234567002"], id="152 20 digits"),
        pytest.param(["NA", "None", "null", "nan"], id="words that pandas takes for missing"),
        pytest.param(["1e5", "0x10", "1.0", "true"], id="words that look like numbers"),
        pytest.param(["Müller", "李", "a'b\"c"], id="other scripts and quotes"),
    ],
)
def test_ids_stay_exactly_as_they_are(ids: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"case_id": ids, "A": 1.5}).to_csv(path, index=False)

    assert read_table(path).index.tolist() == ids


def test_values_keep_every_digit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(20, 30)) * 10.0 ** np.arange(-15, 15)
    frame = pd.DataFrame(values, columns=[f"G{i}" for i in range(30)])
    frame.index = pd.Index([f"P{i}" for i in range(20)], name="case_id")
    frame.to_csv(tmp_path / "t.csv")

    assert (read_table(tmp_path / "t.csv", numeric=True).to_numpy() == values).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("comma.csv", "case_id,A,B\nx,1,2\ny,3,\n"),
        ("tab.tsv", "case_id\tA\tB\nx\t1\t2\ny\t3\tNA\n"),
        ("semicolon.csv", "case_id;A;B\nx;1;2\ny;3;\n"),
        ("bom.csv", "\ufeffcase_id,A,B\nx,1,2\ny,3,nan\n"),
        ("windows.csv", "case_id,A,B\r\nx,1,2\r\ny,3,NULL\r\n"),
        ("quoted.csv", '"case_id","A","B"\n"x","1","2"\n"y","3",""\n'),
        ("unnamed.csv", ",A,B\nx,1,2\ny,3,\n"),
        ("patient.csv", "A,Patient_ID,B\n1,x,2\n3,y,\n"),
        ("blank_lines.csv", "case_id,A,B\nx,1,2\n\ny,3,\n\n"),
        ("row_numbers.csv", ",case_id,A,B\n0,x,1,2\n1,y,3,\n"),
    ],
)
def test_every_common_spelling_gives_the_same_table(
    name: str, text: str, tmp_path: Path
) -> None:
    frame = read_table(write(tmp_path, text, name), numeric=True)

    assert frame.index.tolist() == ["x", "y"]
    assert frame.index.name == "case_id"
    np.testing.assert_array_equal(frame[["A", "B"]].to_numpy(), [[1, 2], [3, np.nan]])


def test_parquet_and_packed_files_give_the_same_table(tmp_path: Path) -> None:
    frame = profiles(5, 7).rename_axis("case_id")
    frame.iloc[1, 2] = np.nan
    frame.to_csv(tmp_path / "t.csv")
    frame.to_csv(tmp_path / "t.csv.zip")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    frame.to_parquet(tmp_path / "indexed.parquet")
    frame.reset_index().to_parquet(tmp_path / "flat.parquet")

    for name in ("t.csv", "t.csv.zip", "t.csv.gz", "indexed.parquet", "flat.parquet"):
        read = read_table(tmp_path / name, numeric=True)
        pd.testing.assert_frame_equal(
            read, frame, check_index_type=False, check_column_type=False
        )


def test_text_columns_are_categories_and_numbers_stay_numbers(tmp_path: Path) -> None:
    text = "case_id,age,stage,smoker,code\na,61,II,true,2\nb,,IIIA,false,2A\nc,70,N/A,,3B\n"

    frame = read_table(write(tmp_path, text))

    assert frame["age"].dtype == frame["smoker"].dtype == np.float64
    np.testing.assert_array_equal(frame["smoker"], [1, 0, np.nan])
    assert frame["stage"].tolist() == ["II", "IIIA", None]
    assert frame["code"].tolist() == ["2", "2A", "3B"]  # numbers in a text column stay text


def test_a_text_cell_in_a_number_column_is_no_category(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"row 4 \(c\), age: '6o'"):
        read_table(write(tmp_path, "case_id,age\na,61\nb,62\nc,6o\n"))


def test_an_omic_table_with_a_text_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not a number"):
        read_table(write(tmp_path, "case_id,A\nx,high\ny,low\n"), numeric=True)


def test_all_bad_cells_are_counted_and_the_first_ten_named(tmp_path: Path) -> None:
    rows = "".join(f"p{i},{'1' if i > 12 else 'x'}\n" for i in range(40))

    with pytest.raises(TableError) as refusal:
        read_table(write(tmp_path, "case_id,A\n" + rows))

    assert refusal.value.what.startswith("13 cells are not a number")
    assert refusal.value.what.endswith("and 3 more")


def test_equal_rows_of_a_patient_are_taken_once_and_said(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, "case_id,A,B\nx,1,\ny,2,3\nx,1,\n"))

    assert table.frame.index.tolist() == ["x", "y"]
    assert "TABLE-REPEATED" in {notice.code for notice in table.notices}


def test_missing_values_are_counted_never_filled(tmp_path: Path) -> None:
    frame = profiles(60, 200).mask(np.random.default_rng(1).random((60, 200)) < 0.05)
    frame["GENE7"] = np.nan  # 101: a gene missing in every sample
    frame.to_csv(tmp_path / "t.csv")

    table = load_table(tmp_path / "t.csv", numeric=True)

    missing = int(frame.isna().to_numpy().sum())
    said = {notice.code: notice.what for notice in table.notices}
    assert said["TABLE-MISSING"] == f"{missing:,} of 12,000 values are missing"
    assert "GENE7" in said["TABLE-EMPTY-COLUMN"]
    assert int(table.frame.isna().to_numpy().sum()) == missing


def test_trimmed_names_are_said(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, "case_id, A ,B\nx,1,2\n"))

    assert table.frame.columns.tolist() == ["A", "B"]
    assert [notice.code for notice in table.notices] == ["TABLE-TRIMMED"]


def test_two_hundred_thousand_columns_are_read(tmp_path: Path) -> None:
    header = ",".join(f"G{i}" for i in range(200_000))
    row = ",".join(["0.5"] * 200_000)

    frame = read_table(write(tmp_path, f"case_id,{header}\na,{row}\nb,{row}\n"), numeric=True)

    assert frame.shape == (2, 200_000)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (TableLimits(rows=2), "case_id,A\na,1\nb,2\nc,3\n"),
        (TableLimits(cells=4), "case_id,A\na,1\nb,2\nc,3\n"),
        (TableLimits(columns=1), "case_id,A,B\na,1,2\n"),
        (TableLimits(file_bytes=15), "case_id,A\na,1\nb,2\n"),
        (TableLimits(cell_chars=3), "case_id,A\nabcd,1\n"),
    ],
    ids=["rows", "cells", "columns", "bytes", "cell"],
)
def test_each_limit_holds_at_limit_plus_one_and_not_at_the_limit(
    limits: TableLimits, text: str, tmp_path: Path
) -> None:
    path = write(tmp_path, text)
    one_less = write(tmp_path, shortened(text, limits), "less.csv")

    with pytest.raises(TableError) as refusal:
        load_table(path, limits=limits)
    load_table(one_less, limits=limits)

    assert refusal.value.code == "TABLE-SIZE"


def shortened(text: str, limits: TableLimits) -> str:
    """Return the table that just fits."""
    if limits.cell_chars == 3:
        return text.replace("abcd", "abc")
    if limits.columns == 1:
        return "case_id,A\na,1\n"
    if limits.file_bytes == 15:
        return "case_id,A\na,1\n"
    return text.removesuffix("c,3\n")


@given(st.text(alphabet="0123456789.-+eE_,x naif\u0661", max_size=6))
def test_a_cell_is_a_number_exactly_if_it_is_written_in_plain_digits(cell: str) -> None:
    number = parse_cell(cell)

    text = cell.strip()
    plain = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    if plain and np.isfinite(float(text)):
        assert number == float(text)
    elif text.lower() in {"", "na", "nan"}:
        assert number is not None
        assert np.isnan(number)
    else:
        assert number is None


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["1", "-2.5", "", "NA", "1e400", "3e2", "x", "true", " 4 ", "-", "."]
            ),
            min_size=4,
            max_size=4,
        ),
        max_size=8,
    )
)
def test_rows_are_parsed_as_their_cells_are(rows: list[list[str]]) -> None:
    parser = RowParser(4)

    for cells in rows:
        values, texts = parser.parse(cells)

        expected = [parse_cell(cell) for cell in cells]
        assert texts == {i: cells[i] for i, value in enumerate(expected) if value is None}
        np.testing.assert_array_equal(
            values, [np.nan if value is None else value for value in expected]
        )
