"""The patient's row: read once for each state of the file, refused when it is gone."""

from pathlib import Path

import pytest

from app import case_tables
from app.case_tables import forget_rows, table_row
from app.store.records import FileRecord
from healnet.exceptions import TableError


@pytest.fixture
def table(tmp_path: Path) -> FileRecord:
    path = tmp_path / "random.csv"
    path.write_text("case_id,TP53\nP1,1.5\nP2,2\n")
    return FileRecord(id="t", role="rna", name="genes.csv", path=path, size=1, row_key="P1")


def num_reads() -> int:
    return case_tables._rows_of.cache_info().misses


def test_a_row_is_read_once_until_the_file_changes(table: FileRecord) -> None:
    forget_rows()
    first = table_row(table)
    first["TP53"] = 99.0  # the caller's own copy

    again = table_row(table)
    reads = num_reads()
    table.path.write_text("case_id,TP53\nP1,0.25\n")
    changed = table_row(table)

    assert (again, changed) == ({"TP53": 1.5}, {"TP53": 0.25})
    assert (reads, num_reads()) == (1, 2)


def test_a_table_that_is_gone_is_named(table: FileRecord) -> None:
    table.path.unlink()

    with pytest.raises(TableError) as caught:
        table_row(table)

    assert (caught.value.code, caught.value.where) == ("TABLE-GONE", "genes.csv")


def test_a_row_that_is_gone_is_named(table: FileRecord) -> None:
    table.path.write_text("case_id,TP53\nP9,1\n")

    with pytest.raises(TableError) as caught:
        table_row(table)

    assert caught.value.code == "TABLE-ROW"
