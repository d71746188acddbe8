"""A process id is believed only if it still means the same process."""

import os
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from app.jobs import processes
from app.jobs.processes import is_alive, is_worker, process_start
from app.jobs.queue import JobRecord
from app.store.database import now

JOB = JobRecord(
    id="j", case_id="c", kind="encode", spec={}, state="running", pid=os.getpid(),
    updated=now(), stage="", done=0, total=0, rate_per_s=None, seconds_left=None, problem=None,
)  # fmt: skip


@pytest.mark.skipif(not process_start(os.getpid()), reason="needs /proc")
def test_a_process_is_known_by_its_start() -> None:
    assert is_worker(replace(JOB, born=process_start(os.getpid())))
    assert not is_worker(replace(JOB, born="1"))


@pytest.mark.skipif(not process_start(os.getpid()), reason="needs /proc")
def test_a_process_that_waits_to_be_reaped_is_gone() -> None:
    with subprocess.Popen(["true"]) as child:
        while is_alive(child.pid):
            pass
        assert process_start(child.pid) == ""


def test_without_a_start_a_silent_job_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "process_start", lambda _pid: "1")

    assert is_worker(JOB)
    assert not is_worker(replace(JOB, updated=now() - timedelta(hours=1)))
    assert not is_worker(replace(JOB, pid=None))
