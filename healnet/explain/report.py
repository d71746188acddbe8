"""``report.html``: one self-contained page about one prediction, made from its files."""

import base64
import io
import itertools
from collections.abc import Mapping, Sequence
from typing import cast

import jinja2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image

from healnet.explain.prediction_files import PredictionFiles

_MOST_BARS = 15
_MOST_CELLS = 4_000_000
# Ends of a scale that is readable without colour vision and in grey.
_LOW, _HIGH = np.array([242.0, 239.0, 233.0]), np.array([122.0, 23.0, 72.0])
_FALLS, _RISES = np.array([33.0, 102.0, 172.0]), np.array([178.0, 88.0, 24.0])


def report_html(files: PredictionFiles) -> str:
    """Return the page. Every text from outside is escaped; nothing is loaded from anywhere."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("healnet.explain"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        result=files.result,
        explanation=files.explanation,
        curve=_curve(files.result),
        bars=_bars(files.attributions),
        num_features=len(files.attributions),
        slides=_slides(files.patches),
    )


def _curve(result: Mapping[str, object]) -> dict[str, object]:
    """Return the survival curve and its range as SVG paths on a 640 x 220 area."""
    points = cast("list[dict[str, float]]", result["survival"])
    ranges = cast("dict[str, list[dict[str, float]]]", result["range"])["survival"]
    horizon = points[-1]["time_months"]
    steps = [(0.0, 1.0)] + [(p["time_months"] / horizon, p["survival"]) for p in points]
    lows = [(0.0, 1.0)] + [(p["time_months"] / horizon, p["low"]) for p in ranges]
    highs = [(0.0, 1.0)] + [(p["time_months"] / horizon, p["high"]) for p in ranges]
    band = _step_points(highs) + _step_points(lows)[::-1]
    return {
        "line": _path(_step_points(steps)),
        "band": _path(band) + " Z",
        "ticks": [{"x": 640 * x, "label": f"{x * horizon:.0f}"} for x, _ in steps],
    }


def _step_points(steps: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    points = [steps[0]]
    for (_, before), (x, after) in itertools.pairwise(steps):
        points += [(x, before), (x, after)]
    return points


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M " + " L ".join(f"{640 * x:.1f} {220 * (1 - y):.1f}" for x, y in points)


def _bars(rows: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    values = [float(row["attribution"]) for row in rows]
    largest = max((abs(value) for value in values[:_MOST_BARS]), default=0.0) or 1.0
    shown: list[dict[str, object]] = [
        {**row, "attribution": value, "width": 100 * abs(value) / largest}
        for row, value in zip(rows, values, strict=True)
    ][:_MOST_BARS]
    rest = values[_MOST_BARS:]
    if rest:
        total = sum(rest)
        shown.append(
            {
                "modality": "",
                "feature": f"{len(rest)} other features together",
                "value": "",
                "attribution": total,
                "width": min(100 * abs(total) / largest, 100),
            }
        )
    return shown


def _slides(patches: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    names = list(dict.fromkeys(row["slide"] for row in patches))
    return [_slide(name, [row for row in patches if row["slide"] == name]) for name in names]


def _slide(name: str, rows: Sequence[Mapping[str, str]]) -> dict[str, object]:
    values = np.array(
        [[float(row[column]) for column in ("x", "y", "size", "attention", "attribution")]
         for row in rows]
    )  # fmt: skip
    corners, size = values[:, :2], values[0, 2]
    reach = float(np.abs(values[:, 4]).max()) or 1.0
    top = max(float(values[:, 3].max()), 1e-9)
    return {
        "name": name,
        "patches": len(rows),
        "attention": _picture(corners, size, _blend(values[:, 3] / top, _LOW, _HIGH)),
        "attention_top": top,
        "attribution": _picture(corners, size, _diverging(values[:, 4] / reach)),
        "attribution_top": reach,
    }


def _blend(
    share: Float[ndarray, " n"], low: Float[ndarray, " 3"], high: Float[ndarray, " 3"]
) -> UInt8[ndarray, "n 3"]:
    mixed = low + np.clip(share, 0, 1)[:, None] * (high - low)
    colours: UInt8[ndarray, "n 3"] = mixed.round().astype(np.uint8)
    return colours


def _diverging(share: Float[ndarray, " n"]) -> UInt8[ndarray, "n 3"]:
    rises = _blend(share, _LOW, _RISES)
    falls = _blend(-share, _LOW, _FALLS)
    colours: UInt8[ndarray, "n 3"] = np.where(share[:, None] >= 0, rises, falls)
    return colours


def _picture(
    corners: Float[ndarray, "n 2"], size: float, colours: UInt8[ndarray, "n 3"]
) -> str:
    """Return a PNG with one pixel a patch as a data address; no patch is transparent."""
    step = size
    while np.prod(np.ptp(corners, axis=0) / step + 1) > _MOST_CELLS:
        step *= 2
    cells = np.round((corners - corners.min(axis=0)) / step).astype(int)
    columns, rows = cells.max(axis=0) + 1
    pixels = np.zeros((rows, columns, 4), np.uint8)
    pixels[cells[:, 1], cells[:, 0], :3] = colours
    pixels[cells[:, 1], cells[:, 0], 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
