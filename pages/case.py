"""Case: the slide with what the model read from, and the prognosis beside it."""

import streamlit as st

from app import layout, reading, state
from app.panels import case_bar, rail, slide_view
from app.store.workspace import current_workspace

picked = state.selection()
if picked is None:
    state.open_cases()
    st.stop()

workspace = current_workspace()
case = workspace.case(picked.case_id)
subject = "slide" if case.slides else "case"
with layout.waiting(case.id, f"Reading the {subject}..."):
    read = reading.read_case(workspace, case)

case_bar.warn_of_model(workspace, picked.model)
case_bar.show(case, read)
left, right = layout.workspace_columns()
with left:
    slide_view.show(workspace, case, read)
with right:
    rail.show(workspace, case, read)
