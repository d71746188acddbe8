"""The bytes of a table file: plain, gzipped, or one file inside a zip, within limits.

Nothing is unpacked to disk. Sizes are checked before and while unpacking, so that a small file
cannot become a huge one.
"""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from healnet.exceptions import TableError

_ENCRYPTED = 0x1
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_PACKED = (*_ZIP, _GZIP, b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
_SHEET = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, kw_only=True)
class TableLimits:
    """What a table may be at most. The defaults hold for pages, command line and library.

    Attributes:
        file_bytes: Size of the file, and of what is inside if it is packed.
        cell_chars: Length of one cell.
        rows: Number of rows.
        columns: Number of columns.
        cells: Rows times columns.
        archive_members: Entries in a zip.
        archive_ratio: Unpacked by packed size of a zip entry.
    """

    file_bytes: int = 200 * 1024 * 1024
    cell_chars: int = 64 * 1024
    rows: int = 200_000
    columns: int = 200_000
    cells: int = 200_000_000
    archive_members: int = 10_000
    archive_ratio: int = 200


def read_bytes(path: Path, limits: TableLimits) -> bytes:
    """Return the bytes of the table in a file.

    Raises:
        TableError: If it is missing, empty, too large or not unpackable.
    """
    if not path.is_file():
        raise TableError("there is no such file", code="TABLE-MISSING-FILE", where=path.name)
    size = path.stat().st_size
    if size == 0:
        raise TableError("empty file", code="TABLE-EMPTY", where=path.name)
    if size > limits.file_bytes:
        raise _too_big(path.name, limits)
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(_ZIP):
        return _read_zip(path, limits)
    if head.startswith(_GZIP):
        return _unpack(lambda: gzip.open(path, "rb"), path.name, limits)
    return path.read_bytes()


def _read_zip(path: Path, limits: TableLimits) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_sheet(archive, path.name, limits)
            return _unpack(
                lambda: archive.open(member), f"{path.name} / {member.filename}", limits
            )
    except zipfile.BadZipFile as error:
        raise TableError(
            "the zip file is damaged",
            code="TABLE-ARCHIVE",
            where=path.name,
            fix="copy it again",
        ) from error


def _only_sheet(archive: zipfile.ZipFile, name: str, limits: TableLimits) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not _is_clutter(info)]
    if len(archive.infolist()) > limits.archive_members:
        raise TableError(
            f"more than {limits.archive_members:,} files in the zip",
            code="TABLE-ARCHIVE",
            where=name,
        )
    for info in members:
        _check_member(info, name, limits)
    _refuse_spreadsheet(members, name)
    named = [info for info in members if info.filename.lower().endswith(_SHEET)]
    sheets = members if len(members) == 1 else named
    if len(sheets) != 1:
        what = "no table in the zip" if not sheets else f"{len(sheets)} tables in the zip"
        raise TableError(
            what,
            code="TABLE-ARCHIVE",
            where=name,
            why="exactly one .csv, .tsv or .txt file is expected",
            fix="unpack it and choose the table",
        )
    return sheets[0]


def _refuse_spreadsheet(members: list[zipfile.ZipInfo], name: str) -> None:
    if any(info.filename == "xl/workbook.xml" for info in members):
        raise TableError(
            "this is a spreadsheet, not a table",
            code="TABLE-ARCHIVE",
            where=name,
            why="spreadsheets turn gene names into dates and cut long ids",
            fix="save the sheet as CSV in UTF-8",
        )


def _check_member(info: zipfile.ZipInfo, name: str, limits: TableLimits) -> None:
    problem = ""
    if stat.S_ISLNK(info.external_attr >> 16):
        problem = "the zip contains a link"
    elif info.flag_bits & _ENCRYPTED:
        problem = "the zip is password-protected"
    elif info.file_size > limits.file_bytes:
        raise _too_big(name, limits)
    elif info.file_size > limits.archive_ratio * max(info.compress_size, 1024):
        problem = (
            f"a file in the zip unpacks to more than {limits.archive_ratio} times its size"
        )
    if problem:
        raise TableError(problem, code="TABLE-ARCHIVE", where=name, fix="send the table itself")


def _unpack(
    open_member: Callable[[], IO[bytes] | gzip.GzipFile], name: str, limits: TableLimits
) -> bytes:
    try:
        with open_member() as stream:
            data = stream.read(limits.file_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise TableError(
            "the packed file is damaged", code="TABLE-ARCHIVE", where=name, fix="copy it again"
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise TableError(
            "the zip uses a method that cannot be read", code="TABLE-ARCHIVE", where=name
        ) from error
    if len(data) > limits.file_bytes:
        raise _too_big(name, limits)
    if data.startswith(_PACKED):
        raise TableError("an archive inside an archive", code="TABLE-ARCHIVE", where=name)
    if not data:
        raise TableError("empty file", code="TABLE-EMPTY", where=name)
    return data


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or info.filename.startswith("__MACOSX/")


def _too_big(name: str, limits: TableLimits) -> TableError:
    return TableError(
        f"larger than {limits.file_bytes // 2**20} MB",
        code="TABLE-SIZE",
        where=name,
        fix="leave out columns or rows that are not needed",
    )
