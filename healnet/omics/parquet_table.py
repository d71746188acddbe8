"""Wide tables in parquet files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from healnet.exceptions import TableError
from healnet.omics.table_bytes import TableLimits
from healnet.omics.text_rows import ID_NAMES, shown


def read_parquet(path: Path, limits: TableLimits) -> pd.DataFrame:
    """Return the table in a parquet file, indexed by ``case_id``; text as str or None.

    Sizes are read from the footer before any value is.

    Raises:
        TableError: If the file is no parquet, too large, without ids, or holds a column that is
            neither numbers nor text.
    """
    try:
        table = _read_within(path, limits)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TableError(
            "not a readable parquet file", code="TABLE-PARQUET", where=path.name
        ) from error
    names = [str(name).strip() for name in table.column_names]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TableError(
            f"the column name {shown(double)!r} appears more than once",
            code="TABLE-DOUBLE-COLUMN",
            where=path.name,
        )
    id_name = _id_name(names, path.name)
    ids = _ids(table.column(names.index(id_name)), path.name)
    values = {
        name: _values(column, name, path.name)
        for name, column in zip(names, table.columns, strict=True)
        if name != id_name
    }
    frame = pd.DataFrame(values)
    frame.index = pd.Index(ids, name="case_id", dtype=object)
    frame.columns = pd.Index(list(values), dtype=object)
    return frame


def _read_within(path: Path, limits: TableLimits) -> pa.Table:
    if not path.is_file():
        raise TableError("there is no such file", code="TABLE-MISSING-FILE", where=path.name)
    with pq.ParquetFile(path) as file:
        meta = file.metadata
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        too_big = (
            meta.num_rows > limits.rows
            or meta.num_columns > limits.columns
            or meta.num_rows * meta.num_columns > limits.cells
            or max(unpacked, path.stat().st_size) > 10 * limits.file_bytes
        )
        if too_big:
            raise TableError(
                f"{meta.num_rows:,} rows of {meta.num_columns:,} columns are too many",
                code="TABLE-SIZE",
                where=path.name,
            )
        if meta.num_rows == 0:
            raise TableError("0 rows", code="TABLE-EMPTY", where=path.name)
        return file.read()


def _id_name(names: list[str], file_name: str) -> str:
    lowered = {name.lower(): name for name in names}
    for candidate in (*ID_NAMES, "__index_level_0__"):
        if candidate in lowered:
            return lowered[candidate]
    raise TableError(
        "no column holds the patient ids",
        code="TABLE-ID",
        where=file_name,
        fix="name the id column case_id",
    )


def _ids(column: pa.ChunkedArray, file_name: str) -> list[str]:
    is_id = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_id or pa.types.is_integer(column.type)):
        raise TableError("the patient ids are not text", code="TABLE-ID", where=file_name)
    ids = [None if value is None else str(value) for value in column.to_pylist()]
    for number, value in enumerate(ids, start=1):
        if value is None or not value.strip() or value != value.strip():
            raise TableError(
                "the patient id is blank or has blanks around it",
                code="TABLE-ID",
                where=f"{file_name}, record {number}",
            )
    return [value for value in ids if value is not None]


def _values(column: pa.ChunkedArray, name: str, file_name: str) -> pd.Series:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        cells = [
            None if cell is None or not cell.strip() else cell for cell in column.to_pylist()
        ]
        return pd.Series(cells, dtype=object)
    if not _is_number(column.type):
        raise TableError(
            f"column {shown(name)!r} holds {column.type}, neither numbers nor text",
            code="TABLE-CELL",
            where=file_name,
        )
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0]) + 1
        raise TableError(
            "an infinite value",
            code="TABLE-CELL",
            where=f"{file_name}, record {row}, column {shown(name)}",
        )
    return pd.Series(np.array(values))


def _is_number(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return any(test(kind) for test in tests)
