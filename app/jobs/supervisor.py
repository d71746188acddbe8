"""The supervisor: one thread in the server that starts, stops and watches worker processes.

One job works at a time, so that slides stay smooth to look at. A worker has its own process
group and its state in SQLite: the server can restart without losing track of it.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.jobs.queue import JobRecord
from app.settings import ROOT
from app.store.workspace import Workspace
from healnet.exceptions import Notice

POLL_S = 0.3
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

    def start(self) -> None:
        """Mark what died with the last server as interrupted, then begin to work."""
        self.recover()
        self._thread = threading.Thread(target=self._run, name="job-supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker and mark its job as interrupted; finished patches are kept."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        for job_id, worker in self._workers.items():
            for number in (signal.SIGTERM, signal.SIGKILL):
                _signal_group(worker.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.wait(timeout=PATIENCE_S)
            self._workspace.jobs.end(job_id, "interrupted", _interrupted())

    def recover(self) -> None:
        """End jobs whose process is gone: nothing stays "running" for ever."""
        for job in self._workspace.jobs.live():
            is_lost = job.state != "queued" and not is_alive(job.pid)
            if is_lost and job.id not in self._workers:
                self._workspace.jobs.end(job.id, "interrupted", _interrupted())

    def tick(self) -> None:
        """Do one round: stop what is to be stopped, note what has ended, start the next."""
        for job in self._workspace.jobs.live():
            if job.state == "cancelling":
                self._stop_worker(job)
        for job_id in list(self._workers):
            self._note_end(job_id)
        self.recover()
        job = self._workspace.jobs.start_next()
        if job is not None:
            self._start_worker(job)

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
        self._workspace.jobs.note_pid(job.id, worker.pid)

    def _stop_worker(self, job: JobRecord) -> None:
        worker = self._workers.get(job.id)
        pid = worker.pid if worker is not None else job.pid
        if pid is None:
            return
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


def is_alive(pid: int | None) -> bool:
    """Return whether a process of that id is there."""
    if pid is None:
        return False
    if Path("/proc/self").exists():  # Linux: a process that has ended may wait to be reaped
        status = Path(f"/proc/{pid}/stat")
        return status.exists() and status.read_text().rsplit(")", 1)[-1].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # it has ended already
        os.killpg(pid, number)


def _interrupted() -> Notice:
    return Notice(
        code="JOB-INTERRUPTED",
        what="the work was interrupted because the server stopped",
        why="patches that were finished have been kept",
        fix="press Analyse to go on",
    )


def _died(code: int) -> Notice:
    is_killed = code == -signal.SIGKILL
    return Notice(
        code="JOB-MEMORY" if is_killed else "JOB-DIED",
        what="the worker was ended by the system, most likely for lack of memory"
        if is_killed
        else f"the worker ended without a result (exit code {code})",
        why="no result was written; what was finished before is kept",
        fix="close other programs and press Analyse again"
        if is_killed
        else "press Analyse again; if it ends once more, see the log of the job",
    )
