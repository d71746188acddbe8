"""One page: the viewer over a slide whose patches are known to the pixel."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.tiles.maps import map_url, publish_map
from app.tiles.pyramid import lay_pyramid
from app.tiles.tokens import mint_token
from app.viewer.component import slide_viewer
from app.viewer.layers import lay_lattice
from app.viewer.messages import RESEARCH_ONLY, AnalysisProgress, MapLayer, Region, ViewerScene
from healnet.slide.reader import open_slide

FOLDER = Path(os.environ["VIEWER_SITE"])
CASES = ["case-a", "case-b"]


def publish(values: NDArray[np.floating]) -> str:
    """Publish an array and return its address."""
    return map_url(publish_map(values))


st.set_page_config(layout="wide")
mode = st.query_params.get("mode", "")
with st.container(horizontal=True):
    start = CASES.index(st.query_params.get("case", CASES[0]))
    case = st.radio("Case", CASES, index=start, horizontal=True)
    st.button("run again")
    is_done = st.toggle("finish")
    is_corrected = st.toggle("correct the pixel size")
    is_bare = st.toggle("take the maps away") or mode == "bare"
    has_panel = st.toggle("take the panel away") is False

if mode == "filling" and has_panel:
    st.html('<div id="panel" style="height:120px">A panel above the viewer</div>')
is_running = mode == "running" and not is_done
variant = {"uniform": "-uniform", "running": "-running" if is_running else ""}.get(mode, "")
with open_slide(FOLDER / f"{case}.tiff") as slide:
    properties = slide.properties
written = json.loads((FOLDER / f"{case}{variant}.json").read_text())
scores = np.load(FOLDER / f"{case}{variant}.npy")
lattice = lay_lattice(np.array(written["corners"]), patch_size=256)
maps = [
    MapLayer(
        **fields,
        url=publish(lattice.spread(values)),
        grid=lattice.grid,
        count=len(values),
        minimum=float(values.min()),
        maximum=float(values.max()),
    )
    for fields, values in zip(written["maps"], scores, strict=True)
]
event = slide_viewer(
    ViewerScene(
        case_id=case,
        title=f"Slide {case}",
        token=mint_token(case),
        version=hashlib.sha256(case.encode()).hexdigest()[:16],
        width=properties.width,
        height=properties.height,
        levels=lay_pyramid(properties),
        mpp=0.25 if is_corrected else properties.mpp,
        mpp_source="user" if is_corrected else properties.mpp_source,
        maps=() if is_bare else maps,
        patches=lattice.table(publish),
        regions=[Region(label="tumour", rings=[[(0, 0), (900, 0), (900, 900)]])],
        model_label="model 1",
        banner=f"{RESEARCH_ONLY} Synthetic study.",
        analysis=AnalysisProgress(stage="Reading patches", done=67, total=100)
        if is_running
        else None,
        reports=("picked",) if mode == "picking" else (),
        height_px=None if mode == "filling" else 640,
    ),
    key="viewer",
)
if mode != "filling":
    st.text(f"event: {event}")
