"""Jobs in a process of their own: done, cancelled, lost."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import reading
from app.jobs.partial import read_finished
from app.jobs.queue import JobRecord
from app.jobs.supervisor import Supervisor, is_alive
from app.store import intake
from app.store.workspace import Workspace

pytestmark = pytest.mark.slow
PATIENCE_S = 120


@pytest.fixture
def running_supervisor(workspace: Workspace) -> Iterator[Supervisor]:
    supervisor = Supervisor(workspace)
    supervisor.start()
    yield supervisor
    supervisor.stop()


@pytest.fixture
def case_id(workspace: Workspace, tmp_path: Path, test_data: Path) -> str:
    slide = shutil.copy(test_data / "slides" / "CMU-1-Small-Region.svs", tmp_path / "mine.svs")
    return intake.admit_slide(workspace, Path(slide), name="mine.svs")


def wait_for(workspace: Workspace, job_id: str, *, states: set[str]) -> JobRecord:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = workspace.jobs.find(job_id)
        assert job is not None
        if job.state in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is still {job.state}")


def start(workspace: Workspace, case_id: str) -> str:
    reading.start_analysis(workspace, workspace.case(case_id))
    return workspace.jobs.live()[-1].id


@pytest.mark.usefixtures("running_supervisor")
def test_a_slide_is_encoded_and_its_features_join_the_case(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)

    job = wait_for(workspace, job_id, states={"done", "failed"})

    assert (job.state, job.problem) == ("done", None)
    features = workspace.case(case_id).features[0]
    finished = read_finished(workspace.settings.jobs / job_id)
    assert features.path.is_file()
    assert finished is not None
    assert len(finished.coords) == job.total == job.done
    assert finished.features.shape == (job.total, finished.encoder.dim)


@pytest.mark.usefixtures("running_supervisor")
def test_cancel_ends_the_worker_within_three_seconds_and_keeps_nothing(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    running = wait_for(workspace, job_id, states={"running"})
    while (pid := workspace.jobs.find(job_id).pid) is None:
        time.sleep(0.02)
    asked = time.monotonic()

    workspace.jobs.ask_to_stop(job_id)
    job = wait_for(workspace, job_id, states={"cancelled", "done", "failed"})

    assert running.state == "running"
    assert job.state == "cancelled"
    assert time.monotonic() - asked <= 3.0
    assert not is_alive(pid)
    assert workspace.case(case_id).features == ()


def test_a_job_whose_process_is_gone_is_interrupted_at_the_next_start(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    workspace.jobs.start_next()
    workspace.jobs.note_pid(job_id, 2**22 + 1)  # above the largest process id of Linux

    Supervisor(workspace).recover()

    job = workspace.jobs.find(job_id)
    assert (job.state, job.problem.code) == ("interrupted", "JOB-INTERRUPTED")


def test_stopping_the_server_interrupts_the_job(workspace: Workspace, case_id: str) -> None:
    supervisor = Supervisor(workspace)
    supervisor.start()
    job_id = start(workspace, case_id)
    wait_for(workspace, job_id, states={"running"})

    supervisor.stop()

    job = workspace.jobs.find(job_id)
    assert job.state in {"interrupted", "done"}


@pytest.mark.usefixtures("running_supervisor")
def test_a_slide_that_has_gone_fails_with_its_reason(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    workspace.case(case_id).slides[0].path.unlink()  # gone between the click and the work

    job = wait_for(workspace, job_id, states={"failed", "done"})

    assert job.state == "failed"
    assert job.problem.what
    assert job.problem.code.startswith("SLIDE")
