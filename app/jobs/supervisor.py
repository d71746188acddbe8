"""The supervisor: one thread in the server that starts, stops and watches worker processes.

One job works at a time, so that slides stay smooth to look at. A worker has its own process
group and its state in SQLite: the server can restart without losing track of it. Process ids
are used again, so a worker of an earlier server is believed, and signalled, only if it is the
process that was started (see :mod:`app.jobs.processes`).
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from app.jobs.processes import is_worker, process_start
from app.jobs.queue import JobRecord
from app.settings import ROOT
from app.store.removal import sweep, tidy_up
from app.store.workspace import Workspace
from healnet.exceptions import Notice

POLL_S = 0.3
SWEEP_EVERY_S = 600.0
PATIENCE_S = 2.0  # between asking a worker to stop and ending its process group

# glibc keeps freed blocks instead of handing them back: encoding is 2 to 4 times faster. They
# must be set before the process starts, and never for the server, whose memory would only grow.
WORKER_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "OMP_WAIT_POLICY": "PASSIVE",  # idle threads sleep: tiles are served from the same cores
    "PYTHONPATH": str(ROOT),
}

logger = logging.getLogger(__name__)


class Supervisor:
    """Runs the queue of one workspace while the server lives."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._deadlines: dict[str, float] = {}  # monotonic time at which patience ends
        self._next_sweep = time.monotonic()  # at the first round

    def start(self) -> None:
        """Mark what died with the last server as interrupted, then begin to work."""
        self.recover()
        self._thread = threading.Thread(target=self._run, name="job-supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Mark the job as interrupted, then end its worker: nobody has cancelled it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        for job_id, worker in self._workers.items():
            self._end_unfinished(job_id)
            for number in (signal.SIGTERM, signal.SIGKILL):
                if worker.poll() is None:
                    _signal_group(worker.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.wait(timeout=PATIENCE_S)
            self._tidy_up(job_id)

    def recover(self) -> None:
        """End jobs whose process is gone: nothing stays "running" for ever."""
        for job in self._workspace.jobs.live():
            if job.state == "queued" or job.id in self._workers or is_worker(job):
                continue
            self._deadlines.pop(job.id, None)
            self._end_unfinished(job.id)
            self._tidy_up(job.id)

    def tick(self) -> None:
        """Do one round: stop what is to be stopped, note what has ended, start the next."""
        for job in self._workspace.jobs.live():
            if job.state == "cancelling":
                self._stop_worker(job)
        for job_id in list(self._workers):
            self._note_end(job_id)
        self.recover()
        self._sweep()
        following = self._workspace.jobs.start_next()
        if following is not None:
            self._start_worker(following)

    def _end_unfinished(self, job_id: str) -> None:
        """Store that a job ended before its work: by the user's wish, or with the server."""
        job = self._workspace.jobs.find(job_id)
        if job is not None and job.state == "cancelling":
            self._workspace.jobs.end(job_id, "cancelled")
        else:
            self._workspace.jobs.end(job_id, "interrupted", _interrupted())

    def _sweep(self) -> None:
        """Delete, now and then, what a crash of this or an earlier server has left."""
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_EVERY_S
            sweep(self._workspace)

    def _tidy_up(self, job_id: str) -> None:
        job = self._workspace.jobs.find(job_id)
        if job is not None:
            tidy_up(self._workspace, job)

    def _run(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                self.tick()
            except (SQLAlchemyError, OSError):  # one bad round must not end the supervisor
                logger.exception("the job supervisor skipped a round")

    def _start_worker(self, job: JobRecord) -> None:
        folder = self._workspace.settings.jobs / job.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = {**os.environ, **WORKER_ENVIRONMENT}
        environment["HEALNET_WORKSPACE"] = str(self._workspace.settings.workspace)
        environment["HEALNET_DEMO"] = str(self._workspace.settings.demo)
        with (folder / "worker.log").open("wb") as log:
            worker = subprocess.Popen(  # noqa: S603  (our own module, no shell)
                [sys.executable, "-m", "app.jobs.worker", job.id],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._workers[job.id] = worker
        self._workspace.jobs.note_pid(job.id, worker.pid, born=process_start(worker.pid))

    def _stop_worker(self, job: JobRecord) -> None:
        worker = self._workers.get(job.id)
        pid = worker.pid if worker is not None else job.pid
        if pid is None or (worker is None and not is_worker(job)):
            return  # the id may by now be that of somebody else's process
        deadline = self._deadlines.get(job.id)
        if deadline is None:
            self._deadlines[job.id] = time.monotonic() + PATIENCE_S
            _signal_group(pid, signal.SIGTERM)
        elif time.monotonic() > deadline:
            _signal_group(pid, signal.SIGKILL)

    def _note_end(self, job_id: str) -> None:
        worker = self._workers[job_id]
        code = worker.poll()
        if code is None:
            return
        del self._workers[job_id]
        was_asked = self._deadlines.pop(job_id, None) is not None
        if was_asked:
            self._workspace.jobs.end(job_id, "cancelled")
        else:  # changes nothing if the worker itself has told how it ended
            self._workspace.jobs.end(job_id, "failed", _died(code))
        self._tidy_up(job_id)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # it has ended already
        os.killpg(pid, number)


def _interrupted() -> Notice:
    return Notice(
        code="JOB-INTERRUPTED",
        what="the work was interrupted because the server stopped",
        why="nothing was saved; the next analysis starts again from the first patch",
        fix="press Analyse to start again",
    )


def _died(code: int) -> Notice:
    is_killed = code == -signal.SIGKILL
    return Notice(
        code="JOB-MEMORY" if is_killed else "JOB-DIED",
        what="the worker was ended by the system, most likely for lack of memory"
        if is_killed
        else f"the worker ended without a result (exit code {code})",
        why="nothing was saved; the next analysis starts again from the first patch",
        fix="close other programs and press Analyse again"
        if is_killed
        else "press Analyse again; if it ends once more, see the log of the job",
    )
