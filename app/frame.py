"""What stands around every page: the banner with the limits of use and the model in use."""

import streamlit as st

from app import layout, models, state
from app.store.workspace import current_workspace


def show(page_title: str) -> None:
    """Show the banner; it says "synthetic study" wherever the built-in study is on screen."""
    workspace = current_workspace()
    case = workspace.find_case(str(st.query_params.get(state.CASE, ""))[: state.MAX_ID])
    label = models.shipped_label(workspace)
    if case is None:
        marks_study = page_title != "Case" and bool(workspace.study.list())
    else:
        marks_study = case.is_built_in
    chip = models.synthetic_chip(workspace, is_study=marks_study)
    layout.banner(model=label.name, chip=chip)
