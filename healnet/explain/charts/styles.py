"""How groups and the patient look: colour, line style and word, never colour alone."""

import re
from dataclasses import dataclass

from healnet.explain.charts.svg import Number


@dataclass(frozen=True, kw_only=True)
class GroupStyle:
    """The look of one risk group.

    Attributes:
        name: As in ``healnet.survival``.
        label: The words beside its curve.
        dashes: SVG dash pattern; None is a solid line.
    """

    name: str
    label: str
    dashes: str | None


GROUPS = (
    GroupStyle(name="lower", label="lower risk", dashes=None),
    GroupStyle(name="intermediate", label="intermediate", dashes="7 3 1.5 3"),
    GroupStyle(name="higher", label="higher risk", dashes="9 4"),
)
GROUP_BY_NAME = {style.name: style for style in GROUPS}

# light-dark() follows the page's theme; a file on its own shows the light value.
STYLE = """
.hn-chart{font-family:inherit;font-size:12px;font-variant-numeric:tabular-nums;display:block}
text{fill:light-dark(#1F2933,#E6EAEF)} .soft{fill:light-dark(#5B6B7B,#A3B0BD)}
.small{font-size:11px} .strong{font-weight:600}
.grid{stroke:light-dark(#D9DEE4,#343C46);stroke-width:1}
.axis{stroke:light-dark(#5B6B7B,#A3B0BD);stroke-width:1}
.curve{fill:none;stroke-width:1.75} .band{opacity:.13;stroke:none}
.lower{stroke:light-dark(#0F4C81,#6FB1EA)} .fill-lower{fill:light-dark(#0F4C81,#6FB1EA)}
.intermediate{stroke:light-dark(#7A869A,#A8B3C2)}
.fill-intermediate{fill:light-dark(#7A869A,#A8B3C2)}
.higher{stroke:light-dark(#C2571A,#F0935A)} .fill-higher{fill:light-dark(#C2571A,#F0935A)}
text.fill-intermediate{fill:light-dark(#5B6B7B,#A8B3C2)}
.tick{stroke:light-dark(#1F2933,#E6EAEF);stroke-width:1.25}
.patient{stroke:light-dark(#1F2933,#FFFFFF);stroke-width:2.25;fill:none}
.fill-patient{fill:light-dark(#1F2933,#FFFFFF);stroke:light-dark(#FFFFFF,#14181D)}
.hollow{fill:light-dark(#FFFFFF,#14181D);stroke:light-dark(#1F2933,#FFFFFF);stroke-width:1.5}
.halo{paint-order:stroke;stroke:light-dark(#FFFFFF,#14181D);stroke-width:3px}
.range{fill:light-dark(#1F2933,#FFFFFF);opacity:.12}
.density{fill:light-dark(#C9D2DB,#3D4854)} .veil{fill:light-dark(#5B6B7B,#A3B0BD);opacity:.1}
"""


def in_a_page() -> str:
    """Return the style for the pictures of a report, which are drawn larger than in the app.

    It styles the pictures and nothing else of the page, and knows no ``light-dark``, which
    browsers of 2023 do not know either: a line without a colour is no line.
    """
    sized = STYLE.replace(".small{font-size:11px}", ".small{font-size:9px}")
    plain = re.sub(r"light-dark\((#\w+),#\w+\)", r"\1", sized)
    scoped = re.sub(r"([^{}]+)\{", lambda hit: f".hn-chart {hit[1].strip()}{{", plain)
    return scoped.replace(".hn-chart .hn-chart", ".hn-chart")


def ordinal(percentile: Number) -> str:
    """Return a percentile as people say it: 1st, 2nd, 83rd, 11th.

    From 1st to 99th: nobody stands below or above all of a cohort that they are part of.
    """
    number = min(99, max(1, round(percentile)))
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
