"""Up to four stops through a demo case, in one quiet line that can be sent away."""

import streamlit as st

from app.panels.remarks import omics
from app.store.records import CaseRecord

DISMISSED = "tour_dismissed"


def show(case: CaseRecord) -> None:
    """Show the line for a built-in case until it has been dismissed."""
    if not case.is_built_in or st.session_state.get(DISMISSED):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="tour"):
        stops = "".join(f"<li>{stop}</li>" for stop in stops_of(case))
        st.html(f'<ol class="hn-tour" aria-label="Tour">{stops}</ol>', width="content")
        if st.button("\u00d7", type="tertiary", key="dismiss-tour", help="Dismiss the tour"):
            st.session_state[DISMISSED] = True
            st.rerun()


def stops_of(case: CaseRecord) -> tuple[str, ...]:
    """Return the numbered stops that this case has: no patch where there is no slide."""
    stops = ["Read the estimate"]
    if case.slides:
        stops += ["Strongest patch (T)", "Hide the overlay (Space)"]
    if omics([table.role for table in case.tables]):
        stops.append("Genes that moved it (Omics)")
    return tuple(f"{number} {stop}" for number, stop in enumerate(stops, start=1))
