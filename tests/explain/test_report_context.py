"""A report says more where a context stands beside the result, and never something else."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.panels import export
from app.settings import ROOT
from healnet.bundle import read_bundle
from healnet.exceptions import ConfigError, Notice
from healnet.explain.pdf_report import report_pdf
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import read_prediction
from healnet.explain.reference_curves import reference_curves
from healnet.explain.report import report_html
from healnet.explain.report_context import ReportContext, pixel_sizes
from healnet.predict import write_prediction
from tests.explain.pdf_text import text_of

GROUPS = ("lower", "intermediate", "higher")
COLOURS = ("#0F4C81", "#7A869A", "#C2571A")


@pytest.fixture
def context() -> ReportContext:
    months = np.array([10.0, 20, 30, 40, 50, 60, 5, 15, 25])
    event = np.array([True, False, True, False, True, False, True, True, False])
    group = [name for name in GROUPS for _ in range(3)]
    return ReportContext(
        title="Left lung <7>",
        written=date(2026, 3, 9),
        cohort="Lung study of Ghent",
        endpoint="overall survival",
        curves=reference_curves(months, event, group),
        um_per_pixel={"=cmd.svs": 0.5},
    )


def written(folder: Path, prediction: Prediction, context: ReportContext) -> Path:
    return write_prediction(folder, prediction, context=context, report=True)


def test_a_report_names_the_title_the_day_and_the_cohort(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    folder = written(tmp_path / "p", prediction, context)

    page = (folder / "report.html").read_text()
    paper = text_of(report_pdf(read_prediction(folder)))

    assert "<h1>Left lung &lt;7&gt;</h1>" in page
    assert "Id in the program: CASE &lt;1&gt;" in page
    for said in (page, paper):
        assert "Prediction written: 9 March 2026" in said
        assert "Lung study of Ghent, N = 9, 5 events, overall survival" in said
    assert "Left lung <7>, page 1" in paper


def test_a_report_shows_the_reference_groups_and_the_patient(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    folder = written(tmp_path / "p", prediction, context)

    page = (folder / "report.html").read_text()
    paper = text_of(report_pdf(read_prediction(folder)))

    chart = page[page.index("Observed survival of the reference groups") :]
    dashes = dict(re.findall(r'class="curve (\w+)"(?: stroke-dasharray="([^"]+)")?', chart))
    assert dashes == {"lower": "", "intermediate": "7 3 1.5 3", "higher": "9 4"}
    assert re.search('class="patient" stroke-dasharray="2 3"', chart)
    for name, colour in zip(GROUPS, COLOURS, strict=True):
        assert f".{name}{{stroke:{colour}}}" in chart
        assert f'class="band fill-{name}"' in chart
    for words in ("lower risk", "higher risk", "this patient", "at risk"):
        assert words in chart
        assert words in paper
    assert "light-dark" not in page


def test_a_report_without_a_context_still_says_the_day_and_the_number(
    prediction: Prediction, tmp_path: Path
) -> None:
    folder = write_prediction(tmp_path / "p", prediction, report=True)

    page = (folder / "report.html").read_text()

    day = read_prediction(folder).written
    assert f"Prediction written: {day.day} {day:%B %Y}" in page
    assert "training patients of the model study, N = 284" in page
    assert "<h1>Case CASE &lt;1&gt;</h1>" in page
    assert "Observed survival" not in page


def test_a_report_says_what_risk_is_and_that_percentiles_do_not_add_up(
    prediction: Prediction, tmp_path: Path
) -> None:
    folder = write_prediction(tmp_path / "p", prediction, report=True)

    page = (folder / "report.html").read_text()
    paper = text_of(report_pdf(read_prediction(folder)))

    for said in (page, paper):
        plain = " ".join(said.split())
        assert "minus the sum of the survival probabilities" in plain
        assert "lies between -2 and 0" in plain
        assert "do not add up" in plain


def test_a_context_of_an_earlier_result_is_left_alone(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    folder = written(tmp_path / "p", prediction, context)

    write_prediction(folder, replace(prediction, risk=-1.2))

    assert read_prediction(folder).context is None


def test_a_context_comes_back_as_it_was_written(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    read = read_prediction(written(tmp_path / "p", prediction, context)).context

    assert read is not None
    assert (read.title, read.written, read.um_per_pixel) == (
        context.title,
        context.written,
        context.um_per_pixel,
    )
    for one, other in zip(read.curves.groups, context.curves.groups, strict=True):
        assert (one.name, one.size, one.table) == (other.name, other.size, other.table)
        for name in ("time_months", "survival", "lower", "upper"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.pop("title"),
        lambda v: v.update(written="yesterday"),
        lambda v: v.update(um_per_pixel={"x": 0}),
        lambda v: v["cohort"].update(last_month=1e9),
        lambda v: v["cohort"].update(groups=[]),
        lambda v: v["cohort"]["groups"][0].update(name="best"),
        lambda v: v["cohort"]["groups"][0]["steps"].clear(),
        lambda v: v["cohort"]["groups"][0]["steps"][-1].update(survival=1.5),
        lambda v: v["cohort"]["groups"][0]["at_risk"].pop(),
    ],
)
def test_a_context_that_cannot_be_is_refused(
    prediction: Prediction,
    context: ReportContext,
    tmp_path: Path,
    change: Callable[[Any], object],
) -> None:
    path = written(tmp_path / "p", prediction, context) / "context.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))

    with pytest.raises(ConfigError) as refusal:
        read_prediction(tmp_path / "p")

    assert (refusal.value.code, refusal.value.where) == ("PREDICTION-FOLDER", "context.json")


def test_pixel_sizes_are_those_that_are_known(prediction: Prediction) -> None:
    (slide,) = prediction.slides
    sized = replace(slide, features=replace(slide.features, mpp=0.25))

    assert pixel_sizes(prediction) == {}
    assert pixel_sizes(replace(prediction, slides=(sized,))) == {"=cmd.svs": 0.25}


def test_the_app_exports_a_report_under_the_users_title(prediction: Prediction) -> None:
    bundle = read_bundle(ROOT / "assets" / "demo" / "model")

    page = export.file_bytes(
        lambda folder: export.write_folder(prediction, bundle, "My title", folder),
        "report.html",
    ).decode()

    assert "<h1>My title</h1>" in page
    assert f"N = {len(bundle.reference)}, {bundle.reference.event.sum()} events" in page
    assert "Observed survival of the reference groups" in page


def test_the_page_of_a_context_loads_nothing_and_escapes_its_names(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    hostile = replace(context, title="<script>a", cohort="<b>", endpoint="<i onload=x>")
    folder = written(tmp_path / "p", prediction, hostile)

    page = report_html(read_prediction(folder))

    for mark in ("<script", "<b>", "<i ", "http://", "https://"):
        assert mark not in page


def test_a_case_out_of_scope_is_marked_above_its_headline(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    unlike = Notice(code="SLIDE-UNLIKE", what="the slide is unlike", where="s")
    folder = written(tmp_path / "a", replace(prediction, warnings=(unlike,)), context)
    plain = written(tmp_path / "b", prediction, context)

    page = (folder / "report.html").read_text()
    paper = text_of(report_pdf(read_prediction(folder)))

    assert page.index("Out of scope: ") < page.index('class="headline"')
    assert "Out of scope: " in paper
    assert "Out of scope: " not in (plain / "report.html").read_text()


def test_a_nearly_uniform_reading_is_called_so_in_both_reports(
    prediction: Prediction, context: ReportContext, tmp_path: Path
) -> None:
    (slide,) = prediction.slides
    count = len(slide.features)
    flat = replace(slide.maps[0], values=np.ones(count, np.float32))
    peaked = replace(flat, values=np.eye(1, count, dtype=np.float32)[0])
    told = []
    for one in (flat, peaked):
        maps = (one, *slide.maps[1:])
        folder = tmp_path / str(len(told))
        case = replace(prediction, slides=(replace(slide, maps=maps),))
        written(folder, case, context)
        paper = text_of(report_pdf(read_prediction(folder)))
        told.append("nearly uniform" in (folder / "report.html").read_text())
        assert ("nearly uniform" in paper) == told[-1]

    assert told == [True, False]
