"""The omics tab: which features moved the risk; or how to add a profile."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app import markup
from app.case_tables import matched_features
from app.charts.waterfall import (
    Contribution,
    decimals_for,
    draw_waterfall,
    make_waterfall,
    sum_by_modality,
)
from app.model_facts import compared_concordances
from app.panels import table_upload
from app.panels.remarks import missing_words
from app.predictions import check_owner
from app.reading import CaseReading
from app.store.records import SLIDE, CaseRecord
from app.store.workspace import Workspace
from healnet.explain.charts.styles import ordinal

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import FeatureAttribution, Prediction
    from healnet.omics.name_match import MatchReport

NO_OMICS = "No omic profile for this case."
FIRST = 5


def show(workspace: Workspace, case: CaseRecord, read: CaseReading) -> None:
    """Show the waterfall of a case with a profile, and the upload for own cases."""
    if read.prediction is not None and read.bundle and read.prediction.attributions:
        check_owner(read.prediction, case.id)
        _show_waterfall(case, read.prediction, read.bundle)
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


def _show_waterfall(case: CaseRecord, prediction: "Prediction", bundle: "ModelBundle") -> None:
    found = contributions(prediction)
    kinds = make_waterfall(sum_by_modality(found), total_name="all together")
    tables = tuple(one for one in found if one.modality != SLIDE)
    scene = make_waterfall(tables, total_name="the tables together")
    decimals = decimals_for([part.value for part in scene.largest] or [0.0])
    body = (
        '<p class="hn-lead">What moved the risk, against the average training patient. '
        "Integrated gradients: association, not cause.</p>"
        f'<p class="hn-caption">By kind of data</p>{draw_waterfall(kinds, decimals=decimals)}'
        f'<p class="hn-caption">Strongest features of the tables (a scale of their own)</p>'
        f"{draw_waterfall(scene, decimals=decimals)}"
        f'<p class="hn-small">{_ends(prediction, kinds.total)}</p>'
        f"{_alone(prediction, bundle)}{_data_table(scene.largest)}"
    )
    markup.show(f'<section class="hn-rail">{body}</section>', key=f"omics-{case.id}")


def _ends(prediction: "Prediction", moved: float) -> str:
    """Return where the bars begin and end, and what leaving the slide out would do."""
    delta = max(map(abs, prediction.convergence_delta.values()), default=0.0)
    text = (
        f"Unit: risk, higher is worse. The bars lead from {prediction.risk - moved:.3f}, "
        f"the average training patient, to {prediction.risk:.3f}, this patient (numerical "
        f"error {delta:.1g})."
    )
    tables = tuple(name for name in prediction.modalities_used if name != SLIDE)
    without = prediction.subsets.get(tables)
    if without is not None and tables != prediction.modalities_used:
        text += (
            f" Leaving the slide out asks something else: without it the risk is "
            f"{without.risk:.3f}, since the tables then speak for it."
        )
    return text.replace("-", "\u2212")


def _alone(prediction: "Prediction", bundle: "ModelBundle") -> str:
    """Return the percentile that the model gives with each modality alone, and its worth."""
    found = [
        (f"{names[0]} only", one.percentile)
        for names, one in prediction.subsets.items()
        if len(names) == 1 and len(prediction.modalities_used) > 1
    ]
    if not found:
        return ""
    worth = {one.name: f"{one.value:.2f}" for one in compared_concordances(bundle)}
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{ordinal(percentile)}</td>"
        f"<td>{worth.get(name, '-')}</td></tr>"
        for name, percentile in found
    )
    return (
        '<table class="hn-table"><caption>From one kind of data alone</caption>'
        "<tr><th></th><th>risk percentile</th><th>C of that kind, held out</th></tr>"
        f'{rows}</table><p class="hn-small">C 0.5 is chance. The percentiles need not add up: '
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
