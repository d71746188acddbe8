"""Omic tables that must be refused, or accepted with words: the bad-input catalogue as data.

The numbers are those of the catalogue (section D, omics tables; F, archives). Every door that
takes a table can be driven with these: ``make(case, folder)`` writes the file.
"""

import gzip
import io
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Write = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class BadTable:
    """One entry of the catalogue.

    Attributes:
        number: In the catalogue.
        title: What is wrong.
        file: Name of the file.
        write: Makes the file.
        code: Of the refusal.
        message: Regular expression found in the refusal.
    """

    number: str
    title: str
    file: str = "o.csv"
    write: Write
    code: str
    message: str


def profiles(patients: int = 60, genes: int = 200) -> pd.DataFrame:
    """Return log2(TPM + 1)-like values, a row a patient."""
    generator = np.random.default_rng(0)
    ids = pd.Index([f"PT-{i:04d}" for i in range(patients)], name="patient_id")
    values = generator.gamma(2, 1.5, (patients, genes)).round(3)
    return pd.DataFrame(values, index=ids, columns=[f"GENE{i}" for i in range(genes)])


def make(case: BadTable, folder: Path) -> Path:
    """Write the file of a case and return its path."""
    path = folder / case.file
    case.write(path)
    return path


def raw(content: bytes | str) -> Write:
    """Return a writer of bytes or text."""
    data = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(data) and None


def changed(row: int, column: str, cell: object) -> Write:
    """Return a writer of a good table with one cell replaced."""
    frame = profiles().astype(object)
    frame.iloc[row, frame.columns.get_loc(column)] = cell
    return frame.to_csv


def _named(columns: list[str]) -> Write:
    frame = profiles(3, len(columns))
    frame.columns = pd.Index(columns)
    return frame.to_csv


def _zip(*members: tuple[str, bytes], link: bool = False) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
            if link:
                info = zipfile.ZipInfo("ln")
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, "/etc/passwd")

    return write


def _nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("i.csv", "case_id,A\nx,1\n")
    return inner.getvalue()


