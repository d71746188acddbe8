"""The SVG writer: well-formed, escaped, exact."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from healnet.explain.charts import svg

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@given(text=TEXT)
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    picture = svg.figure(
        [svg.label(text, x=1, y=2), svg.element("rect", svg.tooltip(text), name=text)],
        width=10,
        height=10,
        title=text,
        style="",
    )

    root = ET.fromstring(picture)  # noqa: S314  (made by our own function)

    spaces = {"svg": "http://www.w3.org/2000/svg"}
    assert (root.find("svg:text", spaces).text or "") == text
    assert (root.find(".//svg:title", spaces).text or "") == text
    assert root.get("aria-label") == text


def test_a_script_in_a_name_stays_text() -> None:
    picture = svg.label("<script>alert(1)</script>", x=0, y=0)

    assert "<script" not in picture


def test_numbers_keep_at_most_two_decimals() -> None:
    line = svg.line(1 / 3, 2.0, -0.001, 1e3, "grid")

    assert 'x1="0.33"' in line
    assert 'y1="2"' in line
    assert 'x2="0"' in line
    assert 'y2="1000"' in line


def test_steps_go_right_then_down() -> None:
    path = svg.steps([0, 10, 30], [100, 80, 50], end=40)

    assert path == "M0 100H10V80H30V50H40"


def test_a_band_runs_back_under_the_upper_curve() -> None:
    path = svg.band([0, 10], lower=[5, 9], upper=[1, 3], end=20)

    assert path == "M0 1H10V3H20L20 9L10 9L10 5L0 5Z"
