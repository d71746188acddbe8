"""The state of a case and of its job, in words."""

from html import escape

from app.jobs.queue import JobRecord
from app.store.records import CaseRecord
from app.store.workspace import Workspace

SECONDS_A_MINUTE = 60


def short_status(workspace: Workspace, case: CaseRecord) -> str:
    """Return the state of a case as markup for one cell of the worklist."""
    job = None if case.is_built_in else workspace.jobs.latest(case.id)
    if job is not None and job.is_live:
        return escape(progress_words(job))
    if case.features or (case.tables and not case.slides):
        return '<span class="hn-good">ready</span>'
    if job is not None and job.state in {"failed", "interrupted", "cancelled"}:
        return f'<span class="hn-warning">{job.state}</span>'
    return "not analysed" if case.slides else "empty"


def progress_words(job: JobRecord) -> str:
    """Return how far a job is: ``61 %, 1:40 left``, or its place in the queue."""
    if job.state == "queued":
        return f"waiting, place {job.place}"
    if job.state == "cancelling":
        return "stopping"
    share = f"{job.share:.0%}".replace("%", " %")
    left = "" if job.seconds_left is None else f", {clock(job.seconds_left)} left"
    return f"{share}{left}"


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    whole = round(seconds)
    return f"{whole // SECONDS_A_MINUTE}:{whole % SECONDS_A_MINUTE:02d}"