def _locked(path: Path) -> None:
    _zip(("a.csv", GOOD))(path)
    data = bytearray(path.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    data[6] ^= 1
    data[entry + 8] ^= 1
    path.write_bytes(data)


def _damaged(path: Path) -> None:
    _zip(("a.csv", np.random.default_rng(0).bytes(9999)))(path)
    data = bytearray(path.read_bytes())
    data[200] ^= 255
    path.write_bytes(data)


GOOD = b"case_id,A,B\nx,1,2\ny,3,4\n"
_LATIN = profiles(3, 2).rename(index={"PT-0002": "Müller"}).to_csv().encode("latin-1")
_MANY = "case_id," + ",".join(f"G{i}" for i in range(200_001)) + "\n"


BAD_TABLES = [
    BadTable(
        number="088",
        title="empty file",
        write=raw(b""),
        code="TABLE-EMPTY",
        message="empty file",
    ),
    BadTable(
        number="089",
        title="header only",
        write=raw("patient_id,GENE0\n"),
        code="TABLE-EMPTY",
        message="0 rows",
    ),
    BadTable(
        number="091",
        title="decimal commas",
        write=lambda path: profiles(3, 3).to_csv(path, sep=";", decimal=","),
        code="TABLE-CELL",
        message=r"row 2 \(PT-0000\), GENE0: '\d+,\d+'",
    ),
    BadTable(
        number="092",
        title="thousands separator",
        write=changed(0, "GENE0", "1,234"),
        code="TABLE-CELL",
        message=r"row 2 \(PT-0000\), GENE0: '1,234'",
    ),
    BadTable(
        number="094",
        title="Latin-1",
        write=raw(_LATIN),
        code="TABLE-ENCODING",
        message=f"0xfc at position {_LATIN.index(0xFC)}",
    ),
    BadTable(
        number="096",
        title="NUL in an id",
        write=raw(b"case_id,A\nPT\x00-1,1\n"),
        code="TABLE-ENCODING",
        message="position 12 is NUL",
    ),
    BadTable(
        number="096b",
        title="UTF-16",
        write=raw("case_id,A\nx,1\n".encode("utf-16")),
        code="TABLE-ENCODING",
        message="UTF-8",
    ),
    BadTable(
        number="097",
        title="rows one field too long",
        write=raw("patient_id,GENE0\nPT-0000,1,2\nPT-0001,3,4\n"),
        code="TABLE-ROW",
        message="3 fields where the header has 2",
    ),
    BadTable(
        number="098",
        title="a short row",
        write=raw("patient_id,GENE0,GENE1\nPT-0000,1,1\nPT-0001,3\n"),
        code="TABLE-ROW",
        message=r"row 3 \(PT-0001\)",
    ),
    BadTable(
        number="099",
        title="a quotation mark that does not close",
        write=raw('patient_id,GENE0\nPT-0000,"1\n'),
        code="TABLE-QUOTES",
        message="does not close",
    ),
    BadTable(
        number="103",
        title="infinity",
        write=changed(0, "GENE0", "inf"),
        code="TABLE-CELL",
        message=r"PT-0000\), GENE0: 'inf'",
    ),
    BadTable(
        number="104",
        title="a number too large for a float",
        write=changed(4, "GENE7", "1e400"),
        code="TABLE-CELL",
        message=r"row 6 \(PT-0004\), GENE7: '1e400'",
    ),
    BadTable(
        number="105",
        title="digits of another script, and underscores",
        write=raw("case_id,A\nx,1\ny,2\nz,\u0661\nw,1_000\nv,3\n"),
        code="TABLE-CELL",
        message="2 cells.*1_000",
    ),
    BadTable(
        number="117",
        title="gene names turned into dates",
        write=_named(["1-Sep", "2025-09-01", "TP53"]),
        code="TABLE-DATES",
        message="1-Sep",
    ),
    BadTable(
        number="118",
        title="a gene twice with other values",
        write=raw("patient_id,GENE0,GENE5,GENE0\nPT-0000,1,2,3\n"),
        code="TABLE-DOUBLE-COLUMN",
        message="columns 2, 4: .*'GENE0'",
    ),
    BadTable(
        number="118b",
        title="a gene twice after trimming",
        write=raw("patient_id,GENE0, GENE0\nPT-0000,1,2\n"),
        code="TABLE-DOUBLE-COLUMN",
        message="GENE0",
    ),
    BadTable(
        number="120",
        title="a patient twice with other values",
        write=raw("case_id,A,B\nx,1,2\ny,1,1\nx,1,3\n"),
        code="TABLE-CONFLICT",
        message="x, column B",
    ),
    BadTable(
        number="124",
        title="more columns than the limit",
        write=raw(_MANY),
        code="TABLE-SIZE",
        message="200,000 columns",
    ),
    BadTable(
        number="125",
        title="one cell of 5 MB",
        write=raw("patient_id,GENE0\n" + "A" * 5_000_000 + ",1\n"),
        code="TABLE-SIZE",
        message="field longer than 64 KiB in row 2",
    ),
    BadTable(
        number="125b",
        title="one cell just above the limit",
        write=raw("patient_id,GENE0\n" + "A" * 65_537 + ",1\n"),
        code="TABLE-SIZE",
        message="field longer than 64 KiB in row 2",
    ),
    BadTable(
        number="126",
        title="no id column",
        write=raw("GENE0,GENE1\n1,2\n"),
        code="TABLE-ID",
        message="name the id column case_id",
    ),
    BadTable(
        number="126b",
        title="a blank id",
        write=raw("case_id,A\n,1\n"),
        code="TABLE-ID",
        message="row 2: the patient id is blank",
    ),
    BadTable(
        number="126c",
        title="an id with a blank before it",
        write=raw("case_id,A\n x,1\n"),
        code="TABLE-ID",
        message="blanks around",
    ),
    BadTable(
        number="126d",
        title="one column only",
        write=raw("case_id\nx\n"),
        code="TABLE-HEADER",
        message="only one column",
    ),
    BadTable(
        number="126e",
        title="a column without name",
        write=raw("case_id,A,,B\nx,1,2,3\n"),
        code="TABLE-HEADER",
        message="column 3",
    ),
    BadTable(
        number="127",
        title="a spreadsheet",
        file="o.xlsx",
        write=_zip(("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", b"<x/>")),
        code="TABLE-ARCHIVE",
        message="save the sheet as CSV",
    ),
    BadTable(
        number="128",
        title="a zip bomb",
        file="o.zip",
        write=_zip(("a.csv", b" " * 50_000_000)),
        code="TABLE-ARCHIVE",
        message="more than 200 times",
    ),
    BadTable(
        number="129",
        title="parquet that is none",
        file="o.parquet",
        write=raw(b"PAR1 this is not parquet PAR1"),
        code="TABLE-PARQUET",
        message="not a readable parquet",
    ),
    BadTable(
        number="163",
        title="a zip with a link",
        file="z.zip",
        write=_zip(("a.csv", GOOD), link=True),
        code="TABLE-ARCHIVE",
        message="contains a link",
    ),
    BadTable(
        number="164",
        title="a tar",
        file="z.tar",
        write=raw(b"a.csv" + bytes(507) + GOOD),
        code="TABLE-ENCODING",
        message="NUL",
    ),
    BadTable(
        number="166",
        title="an archive inside an archive",
        file="z.zip",
        write=_zip(("n.zip", _nested())),
        code="TABLE-ARCHIVE",
        message="inside an archive",
    ),
    BadTable(
        number="166b",
        title="gzip in gzip",
        file="z.csv.gz",
        write=raw(gzip.compress(gzip.compress(GOOD))),
        code="TABLE-ARCHIVE",
        message="inside an archive",
    ),
    BadTable(
        number="167",
        title="too many files in a zip",
        file="z.zip",
        write=_zip(*((f"f{i}.txt", b"") for i in range(10_001))),
        code="TABLE-ARCHIVE",
        message="10,000",
    ),
    BadTable(
        number="169",
        title="two tables in a zip",
        file="z.zip",
        write=_zip(("a.csv", GOOD), ("A.csv", GOOD)),
        code="TABLE-ARCHIVE",
        message="2 tables",
    ),
    BadTable(
        number="170",
        title="a password",
        file="z.zip",
        write=_locked,
        code="TABLE-ARCHIVE",
        message="password",
    ),
    BadTable(
        number="172",
        title="a damaged member",
        file="z.zip",
        write=_damaged,
        code="TABLE-ARCHIVE",
        message="damaged",
    ),
    BadTable(
        number="172b",
        title="a gzip cut short",
        file="z.csv.gz",
        write=raw(gzip.compress(GOOD * 50)[:-9]),
        code="TABLE-ARCHIVE",
        message="damaged",
    ),
]
