"""The job queue: one at a time, in order, and every end counts once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.jobs.queue import MAX_QUEUED
from app.store.workspace import Workspace
from healnet.exceptions import JobError, Notice


def submit(workspace: Workspace, case_id: str) -> str:
    return workspace.jobs.submit(case_id=case_id, kind="encode", spec={"slide": case_id})


def test_jobs_start_in_the_order_of_their_arrival(workspace: Workspace) -> None:
    first, second = submit(workspace, "A"), submit(workspace, "B")

    started = workspace.jobs.start_next()

    assert started is not None
    assert started.id == first
    assert workspace.jobs.start_next() is None  # one at a time
    assert [job.place for job in workspace.jobs.live() if job.id == second] == [1]


def test_the_same_work_is_not_queued_twice(workspace: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _n: submit(workspace, "A"), range(8)))

    assert len(ids) == 1
    assert len(workspace.jobs.live()) == 1


def test_a_waiting_job_is_cancelled_at_once(workspace: Workspace) -> None:
    job_id = submit(workspace, "A")

    workspace.jobs.ask_to_stop(job_id)

    assert workspace.jobs.find(job_id).state == "cancelled"


def test_a_running_job_is_cancelling_until_its_worker_has_ended(workspace: Workspace) -> None:
    job_id = submit(workspace, "A")
    workspace.jobs.start_next()

    workspace.jobs.ask_to_stop(job_id)
    between = workspace.jobs.find(job_id).state
    workspace.jobs.end(job_id, "cancelled")

    assert between == "cancelling"
    assert workspace.jobs.find(job_id).state == "cancelled"


def test_the_first_end_counts(workspace: Workspace) -> None:
    job_id = submit(workspace, "A")
    workspace.jobs.start_next()
    problem = Notice(code="SLIDE-NO-TISSUE", what="no tissue")

    workspace.jobs.end(job_id, "failed", problem)
    workspace.jobs.end(job_id, "done")

    job = workspace.jobs.find(job_id)
    assert (job.state, job.problem) == ("failed", problem)


def test_work_that_stops_is_not_taken_for_the_same_work(workspace: Workspace) -> None:
    first = submit(workspace, "A")
    workspace.jobs.start_next()
    workspace.jobs.ask_to_stop(first)

    assert submit(workspace, "A") != first


def test_jobs_of_cases_that_are_gone_are_dropped_once_they_have_ended(
    workspace: Workspace,
) -> None:
    gone, kept, live = (submit(workspace, case_id) for case_id in ("A", "B", "C"))
    for job_id in (gone, kept):
        workspace.jobs.end(job_id, "done")

    workspace.jobs.keep_only(["B"])

    found = {job_id for job_id in (gone, kept, live) if workspace.jobs.find(job_id)}
    assert found == {kept, live}


def test_progress_is_read_back(workspace: Workspace) -> None:
    job_id = submit(workspace, "A")
    workspace.jobs.start_next()

    workspace.jobs.report(
        job_id, stage="Encoding", done=30, total=120, rate_per_s=15.0, seconds_left=6.0
    )

    job = workspace.jobs.find(job_id)
    assert (job.stage, job.done, job.total, job.share) == ("Encoding", 30, 120, 0.25)
    assert (job.rate_per_s, job.seconds_left) == (15.0, 6.0)


def test_too_many_jobs_are_refused(workspace: Workspace) -> None:
    for number in range(MAX_QUEUED):
        submit(workspace, f"case-{number}")

    with pytest.raises(JobError) as caught:
        submit(workspace, "one more")

    assert caught.value.code == "JOB-QUEUE-FULL"


def test_after_an_end_the_next_job_starts(workspace: Workspace) -> None:
    first, second = submit(workspace, "A"), submit(workspace, "B")
    workspace.jobs.start_next()
    workspace.jobs.end(first, "done")

    assert workspace.jobs.start_next().id == second
