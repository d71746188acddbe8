"""The line above the workspace: back to the list, which case, what it is."""

from html import escape

import streamlit as st

from app.navigation import page
from app.panels import export, tour
from app.panels.worklist import modalities
from app.reading import CaseReading
from app.store.records import CaseRecord


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the line of a case."""
    chips = "".join(f'<span class="hn-chip">{escape(name)}</span>' for name in modalities(case))
    with st.container(horizontal=True, vertical_alignment="center", key="case-bar"):
        st.page_link(page("Cases"), label="Cases", icon=":material/chevron_left:")
        st.html(
            f'<div class="hn-case"><b>{escape(case.title)}</b>'
            f"<span>{escape(case.tumour)}</span>{chips}</div>",
            width="content",
        )
        tour.show(case)
        export.show(case, read)
