"""Concordances with their intervals, one under another, against the line of chance."""

from dataclasses import dataclass

from healnet.explain.charts import svg
from healnet.explain.charts.scales import Linear
from healnet.explain.charts.styles import STYLE

WIDTH, LEFT, RIGHT, ROW_HEIGHT, TOP = 560.0, 190.0, 440.0, 22.0, 12.0
CHANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """One estimate with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float


def draw_intervals(rows: tuple[IntervalRow, ...]) -> str:
    """Return a row for each estimate, from 0.4 to 1, with chance marked."""
    x = Linear(low=min(0.4, *(row.low for row in rows)), high=1.0, start=LEFT, end=RIGHT)
    bottom = TOP + ROW_HEIGHT * len(rows)
    parts = [
        svg.line(x(CHANCE), TOP, x(CHANCE), bottom, "axis"),
        svg.label("chance", x=x(CHANCE), y=bottom + 14, class_="soft small", anchor="middle"),
        svg.label("1", x=RIGHT, y=bottom + 14, class_="soft small", anchor="middle"),
    ]
    for index, row in enumerate(rows):
        y = TOP + ROW_HEIGHT * index + 11
        text = f"{row.value:.2f} ({row.low:.2f}\u2013{row.high:.2f})"
        parts += [
            svg.label(row.name, x=0, y=y + 4, class_="small"),
            svg.line(x(row.low), y, x(row.high), y, "tick"),
            svg.element(
                "circle", svg.tooltip(text), cx=x(row.value), cy=y, r=4.5, class_="fill-patient"
            ),
            svg.label(text, x=RIGHT + 12, y=y + 4, class_="small"),
        ]
    title = "Concordance with 95 % intervals"
    return svg.figure(parts, width=WIDTH, height=bottom + 22, title=title, style=STYLE)
