"""The router: picks the page, frames it, and shows every refusal in the same words."""

import streamlit as st

from app import frame, layout, navigation, theme, warm_up
from healnet.exceptions import HealNetError

st.set_page_config(
    page_title="HEALNet Workbench",
    page_icon=theme.ICON,
    layout="wide",
    initial_sidebar_state="collapsed",
)
theme.apply()
page = st.navigation(navigation.pages(), position="top")
try:
    frame.show(page.title)
    if page.title in navigation.HEAVY and not warm_up.are_parts_loaded():
        with layout.waiting("parts"):
            warm_up.load_parts()
    page.run()
except HealNetError as error:
    layout.show_refusal(error)
