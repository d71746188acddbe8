"""Reference groups as Kaplan-Meier step curves with bands, and the patient's predicted curve.

The patient is another kind of mark: a dark dashed step at the edges of the model's time bins,
because a model's estimate for one person is not an observed group. What a headline reads
between two of those edges is an open dot, never a smooth curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healnet.explain.charts import svg
from healnet.explain.charts.horizon_mark import HorizonMark, draw_horizon
from healnet.explain.charts.scales import Linear, month_ticks, spread
from healnet.explain.charts.styles import GROUP_BY_NAME, STYLE
from healnet.explain.charts.svg import Number

WIDTH, PLOT_TOP, PLOT_BOTTOM, LEFT, RIGHT = 424.0, 10.0, 196.0, 74.0, 308.0
ROW_HEIGHT, LABEL_GAP = 15.0, 14.0
PATIENT_DASHES = "2 3"


@dataclass(frozen=True, kw_only=True)
class GroupCurve:
    """One reference group.

    Attributes:
        name: "lower", "intermediate" or "higher".
        time_months: Places of the steps, increasing, starting at 0.
        survival: Estimate from each step on, with the ends of its interval.
        size: Patients in the group.
        table: Per tick month: (at risk, events until then, censored until then).
    """

    name: str
    time_months: NDArray[np.float64]
    survival: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    size: int
    table: dict[Number, tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class PatientCurve:
    """The model's estimate for one patient: survival at the right edge of each time bin."""

    edge_months: NDArray[np.float64]
    survival: NDArray[np.float64]

    @classmethod
    def from_points(cls, points: Sequence[Mapping[str, float]]) -> "PatientCurve":
        """Return the curve of a ``result.json``."""
        months, survival = (
            np.array([point[name] for point in points], dtype=np.float64)
            for name in ("time_months", "survival")
        )
        return cls(edge_months=months, survival=survival)


@dataclass(frozen=True, kw_only=True)
class SurvivalScene:
    """All that the chart shows.

    Attributes:
        horizon: The headline's value; None where there is no headline.
        reliable_until: Month beyond which fewer than ten remain at risk in some group.
        endpoint: What the curves count, e.g. "overall survival".
    """

    groups: tuple[GroupCurve, ...]
    patient: PatientCurve | None
    last_month: Number
    reliable_until: Number
    endpoint: str
    horizon: HorizonMark | None = None

    @property
    def ticks(self) -> tuple[float, ...]:
        """The months that carry a label and a column of the table."""
        return month_ticks(self.last_month)


def draw_survival(scene: SurvivalScene, *, style: str = STYLE) -> str:
    """Return the chart with the aligned table of numbers at risk below its axis."""
    x = Linear(low=0, high=scene.last_month, start=LEFT, end=RIGHT)
    y = Linear(low=0, high=1, start=PLOT_BOTTOM, end=PLOT_TOP)
    parts = [*_grid(scene, x, y), *_veil(scene, x)]
    for group in scene.groups:
        parts += _group(group, x, y)
    parts += _patient(scene.patient, x, y)
    parts += draw_horizon(scene.horizon, x, y, end=RIGHT, bottom=PLOT_BOTTOM)
    parts += _end_labels(scene, y)
    parts += _risk_table(scene, x)
    height = PLOT_BOTTOM + 48 + ROW_HEIGHT * len(scene.groups)
    title = f"Kaplan-Meier {scene.endpoint} of the reference groups, and this patient"
    return svg.figure(parts, width=WIDTH, height=height, title=title, style=style)


def _grid(scene: SurvivalScene, x: Linear, y: Linear) -> list[str]:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        name = "axis" if share == 0 else "grid"
        parts.append(svg.line(LEFT, y(share), RIGHT, y(share), name))
        parts.append(
            svg.label(
                f"{share:.0%}", x=LEFT - 6, y=y(share) + 4, class_="soft small", anchor="end"
            )
        )
    for month in scene.ticks:
        parts.append(svg.line(x(month), PLOT_BOTTOM, x(month), PLOT_BOTTOM + 4, "axis"))
        parts.append(
            svg.label(
                f"{month:g}",
                x=x(month),
                y=PLOT_BOTTOM + 16,
                class_="soft small",
                anchor="middle",
            )
        )
    parts.append(svg.label("months", x=RIGHT + 8, y=PLOT_BOTTOM + 16, class_="soft small"))
    return parts


