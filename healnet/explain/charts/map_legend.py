"""What a map of a slide needs below it: a bar of known length, and its colours with numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from healnet.explain.charts import svg
from healnet.explain.charts.styles import in_a_page
from healnet.explain.charts.svg import Number

WIDTH, _HEIGHT, _EDGE = 300.0, 66.0, 4.0
_BAR_TOP, _BAR_HEIGHT = 26.0, 10.0
_MOST_SHARE = 0.35  # of the picture that the scale bar may take
_UM_A_MM = 1000.0


@dataclass(frozen=True, kw_only=True)
class ScaleBar:
    """A length on a picture.

    Attributes:
        share: Of the width of the picture.
        label: The length with its unit.
    """

    share: float
    label: str


@dataclass(frozen=True, kw_only=True)
class MapLegend:
    """The legend of one map.

    Attributes:
        colours: Of equal pieces of the scale, lowest first, as ``#rrggbb``.
        marks: Places on the scale, 0 to 1, with their numbers.
        unit: What the numbers count.
        bar: Scale bar of the picture.
    """

    colours: tuple[str, ...]
    marks: tuple[tuple[float, str], ...]
    unit: str
    bar: ScaleBar

    def svg(self, *, picture_width: Number = WIDTH) -> str:
        """Return the legend, ``WIDTH`` units wide, of a picture so many units wide."""
        parts = [*self._length(picture_width), *self._colours(), *self._numbers()]
        parts.append(svg.label(self.unit, x=_EDGE, y=61, class_="small"))
        title = f"scale bar {self.bar.label}; colours: {self.unit}"
        return svg.figure(parts, width=WIDTH, height=_HEIGHT, title=title, style=in_a_page())

    def _length(self, picture_width: Number) -> list[str]:
        end = self.bar.share * picture_width
        label = svg.label(self.bar.label, x=end + 6, y=12, class_="small scale-bar")
        ends = (svg.line(x, 4, x, 14, "tick") for x in (0.6, end))
        return [svg.line(0, 9, end, 9, "tick"), *ends, label]

    def _colours(self) -> list[str]:
        edges = [self._place(i / len(self.colours)) for i in range(len(self.colours) + 1)]
        return [
            svg.element(
                "rect",
                x=left,
                y=_BAR_TOP,
                width=right - left + 0.4,  # no seam between two pieces
                height=_BAR_HEIGHT,
                fill=colour,
            )
            for (left, right), colour in zip(pairwise(edges), self.colours, strict=True)
        ]

    def _numbers(self) -> list[str]:
        bottom, parts = _BAR_TOP + _BAR_HEIGHT, []
        for share, text in self.marks:
            place = self._place(share)
            parts.append(svg.line(place, bottom, place, bottom + 4, "axis"))
            anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
            edge = {0.0: 0.0, 1.0: WIDTH}.get(share, place)
            parts.append(svg.label(text, x=edge, y=bottom + 13, class_="small", anchor=anchor))
        return parts

    @staticmethod
    def _place(share: float) -> float:
        return _EDGE + share * (WIDTH - 2 * _EDGE)


def scale_bar(pixels: Number, um_per_pixel: float | None) -> ScaleBar:
    """Return a bar of a round length for a picture so many level-0 pixels wide.

    In pixels of the slide where nobody knows how large they are.
    """
    wide = pixels * (um_per_pixel or 1.0)
    length = _round_below(wide * _MOST_SHARE)
    if um_per_pixel is None:
        label = f"{length:,.0f} pixels of the slide (size unknown)"
    elif length >= _UM_A_MM:
        label = f"{length / _UM_A_MM:g} mm"
    else:
        label = f"{length:g} \u00b5m"
    return ScaleBar(share=length / wide, label=label)


def hex_colours(colours: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """Return colours of three numbers, 0 to 255, as ``#rrggbb``."""
    return tuple("#" + "".join(f"{int(part):02x}" for part in one) for one in colours)


def _round_below(length: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a length."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= length * (1 + 1e-9))
