"""What a report shows, worked out once for every form of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from healnet.explain.charts.map_legend import MapLegend, ScaleBar, hex_colours, scale_bar
from healnet.explain.charts.styles import ordinal
from healnet.explain.csv_files import csv_cell
from healnet.explain.prediction import LEFT_OUT, effective_share
from healnet.explain.prediction_files import PredictionFiles
from healnet.explain.result_json import use_of
from healnet.survival.landmarks import survival_at
from healnet.survival.time_bins import TimeBins

LIMITS = (
    "Prognostic, not predictive of the effect of a treatment. Attention shows what was read, "
    "attribution what moved this model's number; neither shows a cause."
)
MOST_BARS = 15
_MADE = {
    True: "what a region adds to the risk, found by leaving it out",
    False: "gradient x input, since the only patch cannot be left out",
}
_MOST_CELLS = 4_000_000
_PIECES = 41  # of a colour bar
_LEAST_GAP = 0.12  # between two numbers of a colour bar, as a share of it
# Ends of scales that are readable without colour vision and in grey.
_PAPER, _READ = np.array([242.0, 239.0, 233.0]), np.array([122.0, 23.0, 72.0])
_FALLS, _RISES = np.array([33.0, 102.0, 172.0]), np.array([178.0, 88.0, 24.0])


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of the list of features; ``share`` is its length, 0 to 1."""

    modality: str
    feature: str
    value: str
    attribution: float
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SlidePictures:
    """Two maps of a slide with one pixel a patch; pixels without a patch are white.

    Attributes:
        name: Of the slide.
        patches: Their number.
        attention: Picture, darkest at ``attention_top`` (x uniform).
        attention_share: Effective share of the patches, 0 to 1.
        attribution: Picture, strongest at ``attribution_top`` (risk a patch) either way.
        attribution_is: How that was made, for the caption.
        attention_legend: Scale bar and colours of the first picture.
        attribution_legend: Scale bar and colours of the second.
    """

    name: str
    patches: int
    attention: UInt8[ndarray, "h w 3"]
    attention_top: float
    attention_share: float
    attribution: UInt8[ndarray, "h w 3"]
    attribution_top: float
    attribution_is: str
    attention_legend: MapLegend
    attribution_legend: MapLegend

    def share_of(self, tallest: float) -> float:
        """Return the share of a column that a picture fills, at most so many columns high."""
        height, width = map(int, self.attention.shape[:2])
        return min(1.0, tallest * width / height)


class Estimate(NamedTuple):
    """Survival at one time, between the steps of the curve; in the headline and as a dot.

    Hazards are constant inside a bin, so that a time inside a wide bin has a value of its own.
    The curve keeps the steps, which are all that the network says.
    """

    time_months: float
    survival: float
    low: float
    high: float

    @property
    def label(self) -> str:
        """What stands beside the dot."""
        return f"{_percent(self.survival)} of 100 at {self.time_months:.0f} months (headline)"


def headline(result: Mapping[str, object], *, num_models: int) -> str:
    """Return group, percentile, survival at a round horizon and its range, in two sentences."""
    at, ranges = estimate(result), cast("dict[str, object]", result["range"])
    low, middle, high = map(_percent, (at.low, at.survival, at.high))
    patients = cast("dict[str, int]", result["headline"])["reference_patients"]
    rank, spread = "held-out fold", "one model: no range"
    if num_models > 1:
        spread = f"range {low} to {high}, {ranges['of']}"
        rank = f"mean rank over {num_models} models, each among those it held out"
    return (
        f"{str(result['risk_group']).capitalize()}-risk group, "
        f"{ordinal(cast('float', result['risk_percentile']))} percentile of {patients} "
        f"reference patients ({rank}). "
        f"Estimated survival at {at.time_months:.0f} months: {middle} of 100 ({spread})."
    )


def estimate(result: Mapping[str, object]) -> Estimate:
    """Return survival and its range at the time of which the headline speaks."""
    points = cast("list[dict[str, float]]", result["survival"])
    bounds = cast("dict[str, list[dict[str, float]]]", result["range"])["survival"]
    edges = [point["time_months"] for point in points]
    bins = TimeBins(inner_months=tuple(edges[:-1]), horizon_months=edges[-1])
    months = cast("dict[str, float]", result["headline"])["time_months"]
    middle, low, high = (
        survival_at(
            np.array([point[name] for point in curve], dtype=np.float64),
            bins,
            months,
            interpolation="constant_hazard",
        )
        for curve, name in ((points, "survival"), (bounds, "low"), (bounds, "high"))
    )
    return Estimate(months, middle, low, high)


def banner(result: Mapping[str, object]) -> str:
    """Return what stands on every page: the use, the kind of patients, the model."""
    model = cast("Mapping[str, object]", result["model"])
    return f"{use_of(is_synthetic=bool(model.get('is_synthetic')))} Model: {model['id']}"


def sentences(notice: Mapping[str, str]) -> list[str]:
    """Return what, why and fix of a warning as sentences."""
    parts = (notice["what"], notice["why"], notice["fix"])
    return [part[0].upper() + part[1:].rstrip(".") + "." for part in parts if part]


def _percent(survival: float) -> int:
    return round(100 * survival)


