"""What the user has picked: case and model live in the address, so a link shows the same."""

from dataclasses import dataclass

import streamlit as st

from app.navigation import page
from app.store.workspace import current_workspace

CASE, MODEL = "case", "model"
UNKNOWN = "unknown_link"
MAX_ID = 128


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The case on screen and the model that reads it.

    Attributes:
        case_id: A case that exists.
        model: Name of the model; empty means the shipped one.
    """

    case_id: str
    model: str = ""


def selection() -> Selection | None:
    """Return what the address names, or None if it names nothing that is there."""
    case_id = str(st.query_params.get(CASE, ""))
    if not case_id:
        return None
    if len(case_id) > MAX_ID or current_workspace().find_case(case_id) is None:
        st.session_state[UNKNOWN] = True
        return None
    return Selection(case_id=case_id, model=str(st.query_params.get(MODEL, ""))[:MAX_ID])


def open_case(case_id: str) -> None:
    """Go to the Case page of that case."""
    st.switch_page(page("Case"), query_params={CASE: case_id})


def open_cases() -> None:
    """Go to the worklist."""
    st.switch_page(page("Cases"))


def take_unknown_link() -> bool:
    """Return whether a link to an unknown case led here, once."""
    return bool(st.session_state.pop(UNKNOWN, False))
