"""Add an omic or clinical table to an own case: choose the file, then the patient's row."""

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app import layout, models
from app.case_tables import check_fit
from app.store import intake, removal
from app.store.records import TABLES, CaseRecord
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TYPES = ["csv", "tsv", "txt", "parquet"]


def show(workspace: Workspace, case: CaseRecord) -> None:
    """Show the tables that can be taken away, and the form that adds one."""
    for table in case.tables:
        with st.container(horizontal=True, vertical_alignment="center", key=f"t-{table.id}"):
            words = escape(f"{table.role}: {table.name}, row {table.row_key}")
            st.html(f'<p class="hn-small">{words}</p>', width="content")
            if st.button("Remove", type="tertiary", key=f"remove-{table.id}"):
                removal.remove_table(workspace, case.id, table)
                st.rerun()
    with st.expander("Add a table", expanded=not case.tables):
        _show_form(workspace, case)


def _show_form(workspace: Workspace, case: CaseRecord) -> None:
    modality = st.selectbox("Kind", TABLES, key=f"kind-{case.id}")
    file = st.file_uploader(
        "CSV, TSV or parquet: one row a patient, one column a feature",
        type=TYPES,
        key=f"table-{case.id}-{modality}",
    )
    if file is None:
        return
    try:
        rows = intake.table_rows(file.getvalue(), file.name, workspace.settings.tables)
    except HealNetError as error:
        layout.show_refusal(error)
        return
    row = st.selectbox(
        "Patient",
        rows,
        index=rows.index(case.title) if case.title in rows else None,
        placeholder="Choose the patient",
        key=f"row-{case.id}-{modality}",
    )
    key = f"add-{case.id}-{modality}"
    if st.button("Add", key=key, type="primary", disabled=row is None):
        _add(workspace, case, modality=modality, file=file, row=str(row))


def _add(
    workspace: Workspace, case: CaseRecord, *, modality: str, file: "UploadedFile", row: str
) -> None:
    """Add a row that the model can read; another one is refused here, and nothing changes."""
    try:
        bundle = models.load_model(workspace) if models.shipped_key(workspace) else None
        intake.add_table(
            workspace,
            case.id,
            modality=modality,
            name=file.name,
            content=file.getvalue(),
            row=row,
            check=None if bundle is None else partial(check_fit, bundle, modality, row),
        )
    except HealNetError as error:
        layout.show_refusal(error)
        return
    st.rerun()
