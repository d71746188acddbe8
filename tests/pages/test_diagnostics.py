"""Diagnostics: facts for a maintainer, no patients."""

from app.store.workspace import Workspace
from tests.pages.conftest import OpenPage, words


def test_the_report_names_versions_device_and_settings(open_page: OpenPage) -> None:
    page = open_page("diagnostics")

    assert not page.exception
    report = page.code[0].value
    for name in ("torch:", "streamlit:", "device:", "server settings:", "audit trail: whole"):
        assert name in report


def test_the_report_names_no_patient_and_no_folder(
    open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.own.add(title="Jane Doe")

    page = open_page("diagnostics")

    shown = page.code[0].value + words(page)
    assert "Jane" not in shown
    assert str(workspace.settings.workspace) not in shown
