"""The state of a case and of its job, in words."""

from html import escape

from app.jobs.queue import JobRecord
from app.store.file_state import is_changed
from app.store.records import CaseRecord
from app.store.workspace import Workspace

SECONDS_A_MINUTE = 60
PATCHES = "encode"
STAGES = {
    "hash": "Reading the file",
    "tissue": "Finding tissue",
    PATCHES: "Reading patches",
}


def short_status(workspace: Workspace, case: CaseRecord) -> str:
    """Return the state of a case as markup for one cell of the worklist."""
    job = None if case.is_built_in else workspace.jobs.latest(case.id)
    if job is not None and job.is_live:
        return escape(progress_words(job))
    if any(is_changed(slide) for slide in case.slides):
        return '<span class="hn-warning">slide file changed</span>'
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


def stage_words(job: JobRecord) -> str:
    """Return the stage of a job with its counts, rate and time left."""
    words = [STAGES.get(job.stage, "Starting")]
    if job.stage == PATCHES and job.total:
        words.append(f"{job.done:,} of {job.total:,} patches".replace(",", " "))
        if job.rate_per_s is not None:
            words.append(f"{job.rate_per_s:.0f} patches/s")
    if job.stage == PATCHES and job.seconds_left is not None:
        words.append(f"{clock(job.seconds_left)} left")
    return " \u00b7 ".join(words)


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    whole = round(seconds)
    return f"{whole // SECONDS_A_MINUTE}:{whole % SECONDS_A_MINUTE:02d}"
