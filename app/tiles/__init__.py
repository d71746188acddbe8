"""HTTP routes for tiles, maps and uploads; no Streamlit, no model."""
