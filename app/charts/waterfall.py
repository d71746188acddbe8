"""Which kinds of data and which features moved the risk: a signed waterfall.

Bars run on from each other, from no contribution to the sum, so their lengths add up on the
page as they do in the numbers. Raising and lowering differ by side, sign and colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from healnet.explain.charts import svg
from healnet.explain.charts.scales import Linear
from healnet.explain.charts.styles import STYLE, ordinal

WIDTH, LEFT, RIGHT, ROW_HEIGHT, TOP = 424.0, 150.0, 322.0, 20.0, 22.0
MAX_NAME = 22
MIN_DECIMALS = 2


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """One feature's share of the risk.

    Attributes:
        name: Feature, e.g. a gene symbol.
        modality: "rna", "cnv", "mutation" or "clinical".
        value: Signed contribution, in the unit of the risk.
        percentile: Where the patient's value lies in the cohort, 0 to 100, if known.
        measured: The patient's value as text, e.g. "7.2 log2 TPM".
    """

    name: str
    modality: str
    value: float
    percentile: float | None = None
    measured: str = ""


@dataclass(frozen=True, kw_only=True)
class WaterfallScene:
    """The largest contributions, largest first, and the sum of all others.

    Attributes:
        largest: One row each.
        num_others: How many have no row of their own; with none there is no row for them.
        others: Their sum.
        total_name: What the sum is called.
    """

    largest: tuple[Contribution, ...]
    num_others: int
    others: float
    total_name: str = "sum"

    @property
    def total(self) -> float:
        """The sum of all contributions."""
        return sum(part.value for part in self.largest) + self.others


def make_waterfall(
    contributions: tuple[Contribution, ...], *, top: int = 10, total_name: str = "sum"
) -> WaterfallScene:
    """Return the ``top`` largest contributions by size, the rest summed into one."""
    ordered = sorted(contributions, key=lambda part: (-abs(part.value), part.name))
    rest = ordered[top:]
    return WaterfallScene(
        largest=tuple(ordered[:top]),
        num_others=len(rest),
        others=sum(part.value for part in rest),
        total_name=total_name,
    )


def sum_by_modality(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Return one contribution a modality: its features together."""
    parts: dict[str, list[float]] = {}
    for one in contributions:
        parts.setdefault(one.modality, []).append(one.value)
    return tuple(
        Contribution(name=name, modality="", value=sum(values))
        for name, values in parts.items()
    )


def draw_waterfall(scene: WaterfallScene, *, decimals: int | None = None) -> str:
    """Return the chart: one row a feature, the remainder if there is one, and the sum."""
    shown = list(scene.largest)
    if scene.num_others:
        name = f"other {scene.num_others:,} features".replace(",", " ")
        shown.append(Contribution(name=name, modality="", value=scene.others))
    running = [0.0, *accumulate(part.value for part in shown)]
    low, high = min(*running, 0.0), max(*running, 0.0)
    margin = (high - low) * 0.04 or 1.0
    x = Linear(low=low - margin, high=high + margin, start=LEFT, end=RIGHT)
    decimals = decimals or decimals_for([part.value for part in scene.largest] or [0.0])
    has_ranks = any(part.percentile is not None for part in shown)
    parts = _frame(x, rows=len(shown) + 1, has_ranks=has_ranks)
    for row, part in enumerate(shown):
        parts += _row(part, row, x, start=running[row], decimals=decimals)
    total = Contribution(name=scene.total_name, modality="", value=scene.total)
    parts += _row(total, len(shown), x, start=0.0, decimals=decimals)
    height = TOP + ROW_HEIGHT * (len(shown) + 1) + 4
    title = f"Contributions to the risk: the {len(scene.largest)} largest and their sum"
    return svg.figure(parts, width=WIDTH, height=height, title=title, style=STYLE)


def _frame(x: Linear, *, rows: int, has_ranks: bool) -> list[str]:
    zero, bottom = x(0.0), TOP + ROW_HEIGHT * rows
    ranks = svg.label("in cohort", x=WIDTH, y=TOP - 9, class_="soft small", anchor="end")
    return [
        svg.line(zero, TOP - 4, zero, bottom, "axis"),
        svg.label(
            "lowers risk", x=zero - 6, y=TOP - 9, class_="small fill-lower", anchor="end"
        ),
        svg.label("raises risk", x=zero + 6, y=TOP - 9, class_="small fill-higher"),
        *([ranks] if has_ranks else []),
        svg.line(0, bottom - ROW_HEIGHT, WIDTH, bottom - ROW_HEIGHT, "grid"),
    ]


def decimals_for(values: Sequence[float]) -> int:
    """Return how many decimals show the largest value with three significant figures."""
    largest = max(abs(value) for value in values)
    if largest == 0:
        return MIN_DECIMALS
    return max(MIN_DECIMALS, MIN_DECIMALS - 1 - math.floor(math.log10(largest)) + 1)


def _row(part: Contribution, row: int, x: Linear, *, start: float, decimals: int) -> list[str]:
    y = TOP + ROW_HEIGHT * row
    begin, end = sorted((x(start), x(start + part.value)))
    group = "higher" if part.value >= 0 else "lower"
    number = f"{part.value:+.{decimals}f}".replace("-", "\u2212")
    text = f"{part.name}{_origin(part)}: {number}"
    cells = [
        svg.label(_short(part.name), x=0, y=y + 14, class_="small"),
        svg.element(
            "rect",
            svg.tooltip(text),
            x=begin,
            y=y + 4,
            width=max(end - begin, 1),
            height=12,
            class_=f"fill-{group}",
        ),
        svg.label(number, x=RIGHT + 62, y=y + 14, class_="small", anchor="end"),
    ]
    if part.modality:
        cells.append(
            svg.label(part.modality, x=LEFT - 6, y=y + 14, class_="soft small", anchor="end")
        )
    if part.percentile is not None:
        shown = ordinal(part.percentile)
        cells.append(svg.label(shown, x=WIDTH, y=y + 14, class_="soft small", anchor="end"))
    return cells


def _origin(part: Contribution) -> str:
    told = [text for text in (part.modality, part.measured) if text]
    return f" ({', '.join(told)})" if told else ""


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}\u2026"
