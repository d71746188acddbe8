"""Start the workbench: ``streamlit run run_app.py`` or ``python run_app.py``.

One process and one port: Streamlit's pages, slide tiles, heatmap arrays, viewer assets and
uploads share the origin. The router is ``app/main.py``.
"""

import streamlit as st

from app.script_errors import show_unexpected
from app.server import lifespan, middleware, routes
from app.settings import ROOT, run_options

streamlit_app = st.App(
    ROOT / "app" / "main.py",
    routes=routes(),
    middleware=middleware(),
    lifespan=lifespan,
    on_script_error=show_unexpected,
)

if __name__ == "__main__":
    streamlit_app.run(config=run_options())
