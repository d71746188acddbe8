"""Where one patient stands among the reference patients, on the scale of percentiles.

Risks of different fold models are on different scales; only their percentiles can be pooled. So
the axis is the percentile, and the grey shape shows where the reference patients lie who had
the event: flat would mean a model that ranks nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healnet.explain.charts import svg
from healnet.explain.charts.scales import Linear
from healnet.explain.charts.styles import GROUP_BY_NAME, STYLE, ordinal

WIDTH, LEFT, RIGHT = 424.0, 74.0, 416.0
TOP, BASE, ROW_HEIGHT = 18.0, 46.0, 17.0
BANDWIDTH = 7.0  # percentile points
NEAR_EDGE = 26.0


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A percentile, and its range across the models where that is known.

    Attributes:
        percentile: 0 to 100.
        low: Lowest model.
        high: Highest model.
    """

    percentile: float
    low: float | None = None
    high: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Where the range begins and ends; the estimate itself where no range is known."""
        low = self.percentile if self.low is None else self.low
        return low, self.percentile if self.high is None else self.high


@dataclass(frozen=True, kw_only=True)
class StripScene:
    """All that the strip shows.

    Attributes:
        event_percentiles: Out-of-fold percentiles of the reference patients with an event.
        cuts: Percentiles at which the groups part, frozen on the training folds.
        patient: The estimate with everything that the case has.
        members: Percentile by each model that was used.
        subsets: Name of a set of modalities -> estimate, e.g. "slide only".
    """

    event_percentiles: NDArray[np.float64]
    cuts: tuple[float, float]
    patient: Estimate
    members: tuple[float, ...]
    num_reference: int
    subsets: Mapping[str, Estimate] = field(default_factory=dict)


def draw_strip(scene: StripScene) -> str:
    """Return the strip with one row for each set of modalities below it."""
    x = Linear(low=0, high=100, start=LEFT, end=RIGHT)
    parts = [*_density(scene, x), *_groups(scene, x), *_range(scene, x), *_marker(scene, x)]
    for index, (name, found) in enumerate(scene.subsets.items()):
        parts += _subset_row(name, found, x, BASE + 34 + ROW_HEIGHT * index)
    height = BASE + 20 + (ROW_HEIGHT * len(scene.subsets) + 6 if scene.subsets else 0)
    shown = ordinal(scene.patient.percentile)
    title = f"Predicted risk: {shown} percentile of {scene.num_reference} reference patients"
    return svg.figure(parts, width=WIDTH, height=height, title=title, style=STYLE)


def event_density(
    percentiles: NDArray[np.float64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a Gaussian kernel density on [0, 100], reflected at both ends.

    Reflection keeps the mass inside: without it the shape would sink at 0 and 100.
    """
    mirrored = np.concatenate([percentiles, -percentiles, 200 - percentiles])
    z = (places[:, None] - mirrored[None, :]) / BANDWIDTH
    kernels = np.exp(-0.5 * z**2).sum(axis=1)
    total = max(percentiles.size, 1) * BANDWIDTH * np.sqrt(2 * np.pi)
    return np.asarray(kernels / total, dtype=np.float64)


def _density(scene: StripScene, x: Linear) -> list[str]:
    places = np.linspace(0, 100, 101)
    heights = event_density(scene.event_percentiles, places)
    scale = (BASE - TOP - 2) / (heights.max() or 1.0)
    points = " ".join(
        f"{x(place):.1f},{BASE - height * scale:.1f}"
        for place, height in zip(places, heights, strict=True)
    )
    text = (
        f"Grey: where the {scene.event_percentiles.size} of {scene.num_reference} reference "
        "patients with an event lie. Flat would mean that the model ranks nobody."
    )
    outline = f"{LEFT:.1f},{BASE:.1f} {points} {RIGHT:.1f},{BASE:.1f}"
    return [
        svg.element("polygon", svg.tooltip(text), points=outline, class_="density"),
        svg.label("events in", x=0, y=BASE - 14, class_="soft small"),
        svg.label("reference", x=0, y=BASE - 1, class_="soft small"),
    ]


def _groups(scene: StripScene, x: Linear) -> list[str]:
    edges = (0.0, *scene.cuts, 100.0)
    parts = []
    for name, low, high in zip(GROUP_BY_NAME, edges[:-1], edges[1:], strict=True):
        start, end = x(low), x(high)
        words = GROUP_BY_NAME[name].label
        shown = words if end - start > 6 * len(words) else words[:1]
        parts.append(
            svg.element(
                "rect",
                svg.tooltip(f"{words}: {low:.0f} to {high:.0f}"),
                x=start,
                y=BASE,
                width=max(end - start - 1, 0),
                height=3,
                class_=f"fill-{name}",
            )
        )
        parts.append(
            svg.label(
                shown,
                x=(start + end) / 2,
                y=BASE + 16,
                class_=f"small fill-{name}",
                anchor="middle",
            )
        )
    parts += [svg.line(x(cut), BASE - 3, x(cut), BASE + 7, "axis") for cut in scene.cuts]
    return parts


def _range(scene: StripScene, x: Linear) -> list[str]:
    if len(scene.members) < 2:  # noqa: PLR2004  (one model has no range)
        return []
    start, end = map(x, scene.patient.ends)
    text = f"range across {len(scene.members)} models"
    shade = svg.element(
        "rect",
        svg.tooltip(text),
        x=start,
        y=TOP - 4,
        width=max(end - start, 1),
        height=BASE - TOP + 4,
        class_="range",
    )
    return [shade, *(svg.line(x(m), BASE - 8, x(m), BASE, "tick") for m in scene.members)]


def _marker(scene: StripScene, x: Linear) -> list[str]:
    place = x(scene.patient.percentile)
    near_end, near_start = place > RIGHT - NEAR_EDGE, place < LEFT + NEAR_EDGE
    anchor = "end" if near_end else "start" if near_start else "middle"
    shown = ordinal(scene.patient.percentile)
    dot = svg.element(
        "circle",
        svg.tooltip(f"this patient: {shown} percentile"),
        cx=place,
        cy=BASE + 1.5,
        r=5,
        class_="fill-patient",
    )
    return [
        svg.line(place, TOP - 4, place, BASE, "patient"),
        dot,
        svg.label(shown, x=place, y=TOP - 7, class_="strong", anchor=anchor),
    ]


def _subset_row(name: str, found: Estimate, x: Linear, y: float) -> list[str]:
    shown = ordinal(found.percentile)
    text = f"{name}: {shown} percentile"
    if found.low is not None and found.high is not None:
        text += f", {ordinal(found.low)} to {ordinal(found.high)} across the models"
    place, (start, end) = x(found.percentile), map(x, found.ends)
    is_late = end > RIGHT - 2 * NEAR_EDGE
    beside = start - 8 if is_late else end + 8
    parts = [
        svg.label(name, x=0, y=y, class_="soft small"),
        svg.line(LEFT, y - 4, RIGHT, y - 4, "grid"),
        svg.line(start, y - 4, end, y - 4, "tick"),
        svg.element("circle", svg.tooltip(text), cx=place, cy=y - 4, r=4.5, class_="hollow"),
    ]
    anchor = "end" if is_late else "start"
    parts.append(svg.label(shown, x=beside, y=y, class_="small", anchor=anchor))
    return parts
