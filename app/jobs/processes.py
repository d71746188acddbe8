"""Whether a process id still means the process that it was noted for."""

import os
from datetime import timedelta
from pathlib import Path

from app.jobs.queue import JobRecord
from app.store.database import now

SILENCE = timedelta(minutes=15)  # a batch of patches takes seconds
_STATE, _START = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted after the name


def process_start(pid: int) -> str:
    """Return when a process started, as the system counts; empty if there is none to be told.

    A process that has ended and waits to be reaped counts as gone.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[-1].split()
    except OSError:
        return ""
    return "" if fields[_STATE] == "Z" else fields[_START]


def is_alive(pid: int | None) -> bool:
    """Return whether a process of that id is there."""
    if pid is None:
        return False
    if Path("/proc/self/stat").exists():
        return bool(process_start(pid))
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_worker(job: JobRecord) -> bool:
    """Return whether the process of a job is there and is still the one that was started.

    Where the system does not tell when a process started, a job that has long been silent is
    not believed.
    """
    if job.pid is None or not is_alive(job.pid):
        return False
    if job.born:
        return process_start(job.pid) == job.born
    return now() - job.updated < SILENCE
