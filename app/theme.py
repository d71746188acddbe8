"""The look of the workbench beyond the theme settings: one style sheet, in one place.

Colours are written ``light-dark(light, dark)``: Streamlit sets ``color-scheme`` on the page, so
both themes follow from one rule. A 4-px grid, 1-px borders, no shadows.
"""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).with_name("icon.svg")
STYLE_SHEET = Path(__file__).with_name("theme.css")


def apply() -> None:
    """Put the style sheet into the page."""
    st.html(STYLE_SHEET)
