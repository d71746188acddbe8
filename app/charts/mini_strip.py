"""A percentile as a small strip for one row of the worklist."""

from healnet.explain.charts import svg
from healnet.explain.charts.scales import Linear
from healnet.explain.charts.styles import STYLE, ordinal

WIDTH, HEIGHT = 132.0, 16.0
LEFT, RIGHT, MIDDLE = 6.0, 92.0, 8.0


def draw_mini_strip(percentile: float, *, group: str) -> str:
    """Return a line from 0 to 100 with one marker and the number beside it."""
    x = Linear(low=0, high=100, start=LEFT, end=RIGHT)
    shown = ordinal(percentile)
    parts = [
        svg.line(LEFT, MIDDLE, RIGHT, MIDDLE, "grid"),
        svg.element(
            "circle",
            svg.tooltip(f"{shown} percentile, {group} risk group"),
            cx=x(percentile),
            cy=MIDDLE,
            r=4.5,
            class_=f"fill-{group}",
        ),
        svg.label(shown, x=WIDTH, y=MIDDLE + 4, class_="small", anchor="end"),
    ]
    title = f"{shown} percentile, {group} risk"
    return svg.figure(parts, width=WIDTH, height=HEIGHT, title=title, style=STYLE)
