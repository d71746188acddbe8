"""Wide tables in parquet files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from healnet.exceptions import TableError
from healnet.omics.table_bytes import TableLimits
from healnet.omics.text_rows import ID_NAMES, no_ids, refuse_dates, shown

_SHARED_PREFIXES = "DELTA_BYTE_ARRAY"


def read_parquet(path: Path, limits: TableLimits) -> pd.DataFrame:
    """Return the table in a parquet file, indexed by ``case_id``; text as str or None.

    Sizes are read from the footer before any value is, and text is kept as it is stored, each
    word once, until its full length is known.

    Raises:
        TableError: If the file is no parquet, too large, without ids, or holds a column that is
            neither numbers nor text.
    """
    try:
        return _frame(_read_within(path, limits), path.name, limits)
    except TableError:
        raise
    except (pa.ArrowException, OSError, ValueError, IndexError, OverflowError) as error:
        raise TableError(
            "not a readable parquet file", code="TABLE-PARQUET", where=path.name
        ) from error


def _frame(table: pa.Table, file_name: str, limits: TableLimits) -> pd.DataFrame:
    names = [str(name).strip() for name in table.column_names]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TableError(
            f"the column name {shown(double)!r} appears more than once",
            code="TABLE-DOUBLE-COLUMN",
            where=file_name,
        )
    refuse_dates(file_name, names)
    id_name = _id_name(names, file_name)
    ids = _ids(table.column(names.index(id_name)), file_name, limits)
    values = {
        name: _values(column, name, file_name, limits)
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
        _check_size(file.metadata, path, limits)
        for field in file.schema_arrow:
            if not (_is_text(field.type) or _is_number(field.type)):
                raise TableError(
                    f"column {shown(field.name)!r} holds {field.type}, neither numbers nor "
                    "text",
                    code="TABLE-CELL",
                    where=path.name,
                )
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        return file.read()


def _check_size(meta: pq.FileMetaData, path: Path, limits: TableLimits) -> None:
    groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
    unpacked = sum(group.total_byte_size for group in groups)
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
    encodings = {
        name
        for group in groups
        for i in range(group.num_columns)
        for name in group.column(i).encodings
    }
    if _SHARED_PREFIXES in encodings:
        raise TableError(
            f"text is stored as {_SHARED_PREFIXES}",
            code="TABLE-PARQUET",
            where=path.name,
            why="its full length cannot be told before it is unpacked",
            fix="write the table again with the default encoding",
        )


def _id_name(names: list[str], file_name: str) -> str:
    lowered = {name.lower(): name for name in names}
    for candidate in (*ID_NAMES, "__index_level_0__"):
        if candidate in lowered:
            return lowered[candidate]
    raise no_ids(names[0] if names else "", file_name)


def _ids(column: pa.ChunkedArray, file_name: str, limits: TableLimits) -> list[str]:
    if not (_is_text(column.type) or pa.types.is_integer(column.type)):
        raise TableError("the patient ids are not text", code="TABLE-ID", where=file_name)
    is_text = _is_text(column.type)
    cells = _words(column, "ids", file_name, limits) if is_text else column.to_pylist()
    ids = [None if value is None else str(value) for value in cells]
    for number, value in enumerate(ids, start=1):
        if value is None or not value.strip() or value != value.strip():
            raise TableError(
                "the patient id is blank or has blanks around it",
                code="TABLE-ID",
                where=f"{file_name}, record {number}",
            )
    return [value for value in ids if value is not None]


def _words(
    column: pa.ChunkedArray, name: str, file_name: str, limits: TableLimits
) -> list[str | None]:
    """Return the cells of a text column; equal cells share one str."""
    cells: list[str | None] = []
    for chunk in column.chunks:
        is_packed = pa.types.is_dictionary(chunk.type)
        words = (chunk.dictionary if is_packed else chunk).to_pylist()
        if (
            max((len(word) for word in words if word is not None), default=0)
            > limits.cell_chars
        ):
            raise TableError(
                f"a cell is longer than {limits.cell_chars // 1024} KiB",
                code="TABLE-SIZE",
                where=f"{file_name}, column {shown(name)}",
            )
        places = chunk.indices.to_pylist() if is_packed else range(len(words))
        cells += [None if place is None else words[place] for place in places]
    if sum(len(cell) for cell in cells if cell is not None) > limits.file_bytes:
        raise TableError(
            f"the text of a column is longer than {limits.file_bytes // 2**20} MB",
            code="TABLE-SIZE",
            where=f"{file_name}, column {shown(name)}",
        )
    return cells


def _values(
    column: pa.ChunkedArray, name: str, file_name: str, limits: TableLimits
) -> pd.Series:
    if _is_text(column.type):
        words = _words(column, name, file_name, limits)
        cells = [None if cell is None or not cell.strip() else cell for cell in words]
        return pd.Series(cells, dtype=object)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0]) + 1
        raise TableError(
            "an infinite value",
            code="TABLE-CELL",
            where=f"{file_name}, record {row}, column {shown(name)}",
        )
    return pd.Series(np.array(values))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return any(test(kind) for test in tests)
