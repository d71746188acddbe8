"""Four stops through the demo case, in one quiet line that can be sent away."""

import streamlit as st

from app.store.records import CaseRecord

STOPS = (
    "1 Read the estimate",
    "2 Hottest patch (T)",
    "3 Hide the overlay (Space)",
    "4 Genes that moved it (Omics)",
)
DISMISSED = "tour_dismissed"


def show(case: CaseRecord) -> None:
    """Show the line for a built-in case until it has been dismissed."""
    if not case.is_built_in or st.session_state.get(DISMISSED):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="tour"):
        stops = "".join(f"<li>{stop}</li>" for stop in STOPS)
        st.html(f'<ol class="hn-tour" aria-label="Tour">{stops}</ol>', width="content")
        if st.button("\u00d7", type="tertiary", key="dismiss-tour", help="Dismiss the tour"):
            st.session_state[DISMISSED] = True
            st.rerun()
