"""The survival of the headline as one open dot on the chart: stated at a time, not a curve."""

from dataclasses import dataclass

from healnet.explain.charts import svg
from healnet.explain.charts.scales import Linear
from healnet.explain.charts.svg import Number

LABEL_WIDTH, LABEL_HEIGHT = 66.0, 20.0  # room for "100 of 100"


@dataclass(frozen=True, kw_only=True)
class HorizonMark:
    """The survival that the headline states, where it stands on the chart.

    Attributes:
        label: The number beside the dot, as in the headline.
        words: What the dot is, and how it was read.
    """

    month: Number
    survival: Number
    label: str
    words: str


def draw_horizon(
    mark: HorizonMark | None, x: Linear, y: Linear, *, end: Number, bottom: Number
) -> list[str]:
    """Return the dot with its number below it, where the patient's steps leave room.

    Args:
        mark: The value; None for nothing.
        x: Scale of the months.
        y: Scale of survival.
        end: Right edge of the plot.
        bottom: Lower edge of the plot.
    """
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
        y=level - 8 if level > bottom - LABEL_HEIGHT else level + 15,
        class_="small strong halo",
        anchor="end" if is_late else "start",
    )
    return [dot, label]
