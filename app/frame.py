"""What stands around every page: the banner with the limits of use and the model in use."""

import streamlit as st

from app import layout, models, state
from app.store.workspace import current_workspace


def show(page_title: str) -> None:
    """Show the banner; it says "synthetic study" wherever the built-in study is on screen."""
    workspace = current_workspace()
    case = workspace.find_case(str(st.query_params.get(state.CASE, ""))[: state.MAX_ID])
    is_about_study = page_title != "Case" and bool(workspace.study.list())
    layout.banner(
        model=models.shipped_name(workspace),
        is_synthetic=is_about_study if case is None else case.is_built_in,
    )
