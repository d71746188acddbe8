"""Own cases: what goes in comes out, and nothing else changes."""

import os
import re
from pathlib import Path

import pytest

from app.store.cases import NewFile
from app.store.database import open_database
from app.store.file_state import file_state
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "scan.svs"
    path.write_bytes(b"not opened by these tests")
    return path


def add_case(workspace: Workspace, slide: Path) -> str:
    file = NewFile(role="slide", path=slide, name="Doe.svs")
    return workspace.own.add(title="Doe", files=(file,))


def test_a_case_is_found_by_its_random_id(workspace: Workspace, slide: Path) -> None:
    case_id = add_case(workspace, slide)

    case = workspace.case(case_id)

    assert (case.title, case.origin, case.slide_mpp) == ("Doe", "own", None)
    assert [(file.role, file.name, file.path) for file in case.files] == [
        ("slide", "Doe.svs", slide)
    ]
    assert "Doe" not in case_id
    assert re.fullmatch("[0-9a-f]{32}", case_id)  # 128 bits; a key of Streamlit takes no "__"


def test_an_unknown_case_is_refused_without_repeating_what_was_asked(
    workspace: Workspace,
) -> None:
    with pytest.raises(HealNetError) as caught:
        workspace.case("<script>")

    assert caught.value.code == "CASE-UNKNOWN"
    assert "script" not in str(caught.value)


def test_a_table_replaces_the_one_of_its_kind(workspace: Workspace, tmp_path: Path) -> None:
    case_id = workspace.own.add(title="P1")
    for name in ("first.csv", "second.csv"):
        path = tmp_path / name
        path.write_text("case_id,TP53\nP1,1\n")
        workspace.own.attach(case_id, NewFile(role="rna", path=path, row_key="P1"))

    assert [file.name for file in workspace.case(case_id).tables] == ["second.csv"]


def test_features_replace_only_those_of_the_same_slide(
    workspace: Workspace, tmp_path: Path
) -> None:
    case_id = workspace.own.add(title="P1")
    path = tmp_path / "f.h5"
    path.write_bytes(b"")
    for slide_id in ("a", "b", "a"):
        workspace.own.attach(case_id, NewFile(role="features", path=path, row_key=slide_id))

    assert sorted(file.row_key for file in workspace.case(case_id).features) == ["a", "b"]


def test_a_stated_pixel_size_is_remembered_and_drops_features_of_another_scale(
    workspace: Workspace, slide: Path
) -> None:
    case_id = add_case(workspace, slide)
    workspace.own.attach(case_id, NewFile(role="features", path=slide))

    workspace.own.state_pixel_size(case_id, 0.25)

    case = workspace.case(case_id)
    assert case.slide_mpp == 0.25
    assert case.features == ()


def features_of(workspace: Workspace, case_id: str, **changes: str) -> NewFile:
    slide = workspace.case(case_id).slides[0]
    facts = {"state": slide.state, "made_from": "ab", "row_key": slide.id} | changes
    return NewFile(role="features", path=slide.path, **facts)


def test_features_join_the_case_that_they_were_made_of(
    workspace: Workspace, slide: Path
) -> None:
    case_id = add_case(workspace, slide)
    made = features_of(workspace, case_id)

    workspace.own.attach_features(case_id, made, slide_mpp=None)

    found = workspace.case(case_id).features[0]
    assert (found.state, found.made_from) == (file_state(slide), "ab")


@pytest.mark.parametrize("change", ["pixel size", "file", "slide"])
def test_features_of_another_state_of_the_case_are_refused(
    workspace: Workspace, slide: Path, change: str
) -> None:
    case_id = add_case(workspace, slide)
    changes = {"file": {"state": "other"}, "slide": {"row_key": "other"}}.get(change, {})
    made = features_of(workspace, case_id, **changes)
    if change == "pixel size":
        workspace.own.state_pixel_size(case_id, 0.25)

    with pytest.raises(HealNetError) as caught:
        workspace.own.attach_features(case_id, made, slide_mpp=None)

    assert caught.value.code == "JOB-OUTDATED"
    assert workspace.case(case_id).features == ()


@pytest.mark.parametrize("mpp", [0.0, -1.0, 1e6, float("nan")])
def test_a_pixel_size_that_no_scanner_has_is_refused(
    workspace: Workspace, slide: Path, mpp: float
) -> None:
    case_id = add_case(workspace, slide)

    with pytest.raises(HealNetError, match="um per pixel"):
        workspace.own.state_pixel_size(case_id, mpp)

    assert workspace.case(case_id).slide_mpp is None


def test_a_changed_file_has_another_version(workspace: Workspace, slide: Path) -> None:
    case_id = add_case(workspace, slide)
    file = workspace.case(case_id).slides[0]
    before = workspace.file_version(file), workspace.file_sha256(file)

    slide.write_bytes(b"changed")

    assert workspace.file_version(file) != before[0]
    assert workspace.file_sha256(file) != before[1]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_the_workspace_is_readable_by_its_owner_only(workspace: Workspace) -> None:
    workspace.own.list()

    assert workspace.settings.workspace.stat().st_mode & 0o077 == 0
    assert workspace.settings.database.stat().st_mode & 0o077 == 0


def test_cases_outlive_the_process(workspace: Workspace, slide: Path) -> None:
    case_id = add_case(workspace, slide)

    again = Workspace(workspace.settings)

    assert again.case(case_id).title == "Doe"


def test_a_workspace_of_the_version_before_is_brought_up(
    workspace: Workspace, slide: Path
) -> None:
    case_id = add_case(workspace, slide)
    with workspace.engine.begin() as connection:
        for column in ("files.state", "files.made_from", "jobs.born"):
            table, name = column.split(".")
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.exec_driver_sql("PRAGMA user_version = 1")
    open_database.cache_clear()

    case = Workspace(workspace.settings).case(case_id)

    assert (case.title, case.slides[0].state) == ("Doe", "")
    open_database.cache_clear()
    assert Workspace(workspace.settings).case(case_id) == case  # and only once


def test_a_workspace_of_another_version_is_refused(workspace: Workspace) -> None:
    with workspace.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 99")
    open_database.cache_clear()

    with pytest.raises(HealNetError) as caught:
        Workspace(workspace.settings).own.list()

    assert caught.value.code == "WORKSPACE-VERSION"
