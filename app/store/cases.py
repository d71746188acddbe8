"""Own cases: add, change, list and forget them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.database import CaseRow, FileRow, now
from app.store.file_state import file_state
from app.store.records import FEATURES, SLIDE, CaseRecord, FileRecord
from healnet.exceptions import HealNetError, JobError

MIN_MPP, MAX_MPP = (
    0.01,
    100.0,
)  # um per pixel: finer than any scanner, coarser than any overview


def new_id() -> str:
    """Return 128 random bits that can stand in a web address.

    Not in base 64: one in two hundred would hold two underscores in a row, which Streamlit
    refuses in the key of a component, and the page of that case would never open.
    """
    return secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """A file that is about to join a case; fields as in :class:`FileRecord`."""

    role: str
    path: Path
    name: str = ""
    row_key: str = ""
    sha256: str = ""
    state: str = ""
    made_from: str = ""


@dataclass(frozen=True)
class CaseStore:
    """The own cases of one workspace."""

    engine: Engine

    def list(self) -> tuple[CaseRecord, ...]:
        """Return every own case, the latest change first."""
        with Session(self.engine) as session:
            rows = session.scalars(select(CaseRow).order_by(CaseRow.updated.desc(), CaseRow.id))
            return tuple(_record(row) for row in rows)

    def find(self, case_id: str) -> CaseRecord | None:
        """Return the case, or None if there is none of that id."""
        with Session(self.engine) as session:
            row = session.get(CaseRow, case_id)
            return None if row is None else _record(row)

    def find_file(self, file_id: str) -> tuple[CaseRecord, FileRecord] | None:
        """Return the file with its case, or None if there is none of that id."""
        with Session(self.engine) as session:
            row = session.get(FileRow, file_id)
            return None if row is None else (_record(row.case), _file_record(row))

    def add(self, *, title: str, files: tuple[NewFile, ...] = (), tumour: str = "") -> str:
        """Add a case and return its random id."""
        case_id = new_id()
        with Session(self.engine) as session, session.begin():
            case = CaseRow(id=case_id, title=title, tumour=tumour)
            session.add(case)
            for position, file in enumerate(files):
                case.files.append(_file_row(file, position))
        return case_id

    def attach(self, case_id: str, file: NewFile) -> tuple[FileRecord, ...]:
        """Add a file to a case; a table or feature file replaces the one of its role.

        Features replace only those of the same slide: they carry its file id as ``row_key``.

        Returns:
            What was replaced; the files themselves are left to the caller.
        """
        with self._change(case_id) as case:
            return _put(case, file)

    def attach_features(
        self, case_id: str, file: NewFile, *, slide_mpp: float | None
    ) -> tuple[FileRecord, ...]:
        """Add features to a case, if slide and pixel size are those that they were made with.

        Args:
            case_id: The case.
            file: The features, with id, state and hash of their slide.
            slide_mpp: The user's pixel size with which they were made.

        Returns:
            What was replaced.

        Raises:
            JobError: ``JOB-OUTDATED`` if the case has changed meanwhile.
        """
        with self._change(case_id) as case:
            slide = next((known for known in case.files if known.id == file.row_key), None)
            if slide is None or not _is_made_from(file, slide) or case.slide_mpp != slide_mpp:
                raise _outdated()
            slide.state = file.state
            return _put(case, file)

    def paths(self) -> frozenset[Path]:
        """Return where the files of all cases lie."""
        with Session(self.engine) as session:
            return frozenset(Path(path) for path in session.scalars(select(FileRow.path)))

    def state_pixel_size(self, case_id: str, mpp: float) -> tuple[FileRecord, ...]:
        """Remember the pixel size that the user states, um per level-0 pixel.

        Returns:
            The features that were dropped: they were cut at another scale.

        Raises:
            HealNetError: If the value cannot be a pixel size.
        """
        if not MIN_MPP <= mpp <= MAX_MPP:
            raise HealNetError(
                f"{mpp:g} um per pixel is not a pixel size of a slide",
                code="SLIDE-MPP-IMPLAUSIBLE",
                why="patches would be cut at a wrong scale",
                fix=f"enter a value between {MIN_MPP:g} and {MAX_MPP:g}; 40x scans have about "
                "0.25, 20x scans about 0.5",
            )
        with self._change(case_id) as case:
            case.slide_mpp = mpp
            return _drop(case, [file for file in case.files if file.role == FEATURES])

    def describe(self, case_id: str, *, title: str, tumour: str) -> None:
        """Change what the worklist shows for a case."""
        with self._change(case_id) as case:
            case.title, case.tumour = title, tumour

    def detach(self, case_id: str, file_id: str) -> None:
        """Take a file from a case; the file itself is left to the caller."""
        with self._change(case_id) as case:
            for known in [file for file in case.files if file.id == file_id]:
                case.files.remove(known)

    def forget(self, case_id: str) -> None:
        """Remove a case from the worklist. Files opened from a folder stay where they are."""
        with Session(self.engine) as session, session.begin():
            row = session.get(CaseRow, case_id)
            if row is not None:
                session.delete(row)

    @contextmanager
    def _change(self, case_id: str) -> Iterator[CaseRow]:
        with Session(self.engine) as session, session.begin():
            row = session.get(CaseRow, case_id)
            if row is None:
                raise unknown_case()
            yield row
            row.updated = now()


def unknown_case() -> HealNetError:
    """Return the refusal for a case that is not there, without repeating what was asked."""
    return HealNetError(
        "this case is not in the workspace",
        code="CASE-UNKNOWN",
        why="the link may be old, or the case was removed",
        fix="go to Cases and open it from the list",
    )


def _outdated() -> JobError:
    return JobError(
        "the slide or its pixel size was changed while the slide was analysed",
        code="JOB-OUTDATED",
        why="the patches would not fit the case any more, so they are not kept",
        fix="press Analyse again",
    )


def _put(case: CaseRow, file: NewFile) -> tuple[FileRecord, ...]:
    old = _drop(case, [known for known in case.files if _is_replaced(known, file)])
    position = max((known.position for known in case.files), default=-1) + 1
    case.files.append(_file_row(file, position))
    return old


def _drop(case: CaseRow, rows: list[FileRow]) -> tuple[FileRecord, ...]:
    dropped = tuple(_file_record(row) for row in rows)
    for row in rows:
        case.files.remove(row)
    return dropped


def _is_made_from(file: NewFile, slide: FileRow) -> bool:
    return not slide.state or slide.state == file.state


def _is_replaced(known: FileRow, new: NewFile) -> bool:
    if new.role == SLIDE or known.role != new.role:
        return False
    return new.role != FEATURES or known.row_key == new.row_key


def _file_row(file: NewFile, position: int) -> FileRow:
    return FileRow(
        id=new_id(),
        position=position,
        role=file.role,
        name=file.name or file.path.name,
        path=str(file.path),
        size=file.path.stat().st_size,
        sha256=file.sha256,
        row_key=file.row_key,
        state=file_state(file.path) if file.role == SLIDE else file.state,
        made_from=file.made_from,
    )


def _file_record(row: FileRow) -> FileRecord:
    return FileRecord(
        id=row.id,
        role=row.role,
        name=row.name,
        path=Path(row.path),
        size=row.size,
        sha256=row.sha256,
        row_key=row.row_key,
        state=row.state,
        made_from=row.made_from,
    )


def _record(row: CaseRow) -> CaseRecord:
    return CaseRecord(
        id=row.id,
        title=row.title,
        tumour=row.tumour,
        origin="own",
        files=tuple(_file_record(file) for file in row.files),
        slide_mpp=row.slide_mpp,
        updated=row.updated,
    )
