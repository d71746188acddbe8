"""The tables of the workspace and how its SQLite file is opened.

WAL mode: the pages read while the worker process writes. Paths stand in this file only; every
other part speaks of random ids.
"""

import sqlite3
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, ForeignKey, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.pool import ConnectionPoolEntry

from healnet.exceptions import HealNetError

BUSY_TIMEOUT_MS = 10_000
SCHEMA_VERSION = 2
_UPGRADES = {  # what brings a database of the version before to this one
    2: (
        "ALTER TABLE files ADD COLUMN state VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE files ADD COLUMN made_from VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN born VARCHAR NOT NULL DEFAULT ''",
    ),
}


def now() -> datetime:
    """Return the present moment in UTC, without a time zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """All tables of the workspace."""


class CaseRow(Base):
    """A patient's case that the user has opened. Built-in cases are not stored here."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    tumour: Mapped[str] = mapped_column(default="")
    slide_mpp: Mapped[float | None]  # um per level-0 pixel, as stated by the user
    created: Mapped[datetime] = mapped_column(default=now)
    updated: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    files: Mapped[list["FileRow"]] = relationship(
        back_populates="case", cascade="all, delete-orphan", order_by="FileRow.position"
    )


class FileRow(Base):
    """One file of a case: a slide, its features, or a table with one patient's row."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[str]  # "slide", "features", or the name of a tabular modality
    name: Mapped[str]  # as the user knows it: shown escaped, used for nothing
    path: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(default="")  # empty until it has been computed
    row_key: Mapped[str] = mapped_column(default="")  # the patient's row; of features, a slide
    state: Mapped[str] = mapped_column(default="")  # of the slide file: app.store.file_state
    made_from: Mapped[str] = mapped_column(default="")  # of features: SHA-256 of their slide
    case: Mapped[CaseRow] = relationship(back_populates="files")


class JobRow(Base):
    """Long work in a process of its own. State: see :mod:`app.jobs.queue`."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(unique=True)  # order of arrival
    case_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    spec: Mapped[str]  # JSON
    state: Mapped[str]
    pid: Mapped[int | None]
    born: Mapped[str] = mapped_column(default="")  # start of that process: ids are used again
    stage: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    rate_per_s: Mapped[float | None]
    seconds_left: Mapped[float | None]
    message: Mapped[str] = mapped_column(default="")  # JSON of the error contract
    created: Mapped[datetime] = mapped_column(default=now)
    updated: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class ResultRow(Base):
    """The headline of a prediction, so that the worklist need not run the model."""

    __tablename__ = "results"

    key: Mapped[str] = mapped_column(primary_key=True)  # hash of inputs, model and code
    case_id: Mapped[str] = mapped_column(index=True)
    model_key: Mapped[str]  # hash of the model's manifest
    risk: Mapped[float]
    percentile: Mapped[float]
    group: Mapped[str]
    num_warnings: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(default=now)


class AuditRow(Base):
    """One line of the audit trail, chained to the line before by its hash."""

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    line: Mapped[str]  # JSON
    previous: Mapped[str]
    digest: Mapped[str]


@lru_cache(maxsize=8)
def open_database(path: Path) -> Engine:
    """Return the engine of the workspace, making folder and tables on first use.

    Raises:
        HealNetError: If the database was made by another version of this program.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}
    )
    event.listen(engine, "connect", _prepare_connection)
    with engine.begin() as connection:
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > SCHEMA_VERSION:
            raise _made_by_another_version(path.name, version)
        for step in range(version + 1, SCHEMA_VERSION + 1) if version else ():
            for statement in _UPGRADES[step]:
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        Base.metadata.create_all(connection)
    path.chmod(0o600)
    return engine


def _made_by_another_version(name: str, version: int) -> HealNetError:
    return HealNetError(
        f"the workspace has format {version}; this version reads format {SCHEMA_VERSION}",
        code="WORKSPACE-VERSION",
        where=name,
        why="cases and results could be read wrongly",
        fix="start the version that made it, or set HEALNET_WORKSPACE to another folder",
    )


def _prepare_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
