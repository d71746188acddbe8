"""The survival of the headline as one open dot on the chart: stated at a time, not a curve."""

from dataclasses import dataclass

from app.charts import svg
from app.charts.scales import Linear

LABEL_WIDTH = 66.0  # room for "100 of 100"


@dataclass(frozen=True, kw_only=True)
class HorizonMark:
    """The survival that the headline states, where it stands on the chart.

    Attributes:
        label: The number beside the dot, as in the headline.
        words: What the dot is, and how it was read.
    """

    month: float
    survival: float
    label: str
    words: str


def draw_horizon(mark: HorizonMark | None, x: Linear, y: Linear, *, end: float) -> list[str]:
    """Return the dot with its number on the side where there is room before ``end``."""
    if mark is None:
        return []
    place, level = x(mark.month), y(mark.survival)
    is_late = place > end - LABEL_WIDTH
    dot = svg.element(
        "circle", svg.tooltip(mark.words), cx=place, cy=level, r=4.5, class_="hollow horizon"
    )
    label = svg.label(
        mark.label,
        x=place - 8 if is_late else place + 8,
        y=level + 4,
        class_="small strong",
        anchor="end" if is_late else "start",
    )
    return [dot, label]
