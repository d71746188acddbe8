"""The line above the workspace: back to the list, which case, what it is."""

from html import escape

import streamlit as st

from app import layout, models
from app.navigation import page
from app.panels import export, tour
from app.panels.worklist import modalities
from app.reading import CaseReading
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from healnet.exceptions import Notice


def warn_of_model(workspace: Workspace, asked: str) -> None:
    """Say so if a link asks for a model that is not here; another one answers."""
    label = models.shipped_label(workspace)
    if asked and asked != label.name:
        layout.show_notice(
            Notice(
                code="MODEL-UNKNOWN",
                what="The link asks for a model that is not installed here",
                why=f"What you see comes from {label.name or 'no model'}",
                fix="Install that model to see the same numbers",
            )
        )


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
