"""The left side of the workspace: the slide, its maps, and what is still to be done for it."""

from html import escape

import streamlit as st

from app import layout
from app.panels import analysis
from app.panels.pixel_size import show_form
from app.panels.remarks import missing_words
from app.panels.scene import make_scene
from app.reading import CaseReading
from app.store.known_names import as_known
from app.store.records import CaseRecord
from app.store.workspace import Workspace
from app.viewer.component import slide_viewer


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the slide of a case, and the next step where it has not been analysed."""
    if read.slide_problem is not None:
        layout.show_notice(as_known(read.slide_problem, case.files), kind="refusal")
    if read.properties is None:
        if not case.slides:
            words = escape(missing_words(case, read.prediction))
            st.html(f'<div class="hn-no-slide"><p>{words}</p></div>')
        return
    for notice in read.slide_notices:
        layout.show_notice(notice)
    if read.slide_state == "needs_pixel_size":
        show_form(workspace, case, read.properties)
    elif read.slide_state in {"not_analysed", "running"}:
        analysis.show(workspace, case, read)
    scene = make_scene(workspace, case, read)
    slide_viewer(scene, key=f"viewer-{case.id}")
