"""The router: picks the page, frames it, and shows every refusal in the same words."""

import streamlit as st

from app import frame, layout, navigation, theme
from healnet.exceptions import HealNetError

st.set_page_config(
    page_title="HEALNet Workbench",
    page_icon=theme.ICON,
    layout="wide",
    initial_sidebar_state="collapsed",
)
theme.apply()
page = st.navigation(navigation.pages(), position="top")
frame.show(page.title)
try:
    page.run()
except HealNetError as error:
    layout.show_refusal(error)
