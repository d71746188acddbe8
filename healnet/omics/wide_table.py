"""Wide tables of omics or clinical values: one row a patient, one column a feature."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray

from healnet.exceptions import Notice, TableError
from healnet.omics.gene_rows import refuse_gene_rows
from healnet.omics.number_cells import DECIMAL_COMMA, MISSING, RowParser
from healnet.omics.parquet_table import read_parquet
from healnet.omics.table_bytes import TableLimits
from healnet.omics.text_rows import TextTable, open_text_table, shown

_FIRST = 10
_TEXT_SHARE = 0.5  # from here on a column counts as text, below it its text cells are errors
Texts = dict[int, dict[int, str]]  # column -> row -> cell


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedTable:
    """A table and what was noticed while reading it.

    Attributes:
        frame: Index ``case_id`` (text, exactly as in the file); number columns are float64 with
            NaN for missing, text columns hold str or None.
        notices: What a reader of any result from this table must know.
        name: File name.
    """

    frame: pd.DataFrame
    notices: tuple[Notice, ...] = ()
    name: str = ""


def read_table(
    path: Path, *, numeric: bool = False, limits: TableLimits | None = None
) -> pd.DataFrame:
    """Return the table in a CSV, TSV or parquet file; see :func:`load_table`."""
    return load_table(path, numeric=numeric, limits=limits).frame


def load_table(
    path: Path, *, numeric: bool = False, limits: TableLimits | None = None
) -> LoadedTable:
    """Return the table in a CSV, TSV, ``.gz``, ``.zip`` or parquet file with its notices.

    The id column is ``case_id`` (or ``patient_id``, ``patient``, ``case``, ``sample_id``,
    ``sample``, ``id``; or the first column if it has no name). A column of numbers may have
    missing cells, never text. A patient who stands there twice with equal values is taken once.

    Args:
        path: The file.
        numeric: Refuse any text column (omics); otherwise text columns are categories.
        limits: What the table may be at most.

    Raises:
        TableError: Saying file, row, patient and column of what cannot be used.
    """
    limits = limits or TableLimits()
    if path.suffix.lower() in {".parquet", ".pq"}:
        table = LoadedTable(frame=read_parquet(path, limits), name=path.name)
    else:
        table = load_rows(open_text_table(path, limits), numeric=numeric)
    refuse_gene_rows(list(table.frame.index), list(map(str, table.frame.columns)), table.name)
    if numeric:
        _refuse_text_columns(table)
    frame, repeated = drop_equal_rows(table.frame, table.name)
    notices = (*table.notices, *repeated, *_missing_notices(table))
    return replace(table, frame=frame, notices=notices)


def drop_equal_rows(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[Notice, ...]]:
    """Return the frame with each patient once, and a notice if equal rows were left out.

    Raises:
        TableError: ``TABLE-CONFLICT`` if the rows of a patient differ in any column.
    """
    is_again = frame.index.duplicated()
    if not is_again.any():
        return frame, ()
    first = frame[~is_again]
    again = frame[is_again]
    differs = ~_equal(again, first.loc[again.index])
    if differs.any():
        row, column = (int(i) for i in np.argwhere(differs)[0])
        raise TableError(
            f"{int(differs.any(axis=1).sum())} rows repeat a patient with other values",
            code="TABLE-CONFLICT",
            where=f"{name}, {shown(str(again.index[row]))}, column {frame.columns[column]}",
            why="it cannot be told which row is right",
            fix="keep one row a patient",
        )
    return first, (
        Notice(
            code="TABLE-REPEATED",
            what=f"{len(again)} rows repeat a patient with equal values and were left out",
            where=name,
        ),
    )


def load_rows(
    source: TextTable, *, numeric: bool = False, as_text: frozenset[str] = frozenset()
) -> LoadedTable:
    """Return the rows of a text table with typed columns; a patient may have several rows.

    An unnamed column beside the id column (row numbers) is left out.

    Args:
        source: The text.
        numeric: Every cell must be a number or missing.
        as_text: Columns that are text whatever stands in them (codes like 05).
    """
    id_column = source.id_column()
    left_out = {id_column} | ({0} if source.columns[0] == "" else set())
    keep = [i for i in range(len(source.columns)) if i not in left_out]
    ids, places, rows, texts, parser = [], [], [], Texts(), RowParser(len(keep))
    for number, cells in source.rows():
        ids.append(_checked_id(cells[id_column], number, source.name))
        places.append(f"row {number} ({shown(ids[-1])})")
        row = parser.parse([cells[i] for i in keep])
        rows.append(row.values)
        for column, cell in row.texts.items():
            texts.setdefault(column, {})[len(ids) - 1] = cell
    if not ids:
        raise TableError("0 rows under the header", code="TABLE-EMPTY", where=source.name)
    matrix, columns = np.stack(rows), [source.columns[i] for i in keep]
    is_text = set() if numeric else _text_columns(matrix, texts)
    is_text |= {i for i, name in enumerate(columns) if name in as_text}
    bad = {column: cells for column, cells in texts.items() if column not in is_text}
    _refuse_cells(bad, places, columns, source.name)
    frame = _assemble(
        matrix, columns, _read_text_columns(source, {i: keep[i] for i in is_text})
    )
    frame.index = pd.Index(ids, name="case_id", dtype=object)
    return LoadedTable(frame=frame, notices=source.notices, name=source.name)


def _checked_id(cell: str, number: int, name: str) -> str:
    if cell.strip() == "" or cell != cell.strip():
        what = "the patient id is blank" if not cell.strip() else "the id has blanks around it"
        raise TableError(
            what,
            code="TABLE-ID",
            where=f"{name}, row {number}",
            fix="correct the id in the file",
        )
    return cell


def _text_columns(matrix: Float[ndarray, "n p"], texts: Texts) -> set[int]:
    """Return the columns to keep as text: those in which most of the cells are."""
    numbers = np.isfinite(matrix).sum(axis=0)
    return {
        column
        for column, cells in texts.items()
        if len(cells) > _TEXT_SHARE * (len(cells) + numbers[column])
        and not all(DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells.values())
    }


def _refuse_cells(bad: Texts, rows: list[str], columns: list[str], name: str) -> None:
    if not bad:
        return
    places = sorted((row, column) for column, cells in bad.items() for row in cells)
    listed = "; ".join(
        f"{rows[row]}, {shown(columns[column])}: {shown(bad[column][row])!r}"
        for row, column in places[:_FIRST]
    )
    more = f"; and {len(places) - _FIRST:,} more" if len(places) > _FIRST else ""
    raise TableError(
        f"{len(places):,} cells are not a number: {listed}{more}",
        code="TABLE-CELL",
        where=name,
        why="a value would have to be guessed",
        fix="use digits with a decimal point, or leave the cell empty if the value is missing",
    )


def _read_text_columns(
    source: TextTable, positions: dict[int, int]
) -> dict[int, list[str | None]]:
    """Return the cells of the text columns, in a second pass: numbers need no text copy."""
    cells_of: dict[int, list[str | None]] = {column: [] for column in sorted(positions)}
    if not cells_of:
        return cells_of
    for _, cells in source.rows():
        for column, kept in cells_of.items():
            cell = cells[positions[column]].strip()
            kept.append(None if cell.lower() in MISSING else cell)
    return cells_of


def _assemble(
    matrix: Float[ndarray, "n p"], columns: list[str], texts: dict[int, list[str | None]]
) -> pd.DataFrame:
    names = pd.Index(columns, dtype=object)
    if not texts:
        return pd.DataFrame(matrix, columns=names)
    numbers = [i for i in range(len(columns)) if i not in texts]
    number_frame = pd.DataFrame(matrix[:, numbers], columns=names[numbers])
    text_frame = pd.DataFrame({columns[i]: cells for i, cells in texts.items()}, dtype=object)
    return pd.concat([number_frame, text_frame], axis=1)[names]


def _equal(left: pd.DataFrame, right: pd.DataFrame) -> ndarray:
    """Return cell by cell whether two frames of one shape agree; missing equals missing."""
    a, b = left.to_numpy(dtype=object), right.to_numpy(dtype=object)
    both_missing = left.isna().to_numpy() & right.isna().to_numpy()
    return np.asarray((a == b) | both_missing, dtype=np.bool_)


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Return the names of the columns that hold text."""
    return [str(name) for name, kind in frame.dtypes.items() if kind.kind == "O"]


def _refuse_text_columns(table: LoadedTable) -> None:
    texts = text_columns(table.frame)
    if texts:
        raise TableError(
            f"{len(texts)} columns hold text, first {shown(texts[0])!r}",
            code="TABLE-CELL",
            where=table.name,
            fix="an omic table holds numbers only",
        )


def _missing_notices(table: LoadedTable) -> tuple[Notice, ...]:
    missing = table.frame.isna()
    count = int(missing.to_numpy().sum())
    if not count:
        return ()
    empty = missing.all()
    notices = [
        Notice(
            code="TABLE-MISSING",
            what=f"{count:,} of {missing.size:,} values are missing",
            where=table.name,
            why="the model does not read them; nothing is filled in",
        )
    ]
    if empty.any():
        names = ", ".join(shown(str(name)) for name in missing.columns[empty][:_FIRST])
        notices.append(
            Notice(
                code="TABLE-EMPTY-COLUMN",
                what=f"{int(empty.sum())} columns have no value at all: {names}",
                where=table.name,
                why="they count as absent",
            )
        )
    return tuple(notices)
