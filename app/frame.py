"""What stands around every page: the banner with the limits of use and the model in use."""

import streamlit as st

from app import layout, models, state
from app.store.workspace import current_workspace


def show(page_title: str) -> None:
    """Show the banner; it says "synthetic study" wherever the built-in study is on screen."""
    workspace = current_workspace()
    case = workspace.find_case(str(st.query_params.get(state.CASE, ""))[: state.MAX_ID])
    on_case = page_title == "Case" and case is not None
    layout.banner(
        model=models.shipped_name(workspace),
        is_synthetic=case.is_built_in
        if on_case and case is not None
        else page_title == "Cases",
    )
