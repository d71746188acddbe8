"""The worklist: empty, with cases, searched, and reached by a broken link."""

import re
from pathlib import Path

import pytest

from app.store.cases import NewFile
from app.store.workspace import Workspace
from app.viewer.messages import RESEARCH_ONLY
from tests.pages.conftest import OpenPage, markup_of, words


def add_case(workspace: Workspace, title: str, tmp_path: Path) -> str:
    path = tmp_path / f"{title}.csv"
    path.write_text("case_id,TP53\nP1,1\n")
    return workspace.own.add(title=title, files=(NewFile(role="rna", path=path),))


def test_an_empty_workspace_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page()

    assert not page.exception
    assert "No cases yet. Pick a slide from a folder, or upload one." in words(page)
    assert [button.label for button in page.button] == ["Open slide from folder", "Upload"]


def test_the_limits_of_use_stand_on_the_page(open_page: OpenPage) -> None:
    assert RESEARCH_ONLY in words(open_page())


def test_cases_are_listed_with_what_they_have(
    open_page: OpenPage, workspace: Workspace, tmp_path: Path
) -> None:
    add_case(workspace, "Patient one", tmp_path)

    table = markup_of(open_page(), "worklist")

    assert "Patient one" in table
    assert "rna" in table
    assert "ready" in table
    assert re.search(r"\d\d:\d\d UTC<", table)  # the server does not know the reader's zone


def test_a_hostile_title_is_shown_as_text(open_page: OpenPage, workspace: Workspace) -> None:
    workspace.own.add(title="<img src=x onerror=alert(1)>")

    table = markup_of(open_page(), "worklist")

    assert "<img src=x" not in table
    assert "&lt;img src=x" in table


def test_the_search_keeps_what_matches(
    open_page: OpenPage, workspace: Workspace, tmp_path: Path
) -> None:
    add_case(workspace, "Alpha", tmp_path)
    add_case(workspace, "Beta", tmp_path)
    page = open_page()

    page.text_input(key="search").set_value("alp").run()

    table = markup_of(page, "worklist")
    assert "Alpha" in table
    assert "Beta" not in table


@pytest.mark.parametrize(
    "case_id", ["../../x", "\x00", "A" * 10_000, "<script>alert(1)</script>"]
)
def test_a_nonsense_link_leads_here_with_a_notice(open_page: OpenPage, case_id: str) -> None:
    page = open_page("case", case=case_id)

    assert not page.exception
    shown = words(page)
    assert "CASE-UNKNOWN" in shown
    assert "<script>" not in shown


def test_the_dialog_lists_the_slides_of_the_allowed_folders(
    open_page: OpenPage, workspace: Workspace
) -> None:
    folder = workspace.settings.slide_roots[0]
    folder.mkdir()
    (folder / "mine.svs").write_bytes(b"x")
    page = open_page()

    page.button[0].click().run()

    assert not page.exception
    assert page.selectbox(key="folder_entry").options == ["mine.svs   0.0 kB"]


def test_the_dialog_says_where_slides_are_looked_for(open_page: OpenPage) -> None:
    page = open_page()

    page.button[0].click().run()

    assert "No slide lies in the allowed folders" in words(page)
    assert "/" not in words(page).split("hn-where")[1].split("</p>")[0][2:]  # names, no paths
