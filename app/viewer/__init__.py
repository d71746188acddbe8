"""The slide viewer: a keyed Streamlit component around OpenSeadragon."""
