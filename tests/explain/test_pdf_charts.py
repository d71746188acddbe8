"""A chart on paper is the chart of the page: same places, colours, dashes and words."""

import re

import numpy as np
import pytest

from healnet.explain.charts import svg
from healnet.explain.pdf_charts import ChartDocument
from healnet.explain.pdf_document import text_width
from tests.explain.pdf_text import streams_of, text_of

STYLE = ".hn-chart .curve{fill:none;stroke-width:2} .hn-chart .red{stroke:#ff0000;fill:#ff0000}"


def drawn(*parts: str, style: str = STYLE) -> bytes:
    document = ChartDocument(title="t")
    document.new_page()
    picture = svg.figure(parts, width=100, height=50, title="t", style=style)
    assert document.chart(picture, 20, 700, width=200) == pytest.approx(100)
    return document.to_bytes()


def test_a_step_curve_keeps_its_corners_its_dashes_and_its_colour() -> None:
    path = svg.steps([0, 10], [5, 20], end=30)
    curve = svg.element("path", d=path, class_="red curve", stroke_dasharray="9 4", fill="none")

    (page,) = streams_of(drawn(curve))

    assert "2.0000 0 0 -2.0000 20.00 700.00 cm" in page
    assert "0.00 5.00 m 10.00 5.00 l 10.00 20.00 l 30.00 20.00 l S" in page
    assert "1.000 0.000 0.000 RG 2 w [9 4] 0 d" in page


def test_words_end_where_they_should_and_say_no_tooltip() -> None:
    label = svg.element(
        "text", svg.tooltip("hidden"), svg.words("a (b)"), x=50, y=10, text_anchor="end"
    )

    content = drawn(label)

    assert text_of(content) == r"a \(b\)"
    left = float(re.search(r"1 0 0 -1 ([\d.]+) 10.00 Tm", streams_of(content)[0])[1])
    assert left == pytest.approx(50 - text_width("a (b)", size=12), abs=0.01)


def test_translucent_shapes_mix_where_they_overlap() -> None:
    style = ".hn-chart .veil{opacity:.5}"
    one = svg.element("rect", x=0, y=0, width=50, height=50, fill="#000000", class_="veil")
    other = svg.element("rect", x=25, y=0, width=75, height=50, fill="#000000", class_="veil")

    page, picture = streams_of(drawn(one, other, style=style))

    pixels = np.frombuffer(picture.encode("latin-1"), np.uint8).reshape(200, 400, 3)
    assert [int(pixels[100, x, 0]) for x in (50, 150, 300)] == pytest.approx(
        [127, 63, 127], abs=2
    )
    assert "/I1 Do" in page


def test_a_filled_circle_and_a_rectangle_are_closed() -> None:
    (page,) = streams_of(
        drawn(
            svg.element("circle", cx=10, cy=10, r=4, fill="#00ff00"),
            svg.element("rect", x=1, y=2, width=3, height=4, fill="#0000ff"),
        )
    )

    assert page.count(" c ") == 4
    assert "14.00 10.00 m" in page
    assert "1.00 2.00 m 4.00 2.00 l 4.00 6.00 l 1.00 6.00 l f" in page
