"""The worker process: ``python -m app.jobs.worker JOB_ID`` does one job and ends.

It reports to SQLite and nowhere else. SIGTERM means: stop at the next batch, keep nothing half.
Whatever the end, finished patches outside the feature file are deleted.
"""

import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from app.jobs.partial import PartialFeatures
from app.settings import read_settings
from app.store.cases import NewFile
from app.store.file_state import changed_slide, file_state
from app.store.records import FEATURES, FileRecord
from app.store.removal import discard, tidy_up
from app.store.workspace import Workspace, open_workspace
from healnet.exceptions import Cancelled, HealNetError, JobError

if TYPE_CHECKING:
    from app.jobs.queue import JobRecord
    from healnet.data.encode import EncodedSlide
    from healnet.data.encode_progress import Progress

NICENESS = 10
REPORT_EVERY_S = 0.5

logger = logging.getLogger(__name__)


class Worker:
    """Does one job of a workspace."""

    def __init__(self, workspace: Workspace, job_id: str) -> None:
        self._workspace = workspace
        self._job_id = job_id
        self._stop = threading.Event()
        self._last_report = 0.0

    def ask_to_stop(self, *_signal: object) -> None:
        """Stop at the next batch."""
        self._stop.set()

    def run(self) -> int:
        """Do the job and return the exit code of the process."""
        job = self._workspace.jobs.find(self._job_id)
        if job is None:
            return 1
        try:
            self._encode(job)
        except Cancelled:
            self._workspace.jobs.end(job.id, "cancelled")
        except HealNetError as error:
            self._workspace.jobs.end(job.id, "failed", error.to_notice())
        except MemoryError:
            self._workspace.jobs.end(job.id, "failed", _out_of_memory().to_notice())
        else:
            self._workspace.jobs.end(job.id, "done")
        finally:
            tidy_up(self._workspace, job)
        return 0

    def _encode(self, job: "JobRecord") -> None:
        signal.signal(signal.SIGTERM, self.ask_to_stop)  # before this, it just ends the process
        case = self._workspace.case(job.case_id)
        slide = next(file for file in case.slides if file.id == job.spec["slide"])
        state = _unchanged(slide, slide.state)
        encoded = self._features(job, slide)
        try:
            made = NewFile(
                role=FEATURES,
                path=encoded.path,
                row_key=slide.id,
                state=_unchanged(slide, state),
                made_from=encoded.features.slide_sha256 or "",
            )
            replaced = self._workspace.own.attach_features(
                case.id, made, slide_mpp=_stated_mpp(job)
            )
        except HealNetError:  # the case is not what it was: no features stay that nobody has
            if encoded.path not in self._workspace.own.paths():
                encoded.path.unlink(missing_ok=True)
            raise
        discard(self._workspace, replaced)
        self._workspace.results.drop_case(case.id)

    def _features(self, job: "JobRecord", slide: FileRecord) -> "EncodedSlide":
        from healnet.data.encode import encode_slide  # noqa: PLC0415  (heavy)
        from healnet.encoders.registry import get_encoder  # noqa: PLC0415

        encoder = get_encoder(str(job.spec["encoder"]))
        partial = PartialFeatures(self._workspace.settings.jobs / job.id, encoder=encoder.card)
        return encode_slide(
            slide.path,
            encoder=encoder,
            out_dir=self._workspace.settings.features / slide.id,
            mpp=float(str(job.spec["mpp"])),
            patch_px=int(str(job.spec["patch_px"])),
            slide_mpp=_stated_mpp(job),
            progress=self._report,
            cancelled=self._stop.is_set,
            on_batch=partial.add,
        )

    def _report(self, progress: "Progress") -> None:
        is_last = progress.done >= progress.total
        moment = time.monotonic()
        if not is_last and moment - self._last_report < REPORT_EVERY_S:
            return
        self._last_report = moment
        self._workspace.jobs.report(
            self._job_id,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            rate_per_s=progress.rate_per_s,
            seconds_left=progress.seconds_left,
        )


def _stated_mpp(job: "JobRecord") -> float | None:
    """Return the pixel size with which the job was asked for; None is the file's own."""
    mpp = job.spec["slide_mpp"]
    return None if mpp is None else float(str(mpp))


def _unchanged(slide: FileRecord, state: str) -> str:
    """Return the state of a slide file.

    Raises:
        SlideError: If it is another one than it was; an empty state was never looked at.
    """
    now = file_state(slide.path)
    if state and now and now != state:
        raise changed_slide(slide.name)
    return now


def _out_of_memory() -> JobError:
    return JobError(
        "not enough memory for this slide at this resolution",
        code="JOB-MEMORY",
        why="the worker could not hold a batch of patches; nothing was saved",
        fix="close other programs, or open a smaller scan",
    )


def main(job_id: str) -> int:
    """Do the job of that id at low priority."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.nice(NICENESS)
    return Worker(open_workspace(read_settings()), job_id).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