def feature_bars(rows: Sequence[Mapping[str, str]]) -> list[Bar]:
    """Return the strongest features, and the rest as one bar."""
    values = [float(row["attribution"]) for row in rows]
    largest = max((abs(value) for value in values[:MOST_BARS]), default=0.0) or 1.0
    bars = [
        Bar(
            modality=row["modality"],
            feature=row["feature"],
            value=_short(row["value"]),
            attribution=value,
            share=abs(value) / largest,
        )
        for row, value in zip(rows[:MOST_BARS], values, strict=False)
    ]
    rest = values[MOST_BARS:]
    if rest:
        total = sum(rest)
        name = f"{len(rest)} other features together"
        share = min(abs(total) / largest, 1.0)
        bars.append(Bar(modality="", feature=name, value="", attribution=total, share=share))
    return bars


def slide_pictures(files: PredictionFiles) -> list[SlidePictures]:
    """Return the maps of every slide."""
    made = cast("list[dict[str, object]]", files.explanation["maps"])
    left_out = {csv_cell(one["slide"]) for one in made if one["map"] == LEFT_OUT}
    rows: dict[str, list[Mapping[str, str]]] = {}
    for row in files.patches:
        rows.setdefault(row["slide"], []).append(row)
    known = {} if files.context is None else files.context.um_per_pixel
    sizes = {csv_cell(name): size for name, size in known.items()}
    return [
        _pictures(
            name, part, attribution_is=_MADE[name in left_out], um_per_pixel=sizes.get(name)
        )
        for name, part in rows.items()
    ]


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def _pictures(
    name: str,
    rows: Sequence[Mapping[str, str]],
    *,
    attribution_is: str,
    um_per_pixel: float | None,
) -> SlidePictures:
    columns = ("x", "y", "size", "attention", "attribution")
    values = np.array([[float(row[column]) for column in columns] for row in rows])
    corners, step = values[:, :2], _step(values[:, :2], float(values[0, 2]))
    reach = float(np.abs(values[:, 4]).max()) or 1.0
    top = max(float(values[:, 3].max()), 1e-9)
    attention = _picture(corners, step, _read_colours(values[:, 3] / top))
    bar = scale_bar(attention.shape[1] * step, um_per_pixel)
    return SlidePictures(
        name=name,
        patches=len(rows),
        attention=attention,
        attention_top=top,
        attention_share=effective_share(values[:, 3]),
        attribution=_picture(corners, step, _moved_colours(values[:, 4] / reach)),
        attribution_top=reach,
        attribution_is=attribution_is,
        attention_legend=_attention_legend(top, bar),
        attribution_legend=_attribution_legend(reach, bar),
    )


def _attention_legend(top: float, bar: ScaleBar) -> MapLegend:
    uniform = ((1 / top, "1"),) if _LEAST_GAP < 1 / top < 1 - _LEAST_GAP else ()
    return MapLegend(
        colours=hex_colours(_read_colours(np.linspace(0, 1, _PIECES)).tolist()),
        marks=((0.0, "0"), *uniform, (1.0, f"{top:.2f}")),
        unit="attention, x uniform (1: every patch read alike)",
        bar=bar,
    )


def _attribution_legend(reach: float, bar: ScaleBar) -> MapLegend:
    return MapLegend(
        colours=hex_colours(_moved_colours(np.linspace(-1, 1, _PIECES)).tolist()),
        marks=((0.0, f"{-reach:.2g}"), (0.5, "0"), (1.0, f"+{reach:.2g}")),
        unit="change of the risk per patch (blue -, orange +)",
        bar=bar,
    )


def _read_colours(share: Float[ndarray, " n"]) -> UInt8[ndarray, "n 3"]:
    return _blend(share, _PAPER, _READ)


def _moved_colours(signed: Float[ndarray, " n"]) -> UInt8[ndarray, "n 3"]:
    raised, lowered = _blend(signed, _PAPER, _RISES), _blend(-signed, _PAPER, _FALLS)
    colours: UInt8[ndarray, "n 3"] = np.where(signed[:, None] >= 0, raised, lowered)
    return colours


def _blend(
    share: Float[ndarray, " n"], low: Float[ndarray, " 3"], high: Float[ndarray, " 3"]
) -> UInt8[ndarray, "n 3"]:
    mixed = low + np.clip(share, 0, 1)[:, None] * (high - low)
    colours: UInt8[ndarray, "n 3"] = mixed.round().astype(np.uint8)
    return colours


def _step(corners: Float[ndarray, "n 2"], size: float) -> float:
    """Return level-0 pixels a cell: a patch, or more where there would be too many cells."""
    step = size
    while np.prod(np.ptp(corners, axis=0) / step + 1) > _MOST_CELLS:
        step *= 2
    return step


def _picture(
    corners: Float[ndarray, "n 2"], step: float, colours: UInt8[ndarray, "n 3"]
) -> UInt8[ndarray, "h w 3"]:
    cells = np.round((corners - corners.min(axis=0)) / step).astype(int)
    columns, rows = cells.max(axis=0) + 1
    pixels = np.full((rows, columns, 3), 255, np.uint8)
    pixels[cells[:, 1], cells[:, 0]] = colours
    return pixels
