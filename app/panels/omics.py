"""The omics tab: which features moved the risk; or how to add a profile."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app import markup
from app.case_tables import matched_features
from app.charts.styles import ordinal
from app.charts.waterfall import (
    Contribution,
    draw_waterfall,
    make_waterfall,
    sum_by_modality,
)
from app.panels import table_upload
from app.panels.remarks import missing_words
from app.predictions import check_owner
from app.reading import CaseReading
from app.store.records import SLIDE, CaseRecord
from app.store.workspace import Workspace

if TYPE_CHECKING:
    from healnet.explain.prediction import FeatureAttribution, Prediction
    from healnet.omics.name_match import MatchReport

NO_OMICS = "No omic profile for this case."
FIRST = 5


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the waterfall of a case with a profile, and the upload for own cases."""
    if read.prediction is not None and read.prediction.attributions:
        check_owner(read.prediction, case.id)
        _show_waterfall(case, read.prediction)
    elif not case.tables:
        words = escape(missing_words(case, read.prediction) or NO_OMICS)
        st.html(f'<p class="hn-empty">{words}</p>')
    _show_matches(case, read)
    if not case.is_built_in:
        table_upload.show(workspace, case)


def _show_matches(case: CaseRecord, read: CaseReading) -> None:
    """Say how much of what the model expects each table has, and what is missing."""
    if read.prediction is None or read.bundle is None or not case.tables:
        return
    rows = "".join(
        f"<tr><th>{escape(report.modality)}</th><td>{report.matched} of {report.expected}</td>"
        f"<td>{escape(_missing(report))}</td></tr>"
        for report in matched_features(case, read.bundle)
    )
    head = "<th>table</th><th>features matched</th><th>missing</th>"
    st.html(f'<table class="hn-table hn-left"><tr>{head}</tr>{rows}</table>')


def _missing(report: "MatchReport") -> str:
    named = ", ".join(report.missing[:FIRST])
    more = len(report.missing) - FIRST
    return f"{named}, and {more} more" if more > 0 else named or "none"


def contributions(prediction: "Prediction") -> tuple[Contribution, ...]:
    """Return the attributions as the waterfall takes them."""
    return tuple(_contribution(one) for one in prediction.attributions)


def _show_waterfall(case: CaseRecord, prediction: "Prediction") -> None:
    found = contributions(prediction)
    kinds = make_waterfall(sum_by_modality(found), total_name="all together")
    tables = tuple(one for one in found if one.modality != SLIDE)
    scene = make_waterfall(tables, total_name="the tables together")
    delta = max(map(abs, prediction.convergence_delta.values()), default=0.0)
    body = (
        '<p class="hn-lead">What moved the risk, against the average training patient. '
        "Integrated gradients: association, not cause.</p>"
        f'<p class="hn-caption">By kind of data</p>{draw_waterfall(kinds)}'
        f'<p class="hn-caption">Strongest features of the tables (a scale of their own)</p>'
        f"{draw_waterfall(scene)}"
        f'<p class="hn-small">Unit: risk, higher is worse. Numerical error of the sum: '
        f"{delta:.1g} (convergence delta).</p>"
        f"{_alone(prediction)}{_data_table(scene.largest)}"
    )
    markup.show(f'<section class="hn-rail">{body}</section>', key=f"omics-{case.id}")


def _alone(prediction: "Prediction") -> str:
    """Return the percentile that the model gives with each modality alone."""
    found = [
        (names[0], one.percentile)
        for names, one in prediction.subsets.items()
        if len(names) == 1 and len(prediction.modalities_used) > 1
    ]
    if not found:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name)} only</th><td>{ordinal(percentile)}</td></tr>"
        for name, percentile in found
    )
    return (
        '<table class="hn-table"><caption>Risk percentile from one kind of data alone</caption>'
        f'{rows}</table><p class="hn-small">These need not add up to the estimate from all: '
        "the model reads each kind in the light of the others.</p>"
    )


def _data_table(rows: tuple[Contribution, ...]) -> str:
    cells = "".join(
        f"<tr><th>{escape(row.name)}</th><td>{escape(row.modality)}</td>"
        f"<td>{escape(row.measured)}</td><td>{row.value:+.4f}</td></tr>"
        for row in rows
    )
    return (
        "<details><summary>Data table</summary>"
        '<table class="hn-table"><tr><th>feature</th><th>table</th><th>value</th>'
        f"<th>change of risk</th></tr>{cells}</table></details>"
    )


def _contribution(one: "FeatureAttribution") -> Contribution:
    if one.value is None:
        measured = "not measured"
    else:
        measured = f"{one.value:.4g}" if isinstance(one.value, float) else str(one.value)
    return Contribution(
        name=one.feature,
        modality=one.modality,
        value=one.attribution,
        percentile=one.cohort_percentile,
        measured=measured,
    )