def _veil(scene: SurvivalScene, x: Linear) -> list[str]:
    if scene.reliable_until >= scene.last_month:
        return []
    start = x(scene.reliable_until)
    text = f"Fewer than 10 at risk in a group after {scene.reliable_until:.0f} months"
    return [
        svg.element(
            "rect",
            svg.tooltip(text),
            x=start,
            y=PLOT_TOP,
            width=RIGHT - start,
            height=PLOT_BOTTOM - PLOT_TOP,
            class_="veil",
        )
    ]


def _group(group: GroupCurve, x: Linear, y: Linear) -> list[str]:
    style = GROUP_BY_NAME[group.name]
    xs = [x(month) for month in group.time_months]
    area = svg.band(xs, _places(group.lower, y), _places(group.upper, y), end=xs[-1])
    curve = svg.steps(xs, _places(group.survival, y), end=xs[-1])
    text = f"{style.label}: {group.size} patients, {group.survival[-1]:.0%} at the end"
    return [
        svg.element("path", d=area, class_=f"band fill-{group.name}"),
        svg.element(
            "path",
            svg.tooltip(text),
            d=curve,
            class_=f"curve {group.name}",
            stroke_dasharray=style.dashes,
        ),
    ]


def _patient(patient: PatientCurve | None, x: Linear, y: Linear) -> list[str]:
    if patient is None:
        return []
    months = [0.0, *patient.edge_months.tolist()]
    levels = [1.0, *patient.survival.tolist()]
    path = svg.steps([x(month) for month in months], [y(s) for s in levels], end=x(months[-1]))
    parts = [svg.element("path", d=path, class_="patient", stroke_dasharray=PATIENT_DASHES)]
    for month, level in zip(months[1:], levels[1:], strict=True):
        text = f"this patient, model: {level:.0%} alive at {month:.0f} months"
        parts.append(
            svg.element(
                "circle",
                svg.tooltip(text),
                cx=x(month),
                cy=y(level),
                r=3.5,
                class_="fill-patient",
            )
        )
    return parts


def _end_labels(scene: SurvivalScene, y: Linear) -> list[str]:
    texts = [(GROUP_BY_NAME[group.name].label, f"fill-{group.name}") for group in scene.groups]
    levels = [float(group.survival[-1]) for group in scene.groups]
    if scene.patient is not None:
        texts.append(("this patient (model)", "strong"))
        levels.append(float(scene.patient.survival[-1]))
    wanted = [y(level) + 4 for level in levels]
    places = spread(wanted, gap=LABEL_GAP, low=PLOT_TOP + 4, high=PLOT_BOTTOM - 2)
    return [
        svg.label(
            text,
            x=RIGHT + 8,
            y=place,
            class_=f"small {css}",
        )
        for (text, css), place in zip(texts, places, strict=True)
    ]


def _risk_table(scene: SurvivalScene, x: Linear) -> list[str]:
    top = PLOT_BOTTOM + 34
    parts = [svg.label("at risk", x=0, y=top, class_="soft small")]
    for row, group in enumerate(scene.groups):
        base = top + ROW_HEIGHT * (row + 1)
        label = GROUP_BY_NAME[group.name].label.removesuffix(" risk")
        parts.append(svg.label(label, x=0, y=base, class_=f"small fill-{group.name}"))
        for month in scene.ticks:
            at_risk, events, censored = group.table[month]
            text = (
                f"{at_risk} at risk, {events} events, {censored} censored by {month:g} months"
            )
            parts.append(
                svg.element(
                    "text",
                    svg.tooltip(text),
                    svg.words(str(at_risk)),
                    x=x(month),
                    y=base,
                    text_anchor="middle",
                    class_="small",
                )
            )
    return parts


def _places(values: Sequence[Number] | NDArray[np.float64], y: Linear) -> list[float]:
    return [y(float(value)) for value in values]
