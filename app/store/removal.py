"""How files leave the workspace: what it has copied or made of a patient does not stay behind.

Slides that were opened from a folder are nobody's copies: they stay where they are.
"""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from app.jobs.partial import discard_partial
from app.jobs.queue import JobRecord
from app.predictions import cache
from app.store.records import CaseRecord, FileRecord
from app.store.workspace import Workspace

LEFTOVER_AFTER_S = 600.0  # what comes in right now has just been written to


def discard(workspace: Workspace, files: Iterable[FileRecord]) -> None:
    """Delete copies and features that have left a case and that no other case has."""
    settings = workspace.settings
    inside = (settings.uploads, settings.tables, settings.features)
    used = workspace.own.paths()
    for file in files:
        is_ours = any(file.path.is_relative_to(folder) for folder in inside)
        if is_ours and file.path not in used:
            file.path.unlink(missing_ok=True)


def remove_table(workspace: Workspace, case_id: str, table: FileRecord) -> None:
    """Take a table from an own case and delete the workspace's copy of it."""
    workspace.own.detach(case_id, table.id)
    discard(workspace, [table])
    workspace.results.drop_case(case_id)
    workspace.audit.append("table removed", {"case": case_id, "modality": table.role})


def remove_case(workspace: Workspace, case_id: str) -> None:
    """Forget an own case and delete what the workspace itself has copied or made for it."""
    case = workspace.case(case_id)
    stop_jobs(workspace, case_id)
    workspace.own.forget(case_id)
    discard(workspace, case.files)
    _delete_folders(workspace, case)
    workspace.jobs.keep_only([case.id for case in workspace.own.list()])
    workspace.results.drop_case(case_id)
    cache().forget_case(case_id)
    workspace.audit.append("case removed", {"case": case_id})


def stop_jobs(workspace: Workspace, case_id: str) -> None:
    """Cancel the jobs of a case: waiting ones at once, a working one at its next batch."""
    for job in workspace.jobs.of_case(case_id):
        if job.is_live:
            workspace.jobs.ask_to_stop(job.id)


def tidy_up(workspace: Workspace, job: JobRecord) -> None:
    """Delete what a job that has ended leaves beside its result; all, if its case is gone."""
    folder = workspace.settings.jobs / job.id
    discard_partial(folder)
    if workspace.find_case(job.case_id) is None:
        shutil.rmtree(folder, ignore_errors=True)
        slide = str(job.spec.get("slide") or job.id)
        shutil.rmtree(workspace.settings.features / slide, ignore_errors=True)


def sweep(workspace: Workspace, *, older_than_s: float = LEFTOVER_AFTER_S) -> None:
    """Delete what a crash has left: parts of uploads, copies and features of no case.

    Args:
        workspace: Whose folders are swept.
        older_than_s: What was written to later than that may still be on its way in.
    """
    settings, before = workspace.settings, time.time() - older_than_s
    used = workspace.own.paths()
    for folder in (settings.uploads, settings.tables):
        for path in _old_entries(folder, before):
            if path not in used and path.is_file():
                path.unlink(missing_ok=True)
    cases = workspace.own.list()
    slides = {file.id for case in cases for file in case.slides}
    for path in _old_entries(settings.features, before):
        if path.name not in slides:
            shutil.rmtree(path, ignore_errors=True)
    workspace.jobs.keep_only([case.id for case in cases])
    live = {job.id for job in workspace.jobs.live()}
    for path in _old_entries(settings.jobs, before):
        if path.name not in live:
            discard_partial(path)


def _old_entries(folder: Path, before: float) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.lstat().st_mtime < before]


def _delete_folders(workspace: Workspace, case: CaseRecord) -> None:
    for slide in case.slides:
        shutil.rmtree(workspace.settings.features / slide.id, ignore_errors=True)
    for job in workspace.jobs.of_case(case.id):
        shutil.rmtree(workspace.settings.jobs / job.id, ignore_errors=True)
