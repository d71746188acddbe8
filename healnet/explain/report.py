"""``report.html``: one self-contained page about one prediction, made from its files."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import cast

import jinja2
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from healnet.data.input_spec import SLIDE
from healnet.explain.charts import map_legend
from healnet.explain.prediction_files import PredictionFiles
from healnet.explain.report_facts import (
    LIMITS,
    banner,
    estimate,
    feature_bars,
    headline,
    sentences,
    slide_pictures,
)
from healnet.explain.report_words import (
    SUBSETS,
    case_name,
    heading,
    origin,
    reference_chart,
    reference_words,
    risk_words,
    scope,
    spread_words,
)

_WIDE, _HIGH = 640.0, 220.0  # plot area of the curve, SVG units


def report_html(files: PredictionFiles) -> str:
    """Return the page. Every text from outside is escaped; nothing is loaded from anywhere."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("healnet.explain"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["picture"] = _data_address
    environment.filters["sentences"] = sentences
    environment.filters["inline"] = _inline
    environment.filters["spread"] = spread_words
    return environment.get_template("report.html.jinja").render(
        banner=banner(files.result),
        name=case_name(files),
        heading=heading(files),
        origin=origin(files),
        risk=risk_words(files),
        reference={"chart": reference_chart(files), "words": reference_words(files)},
        subsets_note=SUBSETS,
        limits=LIMITS,
        scope=scope(files),
        headline=headline(files.result, num_models=files.num_models),
        result=files.result,
        explanation=files.explanation,
        curve=_curve(files.result),
        bars=feature_bars(files.attributions),
        num_features=sum(row["modality"] != SLIDE for row in files.attributions),
        slides=slide_pictures(files),
        legend_width=map_legend.WIDTH,
    )


def survival_steps(
    points: Sequence[Mapping[str, float]], *, name: str
) -> list[tuple[float, float]]:
    """Return the corners of a survival curve, months and S, from (0, 1) on."""
    corners, before = [(0.0, 1.0)], 1.0
    for point in points:
        corners += [(point["time_months"], before), (point["time_months"], point[name])]
        before = point[name]
    return corners


def _curve(result: Mapping[str, object]) -> dict[str, object]:
    """Return the survival curve and its range as SVG paths."""
    points = cast("list[dict[str, float]]", result["survival"])
    ranges = cast("dict[str, list[dict[str, float]]]", result["range"])["survival"]
    horizon = points[-1]["time_months"]
    low, high = (survival_steps(ranges, name=name) for name in ("low", "high"))
    edges = [0.0, *(point["time_months"] for point in points)]
    at = estimate(result)
    x = _WIDE * at.time_months / horizon
    return {
        "dot": {
            "x": x,
            "y": _HIGH * (1 - at.survival),
            "label": at.label,
            "anchor": "end" if x > _WIDE / 2 else "start",
            "shift": -8 if x > _WIDE / 2 else 8,
        },
        "line": _path(survival_steps(points, name="survival"), horizon),
        "band": _path([*high, *reversed(low)], horizon) + " Z",
        "ticks": [
            {"x": _WIDE * edge / horizon, "label": f"{edge:.0f}"} for edge in _apart(edges)
        ],
    }


def _apart(edges: Sequence[float]) -> list[float]:
    """Return the first and last edge, and those between whose labels touch no other."""
    gap = edges[-1] / 16
    kept = [edges[0]]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= gap and edges[-1] - edge >= gap:
            kept.append(edge)
    return [*kept, edges[-1]]


def _path(points: Sequence[tuple[float, float]], horizon: float) -> str:
    places = (f"{_WIDE * x / horizon:.1f} {_HIGH * (1 - y):.1f}" for x, y in points)
    return "M " + " L ".join(places)


def _inline(svg: str) -> str:
    """Return a picture of ours as a part of the page, which knows what an svg is."""
    return svg.replace(' xmlns="http://www.w3.org/2000/svg"', "")


def _data_address(pixels: UInt8[ndarray, "h w 3"]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
