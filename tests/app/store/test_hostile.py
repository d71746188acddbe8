"""Hostile files at the app's door: the verdict of the command line, and life goes on."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs.worker import Worker
from app.reading import read_case, start_analysis
from app.store import intake
from app.store.workspace import Workspace
from app.tiles.uploads import SUFFIXES
from healnet.exceptions import HealNetError, Notice
from tests.conftest import TEST_DATA
from tests.slide.test_hostile_files import REFUSED_AT_THE_DOOR, REFUSED_BEFORE_ENCODING

pytestmark = pytest.mark.slow
HOSTILE = TEST_DATA / "hostile"
NAMES = sorted(
    str(path.relative_to(HOSTILE))
    for path in HOSTILE.rglob("*")
    if path.is_file() and path.suffix.lower() in SUFFIXES
)
ASKED_FOR = {"SLIDE-MPP-MISSING", "SLIDE-MPP-ABSURD"}  # the app asks for the pixel size


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A worker in this process listens to SIGTERM; give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def admit(workspace: Workspace, path: Path, name: str) -> str | Notice:
    """Return the id of the case that a file became, or its refusal."""
    try:
        return intake.admit_slide(workspace, path, name=name)
    except HealNetError as error:
        return error.to_notice()


def analysed(workspace: Workspace, case_id: str) -> Notice | None:
    """Analyse a case here and now, and return why that failed, if it did."""
    start_analysis(workspace, workspace.case(case_id))
    job = workspace.jobs.start_next()
    assert job is not None
    assert Worker(workspace, job.id).run() == 0
    ended = workspace.jobs.find(job.id)
    assert ended is not None
    assert ended.state in {"done", "failed"}
    return ended.problem


def assert_is_told(notice: Notice, name: str, folder: Path) -> None:
    assert notice.what
    assert notice.fix
    assert notice.where.split(",")[0] in {"", name}
    assert str(folder) not in " ".join(notice.to_dict().values())


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_has_the_verdict_of_the_command_line(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    shown = Path(name).name
    copy = Path(shutil.copy(HOSTILE / name, tmp_path / f"copy{Path(name).suffix}"))

    answer = admit(workspace, copy, shown)

    if name in REFUSED_AT_THE_DOOR:
        assert isinstance(answer, Notice)
        assert answer.code == REFUSED_AT_THE_DOOR[name]
        assert_is_told(answer, shown, tmp_path)
        assert workspace.own.list() == ()
        return
    assert isinstance(answer, str)
    read = read_case(workspace, workspace.case(answer))
    code = REFUSED_BEFORE_ENCODING.get(name, "")
    if code in ASKED_FOR:
        assert read.slide_state == "needs_pixel_size"
        return
    problem = analysed(workspace, answer)
    assert ("" if problem is None else problem.code) == code
    if problem is not None:
        assert_is_told(problem, copy.name, tmp_path)


@pytest.mark.skipif(not NAMES, reason="test data not found")
def test_after_hostile_files_a_sound_slide_opens(
    workspace: Workspace, tmp_path: Path, test_data: Path
) -> None:
    for number, name in enumerate(NAMES):
        copy = Path(shutil.copy(HOSTILE / name, tmp_path / f"{number}{Path(name).suffix}"))
        admit(workspace, copy, name)
    sound = shutil.copy(test_data / "slides" / "CMU-1-Small-Region.svs", tmp_path / "ok.svs")

    answer = admit(workspace, Path(sound), "ok.svs")

    assert isinstance(answer, str)
    read = read_case(workspace, workspace.case(answer))
    assert (read.slide_state, read.slide_problem) == ("not_analysed", None)
    assert workspace.audit.first_break() is None
