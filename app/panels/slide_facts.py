"""The slide tab: what the file says of itself, from an allow-list; never its label image."""

from html import escape

import streamlit as st

from app.panels.file_size import size_words
from app.panels.pixel_size import show_form
from app.reading import CaseReading
from app.store import removal
from app.store.records import CaseRecord
from app.store.workspace import Workspace

MAX_NAME = 80


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the facts of the slide and of the case's files."""
    if read.properties is not None:
        st.html(_facts(case, read))
        if read.properties.mpp_source == "user":
            with st.expander("Change the pixel size"):
                show_form(workspace, case, read.properties)
    else:
        words = "The slide cannot be shown now." if case.slides else "No slide for this case."
        st.html(f'<p class="hn-empty">{words}</p>')
    st.html(_files(case))
    if not case.is_built_in:
        with st.expander("Name and tumour type"):
            _show_naming(workspace, case)
        with st.expander("Remove this case"):
            st.caption("Slides opened from a folder stay where they are; copies are deleted.")
            if st.button("Remove", key=f"remove-{case.id}"):
                removal.remove_case(workspace, case.id)
                st.query_params.clear()
                st.rerun()


def _show_naming(workspace: Workspace, case: CaseRecord) -> None:
    with st.form(f"naming-{case.id}", border=False):
        title = st.text_input("Name", value=case.title, max_chars=MAX_NAME)
        tumour = st.text_input("Tumour type", value=case.tumour, max_chars=MAX_NAME)
        if st.form_submit_button("Save"):
            workspace.own.describe(case.id, title=title.strip() or case.title, tumour=tumour)
            st.rerun()


def _facts(case: CaseRecord, read: CaseReading) -> str:
    facts = read.properties
    if facts is None:
        return ""
    mpp = "unknown" if facts.mpp is None else f"{facts.mpp:.4g} um/px ({facts.mpp_source})"
    size = f"{facts.width:,} x {facts.height:,} px".replace(",", " ")
    area = (
        "unknown"
        if facts.mpp is None
        else f"{facts.width * facts.mpp / 1000:.1f} x {facts.height * facts.mpp / 1000:.1f} mm"
    )
    levels = ", ".join(f"{level.downsample:.3g}x" for level in facts.levels)
    rows = {
        "file": case.slides[0].name,
        "kind": facts.vendor or "unknown",
        "size": size,
        "area": area,
        "pixel size": mpp,
        "objective": "unknown" if facts.objective is None else f"{facts.objective:g}x",
        "levels": levels,
    }
    cells = "".join(
        f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows.items()
    )
    return f'<table class="hn-table hn-left">{cells}</table>'


def _files(case: CaseRecord) -> str:
    rows = "".join(
        f"<tr><th>{escape(file.role)}</th><td>{escape(file.name)}</td>"
        f"<td>{size_words(file.size)}</td></tr>"
        for file in case.files
    )
    return f'<table class="hn-table hn-left"><caption>Files</caption>{rows}</table>'
