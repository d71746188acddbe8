"""Rows of a delimited table as text, exactly as they stand in the file.

No cell is interpreted here, no row repaired: identifiers like ``00123`` or ``NA`` stay what
they are, and a row that is too long or too short is refused with its number.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from healnet.exceptions import Notice, TableError, printable
from healnet.omics.table_bytes import TableLimits, read_bytes

ID_NAMES = ("case_id", "patient_id", "patient", "case", "sample_id", "sample", "id")
_SHOWN = 5
# As spreadsheets write SEPT1 and MARCH1, also before the ending of a modality.
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DATE = re.compile(
    rf"(\d{{1,2}}-{_MONTH}(-\d\d(\d\d)?)?|{_MONTH}-\d{{1,2}}|\d{{1,2}}/\d{{1,2}}/\d\d(\d\d)?"
    r"|\d{4}-\d\d-\d\d( [\d:]+)?)(_rnaseq|_cnv|_mut)?",
    re.IGNORECASE,
)
_GENE_COLUMNS = frozenset(
    ("gene", "genes", "gene_id", "gene_name", "gene_symbol", "hugo_symbol", "hgnc_symbol",
     "symbol", "ensembl_id", "ensembl_gene_id", "entrez_gene_id", "feature", "probe",
     "probe_id")
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """The text of a table: a checked header, and its rows on demand.

    Attributes:
        name: File name, for messages.
        columns: Column names without surrounding blanks, all different.
        text: The whole file, decoded.
        delimiter: Comma, semicolon or tab.
        limits: What it may be at most.
        notices: What was noticed in the header.
    """

    name: str
    columns: tuple[str, ...]
    text: str
    delimiter: str
    limits: TableLimits
    notices: tuple[Notice, ...] = ()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (row number as in a spreadsheet, cells) of every row that is not blank.

        Raises:
            TableError: ``TABLE-ROW`` for a row of another length than the header;
                ``TABLE-SIZE`` above a limit; ``TABLE-QUOTES`` where quotes do not close.
        """
        width, count = len(self.columns), 0
        for number, cells in _records(self.text, self.delimiter, self.name, self.limits):
            if number == 1 or not cells:
                continue
            count += 1
            self._check_row(number, cells, width)
            if count > min(self.limits.rows, self.limits.cells // width):
                raise TableError(
                    f"more than {count - 1:,} rows of {width:,} columns",
                    code="TABLE-SIZE",
                    where=self.name,
                    fix="split the table",
                )
            yield number, cells

    def id_column(self) -> int:
        """Return the position of the column with the patient ids.

        Raises:
            TableError: ``TABLE-ID`` if none is named like one.
        """
        lowered = [name.lower() for name in self.columns]
        for name in ID_NAMES:
            if name in lowered:
                return lowered.index(name)
        if self.columns[0] == "":
            return 0
        where = f"{self.name}, columns {', '.join(map(shown, self.columns[:_SHOWN]))} ..."
        raise no_ids(self.columns[0], where)

    def _check_row(self, number: int, cells: list[str], width: int) -> None:
        if len(cells) != width:
            raise TableError(
                f"{len(cells)} fields where the header has {width}",
                code="TABLE-ROW",
                where=f"{self.name}, row {number} ({shown(cells[0])})",
                why="it cannot be told which value belongs to which column",
                fix="give every row one field a column",
            )
        if max(map(len, cells)) > self.limits.cell_chars:
            raise _long_cell(self.name, number, self.limits)


def open_text_table(path: Path, limits: TableLimits | None = None) -> TextTable:
    """Return the text of a CSV, TSV or semicolon-separated file, its header checked.

    Raises:
        TableError: If the file is missing, too large, not UTF-8 text, or its header has an
            empty, double or over-long name.
    """
    limits = limits or TableLimits()
    text = _decode(read_bytes(path, limits), path.name)
    first_line = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=first_line.count)
    records = _records(text, delimiter, path.name, limits)
    header = next((cells for _, cells in records), [])
    columns = tuple(name.strip() for name in header)
    _check_header(path.name, columns, limits)
    return TextTable(
        name=path.name,
        columns=columns,
        text=text,
        delimiter=delimiter,
        limits=limits,
        notices=_trimmed(path.name, header, columns),
    )


