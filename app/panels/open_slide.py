"""The three ways to a case: the demo case, a slide in a folder, an upload."""

import streamlit as st

from app import layout, state
from app.panels.file_size import size_words
from app.panels.upload_box import upload_box
from app.store import folders, intake
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError, Notice

ENTRY = "folder_entry"


def show_actions(workspace: Workspace) -> None:
    """Show the three buttons; the demo case only where the study is there."""
    showcase = workspace.study.list()
    if showcase and st.button("Open demo case", type="primary"):
        state.open_case(showcase[0].id)
    if st.button("Open slide from folder"):
        choose_from_folder(workspace)
    if st.button("Upload"):
        upload(workspace)


@st.dialog("Open slide from folder", width="large")
def choose_from_folder(workspace: Workspace) -> None:
    """List the slides of the allowed folders; the chosen one is probed, then opened."""
    entries = {entry.id: entry for entry in folders.list_slides(workspace.settings.slide_roots)}
    if not entries:
        names = ", ".join(root.name for root in workspace.settings.slide_roots)
        layout.show_notice(
            Notice(
                code="FOLDER-EMPTY",
                what="No slide lies in the allowed folders",
                where=names,
                fix="Put slides there, or set HEALNET_SLIDE_ROOTS to your slide folders and "
                "start again",
            )
        )
        return
    chosen = st.selectbox(
        "Slide",
        options=list(entries),
        format_func=lambda key: f"{entries[key].name}   {size_words(entries[key].size)}",
        key=ENTRY,
    )
    if st.button("Open slide", type="primary", key="open_entry"):
        try:
            with st.spinner("Checking the file"):
                case_id = intake.open_from_folder(workspace, chosen)
        except HealNetError as error:  # a dialog is a fragment: the router does not see it
            layout.show_refusal(error)
        else:
            state.open_case(case_id)


@st.dialog("Upload a slide", width="large")
def upload(workspace: Workspace) -> None:
    """Take a slide from this computer, streamed to disk."""
    limit = workspace.settings.max_slide_bytes / 1000**3
    st.caption(
        f"One file up to {limit:g} GB. It stays on this machine. For slides that consist of "
        "several files, use a folder."
    )
    case_id = upload_box(key="upload")
    if case_id:
        state.open_case(case_id)
