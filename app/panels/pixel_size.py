"""The form for a slide whose file does not state its pixel size."""

from typing import TYPE_CHECKING

import streamlit as st

from app.store import intake
from app.store.records import CaseRecord
from app.store.workspace import Workspace

if TYPE_CHECKING:
    from healnet.slide.properties import SlideProperties

MISSING = (
    "This file does not state its pixel size. Enter um per pixel or the scan magnification; "
    "results will be marked."
)
MPP_AT_1X = 10.0  # um per pixel times magnification, the usual convention: 0.25 at 40x


def show_form(workspace: Workspace, case: CaseRecord, properties: "SlideProperties") -> None:
    """Ask for the pixel size; it is remembered with the case and marked in every result."""
    with st.form(f"pixel-size-{case.id}", border=False):
        st.html(f'<p class="hn-lead">{MISSING}</p>')
        unit = st.radio(
            "I know",
            ("um per pixel", "scan magnification"),
            horizontal=True,
            label_visibility="collapsed",
        )
        value = st.number_input(
            "Value", min_value=0.0, value=0.0, format="%.4f", label_visibility="collapsed"
        )
        if st.form_submit_button("Use this value", type="primary"):
            mpp = value if unit == "um per pixel" else MPP_AT_1X / max(value, 1e-9)
            intake.state_pixel_size(workspace, case.id, mpp)
            st.rerun()
    st.caption(f"The scan has {properties.width} x {properties.height} pixels.")