def no_ids(first_column: str, where: str) -> TableError:
    """Return the refusal of a table without a column of patient ids."""
    if first_column.strip().lower().replace(" ", "_") in _GENE_COLUMNS:
        return genes_in_rows(f"the first column is {shown(first_column)!r}", where)
    return TableError(
        "no column holds the patient ids",
        code="TABLE-ID",
        where=where,
        fix="name the id column case_id",
    )


def genes_in_rows(what: str, where: str) -> TableError:
    """Return the refusal of a table that lies on its side."""
    return TableError(
        f"genes are in rows: {what}",
        code="TABLE-TRANSPOSED",
        where=where,
        why="a row is read as a patient and a column as a feature",
        fix="transpose the table, and name the column of the patient ids case_id",
    )


def shown(cell: str) -> str:
    """Return a cell as it may stand in a message: short, on one line."""
    text = cell if len(cell) <= 40 else f"{cell[:37]}..."  # noqa: PLR2004  (a line of a message)
    return printable(text)


def _records(
    text: str, delimiter: str, name: str, limits: TableLimits
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, cells
    except csv.Error as error:
        if "field larger" in str(error):
            raise _long_cell(name, number + 1, limits) from error
        raise TableError(
            "a quotation mark does not close",
            code="TABLE-QUOTES",
            where=f"{name}, row {number + 1}",
        ) from error


def _decode(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise TableError(
            f"the byte at position {data.index(0)} is NUL",
            code="TABLE-ENCODING",
            where=name,
            why="this is not a UTF-8 text file",
            fix="save it as CSV in UTF-8",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(
            f"not UTF-8 text: byte 0x{data[error.start]:02x} at position {error.start}",
            code="TABLE-ENCODING",
            where=name,
            why="names and ids would be misread (is it Latin-1 or Windows-1252?)",
            fix="save it as CSV in UTF-8",
        ) from error


def _check_header(name: str, columns: tuple[str, ...], limits: TableLimits) -> None:
    if len(columns) < 2:  # noqa: PLR2004  (an id and a value)
        raise TableError(
            "only one column",
            code="TABLE-HEADER",
            where=name,
            why="an id and at least one value are needed",
            fix="separate the columns by commas or tabs",
        )
    if len(columns) > limits.columns + 1:  # and the ids
        raise TableError(f"more than {limits.columns:,} columns", code="TABLE-SIZE", where=name)
    _check_names(name, columns)
    if "" in columns[1:]:
        raise TableError(
            "a column has no name",
            code="TABLE-HEADER",
            where=f"{name}, column {columns.index('', 1) + 1}",
        )


def _check_names(name: str, columns: tuple[str, ...]) -> None:
    double = [column for column, count in Counter(columns).items() if count > 1]
    if double:
        places = [str(i + 1) for i, column in enumerate(columns) if column == double[0]]
        raise TableError(
            f"{len(double)} column names appear more than once, first {shown(double[0])!r}",
            code="TABLE-DOUBLE-COLUMN",
            where=f"{name}, columns {', '.join(places)}",
            why="it cannot be told which one is meant",
            fix="keep one of them",
        )
    refuse_dates(name, columns)


def refuse_dates(name: str, columns: Sequence[str]) -> None:
    """Refuse column names that were genes before a spreadsheet read them.

    Raises:
        TableError: ``TABLE-DATES``.
    """
    dates = [column for column in columns if _DATE.fullmatch(column)]
    if dates:
        raise TableError(
            f"{len(dates)} column names are dates, first {shown(dates[0])!r}",
            code="TABLE-DATES",
            where=name,
            why="spreadsheets turn gene names such as SEPT1 and MARCH1 into dates",
            fix="take the names from the original file",
        )


def _trimmed(name: str, header: list[str], columns: tuple[str, ...]) -> tuple[Notice, ...]:
    changed = sum(raw != clean for raw, clean in zip(header, columns, strict=True))
    if not changed:
        return ()
    return (
        Notice(
            code="TABLE-TRIMMED",
            what=f"blanks around {changed} column names were left out",
            where=name,
        ),
    )


def _long_cell(name: str, row: int, limits: TableLimits) -> TableError:
    return TableError(
        f"field longer than {limits.cell_chars // 1024} KiB in row {row}",
        code="TABLE-SIZE",
        where=name,
    )
