"""Parquet files of strangers: a small file stays small, and what is damaged is a refusal."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from healnet.exceptions import TableError
from healnet.omics.parquet_table import read_parquet
from healnet.omics.table_bytes import TableLimits

LIMITS = TableLimits()


def write(folder: Path, columns: dict[str, object], **options: object) -> Path:
    rows = len(next(iter(columns.values())))  # type: ignore[arg-type, call-overload]
    table = pa.table({"case_id": [f"P{i}" for i in range(rows)], **columns})
    pq.write_table(table, folder / "t.parquet", **options)
    return folder / "t.parquet"


def refusal(path: Path, limits: TableLimits = LIMITS) -> TableError:
    with pytest.raises(TableError) as found:
        read_parquet(path, limits)
    return found.value


def test_a_long_word_that_is_stored_once_and_meant_often_is_refused(tmp_path: Path) -> None:
    once = pa.DictionaryArray.from_arrays([0] * 3_000, ["x" * 1_000_000])
    path = write(tmp_path, {"note": once}, compression="zstd", store_schema=False)
    assert path.stat().st_size < 40_000  # and 3 GB as separate cells

    tracemalloc.start()
    error = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (error.code, error.what) == ("TABLE-SIZE", "a cell is longer than 64 KiB")
    assert peak < 50e6


def test_many_words_within_the_limit_of_a_cell_are_refused_by_their_sum(tmp_path: Path) -> None:
    path = write(tmp_path, {"note": ["x" * 60_000] * 4_000})

    error = refusal(path)

    assert error.code == "TABLE-SIZE"
    assert error.what == "the text of a column is longer than 200 MB"
    assert refusal(path, replace(LIMITS, cell_chars=1_000)).what.startswith("a cell is longer")


def test_text_of_which_the_length_cannot_be_told_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path, {"note": ["abc"] * 3}, use_dictionary=False,
        column_encoding={"note": "DELTA_BYTE_ARRAY"},
    )  # fmt: skip

    assert refusal(path).what == "text is stored as DELTA_BYTE_ARRAY"


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    broken = pa.array([b"ok", b"\xff\xfe"], pa.binary()).view(pa.string())
    path = write(tmp_path, {"note": broken})

    assert refusal(path).code == "TABLE-PARQUET"


def test_whole_numbers_that_no_float_holds_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"count": pa.array([2**53 + 1, 1], pa.int64())})

    assert refusal(path).code == "TABLE-PARQUET"


def test_lists_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, {"many": [[1] * 1_000, [2]]})

    assert "holds list<" in refusal(path).what


def test_categories_gaps_and_numbers_are_read_as_they_are(tmp_path: Path) -> None:
    stage = pd.Categorical(["II", None, "I"])
    columns = {"stage": pa.array(stage), "sex": ["f", "", None], "age": [61, None, 70]}

    frame = read_parquet(write(tmp_path, columns), LIMITS)

    assert frame.index.tolist() == ["P0", "P1", "P2"]
    assert frame["stage"].tolist() == ["II", None, "I"]
    assert frame["sex"].tolist() == ["f", None, None]
    assert frame["age"].dtype == float
    assert frame["age"].isna().tolist() == [False, True, False]
