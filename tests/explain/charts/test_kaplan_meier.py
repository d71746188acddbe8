"""The Kaplan-Meier chart shows the numbers it is given, and no others."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from healnet.explain.charts.horizon_mark import HorizonMark
from healnet.explain.charts.kaplan_meier import (
    LEFT,
    PLOT_BOTTOM,
    PLOT_TOP,
    RIGHT,
    GroupCurve,
    PatientCurve,
    SurvivalScene,
    draw_survival,
)

SPACES = {"svg": "http://www.w3.org/2000/svg"}
GROUPS = ("lower", "intermediate", "higher")


def make_group(name: str, *, level: float) -> GroupCurve:
    times = np.array([0.0, 12.0, 30.0, 48.0])
    survival = np.array([1.0, level, level - 0.1, level - 0.2])
    return GroupCurve(
        name=name,
        time_months=times,
        survival=survival,
        lower=survival - 0.05,
        upper=np.minimum(survival + 0.05, 1),
        size=40,
        table={
            month: (int(40 - month / 2), int(month / 6), 3) for month in (0, 12, 24, 36, 48)
        },
    )


def make_scene(*, reliable_until: float = 48.0, with_patient: bool = True) -> SurvivalScene:
    patient = PatientCurve(
        edge_months=np.array([10.0, 20.0, 48.0]), survival=np.array([0.9, 0.7, 0.4])
    )
    levels = (0.9, 0.8, 0.6)
    return SurvivalScene(
        groups=tuple(
            make_group(name, level=level) for name, level in zip(GROUPS, levels, strict=True)
        ),
        patient=patient if with_patient else None,
        last_month=48.0,
        reliable_until=reliable_until,
        endpoint="overall survival",
    )


def draw(scene: SurvivalScene) -> ET.Element:
    return ET.fromstring(draw_survival(scene))  # noqa: S314  (made by our own function)


def texts(root: ET.Element) -> list[str]:
    return ["".join(node.itertext()) for node in root.iterfind(".//svg:text", SPACES)]


def curve(root: ET.Element, css: str) -> ET.Element:
    return next(
        node for node in root.iterfind(".//svg:path", SPACES) if node.get("class") == css
    )


def test_every_number_at_risk_is_in_the_table() -> None:
    root = draw(make_scene())

    rows = texts(root)
    for count in ("34", "28", "22", "16"):
        assert sum(text.endswith(count) for text in rows) >= 3


def test_groups_differ_by_line_style_not_only_by_colour() -> None:
    root = draw(make_scene())

    dashes = {curve(root, f"curve {name}").get("stroke-dasharray") for name in GROUPS}
    dashes.add(curve(root, "patient").get("stroke-dasharray"))
    assert len(dashes) == 4


def test_every_group_and_the_patient_are_named_beside_their_curve() -> None:
    shown = texts(draw(make_scene()))

    assert {"lower risk", "intermediate", "higher risk", "this patient (model)"} <= set(shown)


def test_the_patient_steps_down_at_the_edges_of_the_time_bins() -> None:
    root = draw(make_scene())
    axis = [
        float(node.get("x"))
        for node in root.iterfind(".//svg:text", SPACES)
        if node.text in {"0", "48"}
    ]
    start, end = min(axis), max(axis)

    path = curve(root, "patient").get("d")

    steps = [float(number) for number in re.findall(r"H([\d.]+)", path)]
    expected = [start + (end - start) * month / 48 for month in (10, 20, 48, 48)]
    assert steps == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("month", "anchor"), [(15.0, None), (48.0, "end")])
def test_the_survival_of_the_headline_is_an_open_dot_with_its_number(
    month: float, anchor: str | None
) -> None:
    mark = HorizonMark(month=month, survival=0.5, label="50 of 100", words="what it is")

    root = draw(replace(make_scene(), horizon=mark))

    dot = next(node for node in root.iter() if "horizon" in (node.get("class") or ""))
    label = next(node for node in root.iter() if node.text == "50 of 100")
    assert float(dot.get("cx")) == pytest.approx(LEFT + (RIGHT - LEFT) * month / 48, abs=0.01)
    assert float(dot.get("cy")) == pytest.approx((PLOT_TOP + PLOT_BOTTOM) / 2, abs=0.01)
    assert "".join(dot.itertext()) == "what it is"
    assert label.get("text-anchor") == anchor


def test_without_a_patient_no_patient_mark_is_drawn() -> None:
    root = draw(make_scene(with_patient=False))

    assert not [node for node in root.iter() if "patient" in (node.get("class") or "")]


def test_the_axis_is_veiled_where_fewer_than_ten_remain() -> None:
    whole, veiled = draw(make_scene()), draw(make_scene(reliable_until=36.0))

    assert not [node for node in whole.iter() if node.get("class") == "veil"]
    veil = next(node for node in veiled.iter() if node.get("class") == "veil")
    assert "after 36 months" in "".join(veil.itertext())


def test_each_group_has_a_band() -> None:
    root = draw(make_scene())

    for name in GROUPS:
        assert curve(root, f"band fill-{name}").get("d").endswith("Z")
