"""Background jobs as rows: queued, running, cancelling, then done, failed or interrupted.

The supervisor moves a job from queued to running; its worker reports progress and the end;
pages read. Every change is one transaction, so a reader never sees half of it.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.store.database import JobRow, now
from healnet.exceptions import JobError, Notice

State = Literal["queued", "running", "cancelling", "done", "failed", "cancelled", "interrupted"]
LIVE: tuple[State, ...] = ("queued", "running", "cancelling")
MAX_QUEUED = 20


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One job as the pages see it.

    Attributes:
        pid: Process of its worker, while it works.
        born: When that process started, as the system counts; empty where it cannot tell.
        updated: When it was last heard of; UTC.
        place: 1 for the next in the queue; 0 when it is not waiting.
        rate_per_s: Patches a second, once known.
        seconds_left: Estimate, once known.
        problem: Why it failed, in the words of the error contract.
    """

    id: str
    case_id: str
    kind: str
    spec: Mapping[str, object]
    state: State
    pid: int | None
    updated: datetime
    stage: str
    done: int
    total: int
    rate_per_s: float | None
    seconds_left: float | None
    problem: Notice | None
    place: int = 0
    born: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the job still waits or works."""
        return self.state in LIVE

    @property
    def share(self) -> float:
        """Share of the work that is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True)
class JobQueue:
    """The jobs of one workspace."""

    engine: Engine

    def submit(self, *, case_id: str, kind: str, spec: Mapping[str, object]) -> str:
        """Queue a job and return its id. The same work already waiting or running is reused.

        Raises:
            JobError: If too many jobs wait already.
        """
        text = json.dumps(spec, sort_keys=True)
        with Session(self.engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            live = session.scalars(select(JobRow).where(JobRow.state.in_(LIVE))).all()
            same = [
                row
                for row in live
                if (row.case_id, row.spec) == (case_id, text) and row.state != "cancelling"
            ]
            if same:
                return same[0].id
            if len(live) >= MAX_QUEUED:
                raise _queue_is_full()
            last = session.scalar(select(func.max(JobRow.sequence))) or 0
            job_id = secrets.token_hex(16)
            session.add(
                JobRow(
                    id=job_id,
                    sequence=last + 1,
                    case_id=case_id,
                    kind=kind,
                    spec=text,
                    state="queued",
                )
            )
            session.commit()
            return job_id

    def find(self, job_id: str) -> JobRecord | None:
        """Return the job, or None."""
        with Session(self.engine) as session:
            row = session.get(JobRow, job_id)
            return None if row is None else _record(row, session)

    def latest(self, case_id: str) -> JobRecord | None:
        """Return the newest job of a case, or None."""
        return next(iter(self.of_case(case_id)), None)

    def of_case(self, case_id: str) -> tuple[JobRecord, ...]:
        """Return every job of a case, the newest first."""
        query = select(JobRow).where(JobRow.case_id == case_id).order_by(JobRow.sequence.desc())
        with Session(self.engine) as session:
            return tuple(_record(row, session) for row in session.scalars(query))

    def live(self) -> tuple[JobRecord, ...]:
        """Return the jobs that wait or work, in the order of their arrival."""
        query = select(JobRow).where(JobRow.state.in_(LIVE)).order_by(JobRow.sequence)
        with Session(self.engine) as session:
            return tuple(_record(row, session) for row in session.scalars(query))

    def start_next(self) -> JobRecord | None:
        """Mark the oldest waiting job as running and return it, if nothing runs now."""
        with Session(self.engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            running = select(JobRow.id).where(JobRow.state.in_(("running", "cancelling")))
            waiting = select(JobRow).where(JobRow.state == "queued").order_by(JobRow.sequence)
            row = session.scalars(waiting).first()
            if row is None or session.scalars(running).first() is not None:
                return None
            row.state, row.pid, row.born = "running", None, ""
            session.commit()
            return _record(row, session)

    def note_pid(self, job_id: str, pid: int, *, born: str) -> None:
        """Store the process id of the worker, and when that process started."""
        self._update(job_id, pid=pid, born=born)

    def report(
        self,
        job_id: str,
        *,
        stage: str,
        done: int,
        total: int,
        rate_per_s: float | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Store progress; it is also the sign that the worker lives."""
        self._update(
            job_id,
            stage=stage,
            done=done,
            total=total,
            rate_per_s=rate_per_s,
            seconds_left=seconds_left,
            updated=now(),
        )

    def ask_to_stop(self, job_id: str) -> None:
        """Cancel a job: at once if it waits, otherwise as soon as its worker has stopped."""
        with Session(self.engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            row = session.get(JobRow, job_id)
            if row is not None and row.state == "queued":
                row.state = "cancelled"
            elif row is not None and row.state == "running":
                row.state = "cancelling"
            session.commit()

    def end(self, job_id: str, state: State, problem: Notice | None = None) -> None:
        """Store how a job has ended. The first end counts; later ones change nothing."""
        with Session(self.engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            row = session.get(JobRow, job_id)
            if row is not None and row.state in LIVE:
                row.state, row.pid, row.born, row.updated = state, None, "", now()
                row.message = "" if problem is None else json.dumps(problem.to_dict())
            session.commit()

    def keep_only(self, case_ids: Collection[str]) -> None:
        """Drop the jobs of every other case; one that still stops goes with the next call."""
        is_over = JobRow.case_id.not_in(case_ids) & JobRow.state.not_in(LIVE)
        with Session(self.engine) as session, session.begin():
            session.execute(delete(JobRow).where(is_over))

    def _update(self, job_id: str, **values: object) -> None:
        with Session(self.engine) as session, session.begin():
            row = session.get(JobRow, job_id)
            if row is not None:
                for name, value in values.items():
                    setattr(row, name, value)


def _queue_is_full() -> JobError:
    return JobError(
        f"{MAX_QUEUED} jobs are waiting already",
        code="JOB-QUEUE-FULL",
        why="more would only wait longer",
        fix="wait for some to finish, or cancel one",
    )


def _record(row: JobRow, session: Session) -> JobRecord:
    return JobRecord(
        id=row.id,
        case_id=row.case_id,
        kind=row.kind,
        spec=json.loads(row.spec),
        state=cast("State", row.state),
        pid=row.pid,
        born=row.born,
        updated=row.updated,
        stage=row.stage,
        done=row.done,
        total=row.total,
        rate_per_s=row.rate_per_s,
        seconds_left=row.seconds_left,
        problem=Notice(**json.loads(row.message)) if row.message else None,
        place=_place(row, session),
    )


def _place(row: JobRow, session: Session) -> int:
    if row.state != "queued":
        return 0
    earlier = (JobRow.state == "queued") & (JobRow.sequence < row.sequence)
    return 1 + (session.scalar(select(func.count()).where(earlier)) or 0)
