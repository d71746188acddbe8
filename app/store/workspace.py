"""The one door to everything that is stored: own cases, the study, jobs, results, audit."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from sqlalchemy import Engine

from app.jobs.queue import JobQueue
from app.settings import Settings, read_settings
from app.store.audit import AuditTrail
from app.store.cases import CaseStore, unknown_case
from app.store.database import open_database
from app.store.records import CaseRecord, FileRecord
from app.store.results import ResultStore
from app.store.study import BuiltInStudy
from healnet.exceptions import TableError

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Workspace:
    """Stores that share one database and one set of folders."""

    settings: Settings

    @cached_property
    def engine(self) -> Engine:
        """The database, opened on first use."""
        self.settings.workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.settings.inbox, self.settings.uploads, self.settings.tables):
            folder.mkdir(exist_ok=True, mode=0o700)
        return open_database(self.settings.database)

    @cached_property
    def own(self) -> CaseStore:
        """The user's own cases."""
        return CaseStore(self.engine)

    @cached_property
    def study(self) -> BuiltInStudy:
        """The shipped study."""
        return BuiltInStudy(self.settings.demo)

    @cached_property
    def jobs(self) -> JobQueue:
        """Background jobs."""
        return JobQueue(self.engine)

    @cached_property
    def results(self) -> ResultStore:
        """Headlines of predictions."""
        return ResultStore(self.engine)

    @cached_property
    def audit(self) -> AuditTrail:
        """The audit trail."""
        return AuditTrail(self.engine)

    def cases(self) -> tuple[CaseRecord, ...]:
        """Return own cases, latest first, then the built-in ones."""
        return (*self.own.list(), *self.study.list())

    def find_case(self, case_id: str) -> CaseRecord | None:
        """Return the case of that id, or None."""
        return self.study.find(case_id) or self.own.find(case_id)

    def case(self, case_id: str) -> CaseRecord:
        """Return the case of that id.

        Raises:
            HealNetError: If there is none.
        """
        found = self.find_case(case_id)
        if found is None:
            raise unknown_case()
        return found

    def find_file(self, file_id: str) -> tuple[CaseRecord, FileRecord] | None:
        """Return a file with its case, or None."""
        return self.study.find_file(file_id) or self.own.find_file(file_id)

    def file_sha256(self, file: FileRecord) -> str:
        """Return the content hash of a table; computed once for each state of the file.

        Raises:
            TableError: ``TABLE-GONE`` if it is not there any more.
        """
        if file.sha256:
            return file.sha256
        state = table_state(file)
        return _file_sha256(file.path, state.st_mtime_ns, state.st_size)

    def file_version(self, file: FileRecord) -> str:
        """Return a name that changes with the file, at once however large it is.

        The content hash where it is known already; else a hash of place, size and time.
        """
        if file.sha256:
            return file.sha256
        state = file.path.stat()
        facts = f"{file.path}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}"
        return hashlib.sha256(facts.encode()).hexdigest()


def table_state(file: FileRecord) -> os.stat_result:
    """Return size and times of a table.

    Raises:
        TableError: ``TABLE-GONE`` if it is not there any more.
    """
    try:
        return file.path.stat()
    except OSError as error:
        raise TableError(
            f"the {file.role} table of this case is not there any more",
            code="TABLE-GONE",
            where=file.name,
            why="without it the estimate would be of other inputs than the case lists",
            fix="remove the table under Omics, then add it again",
        ) from error


@lru_cache(maxsize=4)
def open_workspace(settings: Settings) -> Workspace:
    """Return the workspace of these settings; the same object for the same settings."""
    return Workspace(settings)


def current_workspace() -> Workspace:
    """Return the workspace that the environment names."""
    return open_workspace(read_settings())


@lru_cache(maxsize=512)
def _file_sha256(path: Path, _modified_ns: int, _size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
