"""Patches of a running job count only while they fit the case."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.case_features import partial_features
from app.jobs.partial import PartialFeatures
from app.jobs.queue import JobRecord
from app.store.database import now
from app.store.records import CaseRecord, FileRecord
from app.store.workspace import Workspace
from healnet.slide.properties import Level, SlideProperties
from tests.app.jobs.test_partial import make_batch, make_card

JOB = JobRecord(
    id="j", case_id="c", kind="encode", spec={"slide_mpp": None}, state="running", pid=1,
    updated=now(), stage="", done=1, total=2, rate_per_s=None, seconds_left=None, problem=None,
)  # fmt: skip
CASE = CaseRecord(
    id="c", title="c", tumour="", origin="own",
    files=(FileRecord(id="s", role="slide", name="scan.svs", path=Path("scan.svs"), size=1),),
)  # fmt: skip
SLIDE = SlideProperties(
    width=4096, height=4096, mpp=0.5, mpp_source="file",
    levels=(Level(width=4096, height=4096, downsample=1.0),),
)  # fmt: skip


@pytest.fixture
def finished(workspace: Workspace) -> None:
    writer = PartialFeatures(workspace.settings.jobs / JOB.id, encoder=make_card())
    writer.add(*make_batch(3, first=0))


@pytest.mark.usefixtures("finished")
def test_finished_patches_of_a_running_job_are_features(workspace: Workspace) -> None:
    (found,) = partial_features(workspace, CASE, JOB, SLIDE)

    assert (len(found), found.mpp, found.name) == (3, 0.5, "scan.svs")


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize(
    ("job", "case"),
    [
        pytest.param(replace(JOB, state="cancelling"), CASE, id="it stops"),
        pytest.param(JOB, replace(CASE, slide_mpp=0.25), id="another pixel size"),
    ],
)
def test_patches_that_do_not_fit_the_case_any_more_are_none(
    workspace: Workspace, job: JobRecord, case: CaseRecord
) -> None:
    assert partial_features(workspace, case, job, SLIDE) == ()
