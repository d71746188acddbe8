"""Every page of the workbench: one row each. See docs/how-to/add-a-page.md."""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

HEAVY = frozenset({"Case", "Models"})  # pages that need the model
ROOT = Path(__file__).parents[1]


def pages() -> list[Page]:
    """Return the pages in the order of the top bar. The first answers at ``/``."""
    return [
        st.Page(ROOT / "pages" / "cases.py", title="Cases", default=True),
        st.Page(ROOT / "pages" / "case.py", title="Case", url_path="case", visibility="hidden"),
        st.Page(ROOT / "pages" / "models.py", title="Models", url_path="models"),
        st.Page(
            ROOT / "pages" / "diagnostics.py",
            title="Diagnostics",
            url_path="diagnostics",
            visibility="hidden",  # linked from the banner
        ),
    ]


def page(name: str) -> Page:
    """Return the page of that title, to link or switch to."""
    return next(page for page in pages() if page.title == name)
