"""Nothing of a patient stays behind: not after a removal, not after a crash."""

import os
import time
from pathlib import Path

import pytest

from app.jobs.partial import COORDS
from app.predictions import cache
from app.store import intake, removal
from app.store.cases import NewFile
from app.store.workspace import Workspace

HOUR_S = 3600.0


@pytest.fixture
def case_id(workspace: Workspace, tmp_path: Path) -> str:
    path = tmp_path / "scan.svs"
    path.write_bytes(b"not opened by these tests")
    return workspace.own.add(title="Doe", files=(NewFile(role="slide", path=path),))


def add_features(workspace: Workspace, case_id: str) -> Path:
    slide = workspace.case(case_id).slides[0]
    path = workspace.settings.features / slide.id / "scan.h5"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"features")
    workspace.own.attach(case_id, NewFile(role="features", path=path, row_key=slide.id))
    return path


def age(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = time.time() - HOUR_S
    for each in (path, path.parent):
        os.utime(each, (then, then))
    return path


def test_features_of_another_scale_are_deleted_and_live_jobs_stop(
    workspace: Workspace, case_id: str
) -> None:
    features = add_features(workspace, case_id)
    waiting = workspace.jobs.submit(case_id=case_id, kind="encode", spec={})

    intake.state_pixel_size(workspace, case_id, 0.25)

    assert not features.exists()
    assert workspace.jobs.find(waiting).state == "cancelled"


def test_a_removed_case_takes_its_features_and_its_jobs_along(
    workspace: Workspace, case_id: str
) -> None:
    features = add_features(workspace, case_id)
    (features.parent / ".scan-1.part").write_bytes(b"half")
    slide = workspace.case(case_id).slides[0].path
    job_id = workspace.jobs.submit(case_id=case_id, kind="encode", spec={})
    (workspace.settings.jobs / job_id).mkdir(parents=True)

    removal.remove_case(workspace, case_id)

    assert slide.exists()
    assert not features.parent.exists()
    assert not (workspace.settings.jobs / job_id).exists()
    assert workspace.jobs.find(job_id) is None


def test_a_working_job_of_a_removed_case_is_asked_to_stop(
    workspace: Workspace, case_id: str
) -> None:
    job_id = workspace.jobs.submit(case_id=case_id, kind="encode", spec={})
    workspace.jobs.start_next()

    removal.remove_case(workspace, case_id)

    assert workspace.jobs.find(job_id).state == "cancelling"


def test_results_of_a_removed_case_leave_the_memory(
    workspace: Workspace, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Kept:
        def __init__(self, owner: str) -> None:
            self.prediction = self
            self.case_id = owner

    results = cache()
    monkeypatch.setattr(results, "_kept", {"a": Kept(case_id), "b": Kept("other")})

    removal.remove_case(workspace, case_id)

    assert list(results._kept) == ["b"]


def test_a_file_that_another_case_has_too_is_kept(workspace: Workspace) -> None:
    path = workspace.settings.tables / "shared.csv"
    path.write_text("case_id,TP53\nP1,1\n")
    table = NewFile(role="rna", path=path, row_key="P1")
    first, second = (workspace.own.add(title=name, files=(table,)) for name in "AB")

    removal.remove_case(workspace, first)
    is_kept = path.exists()
    removal.remove_case(workspace, second)

    assert (is_kept, path.exists()) == (True, False)


def test_what_a_crash_has_left_is_swept(workspace: Workspace, case_id: str) -> None:
    settings = workspace.settings
    left = [
        age(settings.uploads / "x.part"),
        age(settings.tables / "x.csv"),
        age(settings.features / "gone" / "x.h5"),
        age(settings.jobs / "gone" / COORDS),
    ]
    fresh = settings.uploads / "y.part"
    fresh.write_bytes(b"on its way in")
    kept = add_features(workspace, case_id)
    os.utime(kept.parent, (0, 0))

    removal.sweep(workspace)

    assert [path for path in left if path.exists()] == []
    assert fresh.exists()
    assert kept.exists()
