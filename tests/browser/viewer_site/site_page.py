"""One page: the viewer over a slide whose patches are known to the pixel."""

import os
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.tiles.maps import map_url, publish_map
from app.tiles.pyramid import lay_pyramid
from app.tiles.tokens import mint_token
from app.viewer.component import slide_viewer
from app.viewer.layers import effective_share, lay_lattice
from app.viewer.messages import AnalysisProgress, MapLayer, Region, ViewerScene
from healnet.slide.reader import open_slide

FOLDER = Path(os.environ["VIEWER_SITE"])
TITLE = "Where the model read from"


def publish(values: NDArray[np.floating]) -> str:
    """Publish an array and return its address."""
    return map_url(publish_map(values))


st.set_page_config(layout="wide")
case = st.query_params.get("case", "case-a")
mode = st.query_params.get("mode", "")
st.button("run again")
is_done = st.toggle("finish")

with open_slide(FOLDER / f"{case}.tiff") as slide:
    properties = slide.properties
table = np.load(FOLDER / f"{case}.npz")
corners, scores = table["corners"], table["scores"].copy()
lattice = lay_lattice(corners, patch_size=256)
if mode == "uniform":
    scores = 1 + 0.01 * np.sin(np.arange(len(scores)))
if mode == "running" and not is_done:
    scores[len(scores) // 2 :] = np.nan


def layer(name: str, values: NDArray[np.floating], **fields: object) -> MapLayer:
    """A map of the site."""
    known = values[~np.isnan(values)]
    return MapLayer(
        **{"title": TITLE, "method": "attention", "unit": "x uniform"} | fields,
        id=name,
        url=publish(lattice.spread(values)),
        grid=lattice.grid,
        count=len(known),
        minimum=float(known.min()),
        maximum=float(known.max()),
        effective_share=effective_share(values),
    )


maps = (
    layer("attention-1", scores, subtitle="cross-attention, layer 1, mean of heads", layer=1),
    layer("attention-2", scores[::-1], subtitle="cross-attention, layer 2", layer=2),
    layer(
        "gradient",
        scores - 1,
        title="What moved the risk",
        subtitle="input gradient",
        method="gradient",
        unit="log-risk",
        signed=True,
    ),
)
event = slide_viewer(
    ViewerScene(
        case_id=case,
        title=f"Slide {case}",
        token=mint_token(case),
        version=case.encode().hex()[:16],
        width=properties.width,
        height=properties.height,
        levels=lay_pyramid(properties),
        mpp=properties.mpp,
        mpp_source=properties.mpp_source,
        maps=() if mode == "bare" else maps,
        patches=lattice.table(publish),
        regions=[Region(label="tumour", rings=[[(0, 0), (900, 0), (900, 900)]])],
        model_label="model 1",
        analysis=AnalysisProgress(stage="Reading patches", done=61, total=100, rate_per_s=118)
        if mode == "running" and not is_done
        else None,
        reports=("picked",) if mode == "picking" else (),
        height_px=640,
    ),
    key="viewer",
)
st.text(f"event: {event}")
