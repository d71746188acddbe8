"""A slide file that was replaced is noticed, and nothing of it is handed out."""

import os
from pathlib import Path

import pytest

from app.panels.worklist import rows
from app.store.cases import NewFile
from app.store.file_state import check_unchanged, file_state, is_changed
from app.store.slide_access import find_slide
from app.store.workspace import Workspace
from healnet.exceptions import SlideError


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "scan.svs"
    path.write_bytes(b"patient A")
    return path


@pytest.fixture
def case_id(workspace: Workspace, slide: Path) -> str:
    return workspace.own.add(title="A", files=(NewFile(role="slide", path=slide),))


def replace_file(slide: Path) -> None:
    other = slide.with_name("other.svs")
    other.write_bytes(b"patient B")  # as long as the first
    facts = slide.stat()
    other.replace(slide)
    os.utime(slide, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # only the inode tells


def test_an_untouched_file_is_unchanged(workspace: Workspace, case_id: str) -> None:
    check_unchanged(workspace.case(case_id).slides[0])
    assert find_slide(workspace, workspace.case(case_id).slides[0].id) is not None


def test_a_replaced_file_is_refused_with_what_to_do(
    workspace: Workspace, case_id: str, slide: Path
) -> None:
    replace_file(slide)

    with pytest.raises(SlideError) as caught:
        check_unchanged(workspace.case(case_id).slides[0])

    assert caught.value.code == "SLIDE-CHANGED"
    assert caught.value.where == "scan.svs"
    assert "open the slide again" in caught.value.fix


def test_no_tile_of_a_replaced_file_is_served(
    workspace: Workspace, case_id: str, slide: Path
) -> None:
    replace_file(slide)

    assert find_slide(workspace, workspace.case(case_id).slides[0].id) is None


def test_a_missing_file_is_missing_not_changed(
    workspace: Workspace, case_id: str, slide: Path
) -> None:
    slide.unlink()

    assert not is_changed(workspace.case(case_id).slides[0])
    assert file_state(slide) == ""


def test_the_worklist_marks_a_replaced_file_and_shows_nothing_of_it(
    workspace: Workspace, case_id: str, slide: Path
) -> None:
    before = rows(workspace, "")[0]
    replace_file(slide)

    after = rows(workspace, "")[0]

    assert before.thumbnail.startswith("/wsi/")
    assert (after.case.id, after.thumbnail, after.headline) == (case_id, "", None)
    assert "slide file changed" in after.status


def test_the_address_of_a_thumbnail_names_the_state_of_the_file(
    workspace: Workspace, slide: Path
) -> None:
    addresses = []
    for content in (b"one", b"other"):
        slide.write_bytes(content)
        workspace.own.add(title="A", files=(NewFile(role="slide", path=slide),))
        addresses += [row.thumbnail for row in rows(workspace, "") if row.thumbnail]

    versions = {address.split("?v=")[1] for address in addresses}
    assert len(addresses) == len(versions) == 2


def test_the_files_beside_an_mrxs_belong_to_it(tmp_path: Path) -> None:
    index = tmp_path / "scan.mrxs"
    index.write_bytes(b"index")
    (tmp_path / "scan").mkdir()
    data = tmp_path / "scan" / "Data0000.dat"
    data.write_bytes(b"A")
    before = file_state(index)

    data.write_bytes(b"other")

    assert file_state(index) != before
