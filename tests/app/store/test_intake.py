"""Files join the workspace after they were probed, or leave no trace."""

import shutil
from pathlib import Path

import pytest

from app.store import intake, removal
from app.store.folders import list_slides
from app.store.workspace import Workspace
from app.tiles.uploads import StoredUpload
from healnet.exceptions import HealNetError


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    folder = workspace.settings.slide_roots[0]
    folder.mkdir()
    return folder


@pytest.fixture
def real_slide(folder: Path, test_data: Path) -> Path:
    return Path(
        shutil.copy(test_data / "slides" / "CMU-1-Small-Region.svs", folder / "mine.svs")
    )


@pytest.mark.slow
def test_a_slide_is_opened_where_it_lies(workspace: Workspace, real_slide: Path) -> None:
    entry = list_slides(workspace.settings.slide_roots)[0]

    case = workspace.case(intake.open_from_folder(workspace, entry.id))

    assert (case.title, case.slides[0].path) == ("mine", real_slide)


@pytest.mark.slow
def test_a_slide_that_is_open_already_is_not_added_again(
    workspace: Workspace, real_slide: Path
) -> None:
    first = intake.admit_slide(workspace, real_slide, name="mine.svs")

    assert intake.admit_slide(workspace, real_slide, name="again.svs") == first
    assert len(workspace.own.list()) == 1


@pytest.mark.slow
def test_a_file_that_was_replaced_is_another_case(
    workspace: Workspace, real_slide: Path, test_data: Path
) -> None:
    first = intake.admit_slide(workspace, real_slide, name="mine.svs")
    shutil.copy(test_data / "slides" / "CMU-1-overview.tiff", real_slide)

    second = intake.admit_slide(workspace, real_slide, name="mine.svs")

    assert second != first
    assert intake.admit_slide(workspace, real_slide, name="mine.svs") == second


@pytest.mark.slow
def test_a_refused_file_makes_no_case_and_one_audit_line(
    workspace: Workspace, folder: Path
) -> None:
    broken = folder / "random-name.svs"
    broken.write_text("this is text")

    with pytest.raises(HealNetError) as caught:
        intake.admit_slide(workspace, broken, name="Scan of Doe.svs")

    assert workspace.own.list() == ()
    assert [line["action"] for line in workspace.audit.lines()] == ["slide refused"]
    assert "Doe" not in str(workspace.audit.lines())
    assert caught.value.where in {"", "Scan of Doe.svs"}  # never the name on the disk


def test_a_slide_that_has_left_the_folder_is_told(workspace: Workspace, folder: Path) -> None:
    (folder / "gone.svs").write_bytes(b"x")
    entry = list_slides(workspace.settings.slide_roots)[0]
    (folder / "gone.svs").unlink()

    with pytest.raises(HealNetError) as caught:
        intake.open_from_folder(workspace, entry.id)

    assert caught.value.code == "SLIDE-GONE"


def test_a_table_gives_one_row_to_a_case(workspace: Workspace) -> None:
    case_id = workspace.own.add(title="P")
    content = b"case_id,TP53,MYC\nP1,1.5,2\nP2,0.5,4\n"

    rows = intake.table_rows(content, "genes.csv", workspace.settings.tables)
    intake.add_table(
        workspace, case_id, modality="rna", name="genes.csv", content=content, row="P2"
    )

    table = workspace.case(case_id).tables[0]
    assert rows == ("P1", "P2")
    assert (table.role, table.name, table.row_key) == ("rna", "genes.csv", "P2")
    assert table.path.read_bytes() == content


def test_a_replaced_table_does_not_stay_on_the_disk(workspace: Workspace) -> None:
    case_id = workspace.own.add(title="P")
    for content in (b"case_id,TP53\nP1,1\n", b"case_id,TP53\nP1,2\n"):
        intake.add_table(
            workspace, case_id, modality="rna", name="genes.csv", content=content, row="P1"
        )

    kept = workspace.case(case_id).tables[0].path
    assert list(workspace.settings.tables.iterdir()) == [kept]
    assert kept.read_bytes().endswith(b"2\n")


@pytest.mark.parametrize(
    ("content", "row"),
    [
        pytest.param(b"case_id,TP53\nP1,1\n", "P9", id="no such patient"),
        pytest.param(b"case_id,TP53\nP1,1,2\n", "P1", id="a row too long"),
        pytest.param(b"\x00\x01\x02", "P1", id="no table"),
    ],
)
def test_a_table_that_cannot_be_used_leaves_nothing(
    workspace: Workspace, content: bytes, row: str
) -> None:
    case_id = workspace.own.add(title="P")

    with pytest.raises(HealNetError):
        intake.add_table(
            workspace, case_id, modality="rna", name="genes.csv", content=content, row=row
        )

    assert workspace.case(case_id).tables == ()
    assert list(workspace.settings.tables.iterdir()) == []


@pytest.mark.parametrize("ending", ["x" * 300, "a\0b", "../../up", "CSV"])
def test_no_name_of_a_table_reaches_the_disk(workspace: Workspace, ending: str) -> None:
    folder = workspace.settings.tables

    rows = intake.table_rows(b"case_id,A\nP1,1\n", f"genes.{ending}", folder)

    assert rows == ("P1",)
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_removed_case_takes_its_copies_along_and_leaves_the_original(
    workspace: Workspace, real_slide: Path, test_data: Path
) -> None:
    uploaded = workspace.settings.uploads / "random.svs"
    shutil.copy(test_data / "slides" / "CMU-1-Small-Region.svs", uploaded)
    stored = StoredUpload(path=uploaded, name="up.svs", size=1, sha256="0" * 64)
    from_upload = intake.accept_upload(workspace, stored)["case"]
    from_folder = intake.admit_slide(workspace, real_slide, name="mine.svs")

    for case_id in (from_upload, from_folder):
        removal.remove_case(workspace, case_id)

    assert not uploaded.exists()
    assert real_slide.exists()
    assert workspace.own.list() == ()
