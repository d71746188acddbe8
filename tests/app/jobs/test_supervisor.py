"""Jobs in a process of their own: done, cancelled, lost."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import reading
from app.jobs.partial import read_finished
from app.jobs.processes import is_alive, process_start
from app.jobs.queue import JobRecord
from app.jobs.supervisor import Supervisor
from app.store import intake, removal
from app.store.file_state import file_state
from app.store.workspace import Workspace
from healnet.data.feature_store import read_features
from healnet.slide.hashing import slide_sha256

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
    found = read_features(features.path)
    slide = workspace.case(case_id).slides[0]
    assert len(found) == job.total == job.done
    assert (features.row_key, features.state) == (slide.id, file_state(slide.path))
    assert features.made_from == found.slide_sha256 == slide_sha256(slide.path)
    left = [path.name for path in (workspace.settings.jobs / job_id).iterdir()]
    assert left == ["worker.log"]  # the patches are in the feature file alone


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
    assert read_finished(workspace.settings.jobs / job_id) is None
    assert not list((workspace.settings.features).rglob("*.*"))
    assert workspace.case(case_id).features == ()


def test_a_job_whose_process_is_gone_is_interrupted_at_the_next_start(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    workspace.jobs.start_next()
    workspace.jobs.note_pid(
        job_id, 2**22 + 1, born="1"
    )  # above the largest process id of Linux

    Supervisor(workspace).recover()

    job = workspace.jobs.find(job_id)
    assert (job.state, job.problem.code) == ("interrupted", "JOB-INTERRUPTED")
    assert "starts again" in job.problem.why


def test_a_process_that_took_over_the_id_is_neither_believed_nor_signalled(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    workspace.jobs.start_next()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        workspace.jobs.note_pid(job_id, stranger.pid, born="1")
        workspace.jobs.ask_to_stop(job_id)
        supervisor = Supervisor(workspace)

        supervisor.tick()

        is_spared = stranger.poll() is None
        stranger.kill()
    assert is_spared
    assert workspace.jobs.find(job_id).state == "cancelled"


def test_a_worker_of_an_earlier_server_is_believed(workspace: Workspace, case_id: str) -> None:
    job_id = start(workspace, case_id)
    workspace.jobs.start_next()
    workspace.jobs.note_pid(job_id, os.getpid(), born=process_start(os.getpid()))

    Supervisor(workspace).recover()

    assert workspace.jobs.find(job_id).state == "running"


def test_stopping_the_server_interrupts_the_job(workspace: Workspace, case_id: str) -> None:
    supervisor = Supervisor(workspace)
    supervisor.start()
    job_id = start(workspace, case_id)
    wait_for(workspace, job_id, states={"running"})
    while workspace.jobs.find(job_id).stage == "":  # the worker listens from here on
        time.sleep(0.02)

    supervisor.stop()

    job = workspace.jobs.find(job_id)
    assert (job.state, job.problem.code) == ("interrupted", "JOB-INTERRUPTED")
    assert read_finished(workspace.settings.jobs / job_id) is None


@pytest.mark.usefixtures("running_supervisor")
def test_a_pixel_size_corrected_meanwhile_leaves_no_patches_of_the_old_scale(
    workspace: Workspace, case_id: str
) -> None:
    job_id = start(workspace, case_id)
    wait_for(workspace, job_id, states={"running"})

    intake.state_pixel_size(workspace, case_id, 0.3)
    job = wait_for(workspace, job_id, states={"cancelled", "done", "failed"})

    assert job.state == "cancelled"
    assert workspace.case(case_id).features == ()


@pytest.mark.usefixtures("running_supervisor")
def test_a_case_removed_meanwhile_leaves_nothing(workspace: Workspace, case_id: str) -> None:
    job_id = start(workspace, case_id)
    wait_for(workspace, job_id, states={"running"})

    removal.remove_case(workspace, case_id)
    wait_for(workspace, job_id, states={"cancelled", "done", "failed"})
    time.sleep(1.0)  # the supervisor tidies up in its next round

    assert not list(workspace.settings.features.glob("*"))
    assert not (workspace.settings.jobs / job_id).exists()


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
