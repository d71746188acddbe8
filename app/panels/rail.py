"""The rail beside the slide: prognosis, omics, patches, slide. One tab each."""

import streamlit as st

from app.panels import omics, patches, prognosis, slide_facts
from app.reading import CaseReading
from app.store.records import CaseRecord
from app.store.workspace import Workspace

TABS = ("Prognosis", "Omics", "Patches", "Slide")


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the four tabs of the rail."""
    prognosis_tab, omics_tab, patches_tab, slide_tab = st.tabs(TABS)
    with prognosis_tab:
        prognosis.show(case, read)
    with omics_tab:
        omics.show(workspace, case, read)
    with patches_tab:
        patches.show(case, read)
    with slide_tab:
        slide_facts.show(workspace, case, read)
