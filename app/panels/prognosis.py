"""The prognosis tab: a sentence, then where the patient stands, then the curves behind it."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app import layout, markup
from app.charts.percentile_strip import Estimate, StripScene, draw_strip
from app.cohort_view import CohortView, view_cohort
from app.model_facts import pooled_concordance
from app.panels import checks
from app.panels.analysis import is_refused
from app.panels.remarks import remark, tables_label
from app.predictions import check_owner
from app.reading import CaseReading
from app.statements import (
    c_words,
    headline,
    horizon_survival,
    interpolation_words,
    median_words,
    p_words,
)
from app.store.known_names import as_known
from app.store.records import SLIDE, CaseRecord
from healnet.explain.charts.horizon_mark import HorizonMark
from healnet.explain.charts.kaplan_meier import PatientCurve, SurvivalScene, draw_survival
from healnet.explain.charts.styles import GROUP_BY_NAME

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction

RANGE_WORDS = "range: spread of the models, not a confidence interval"


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the estimate of a case, or what is missing for one."""
    if read.problem is not None:
        layout.show_notice(as_known(read.problem, case.files), kind="refusal")
    if read.prediction is None or read.bundle is None:
        if read.problem is None:
            st.html(f'<p class="hn-empty">{_why_nothing(read)}</p>')
        return
    check_owner(read.prediction, case.id)
    cohort = view_cohort(read.bundle.reference)
    curves = survival_scene(read.prediction, read.bundle, cohort)
    body = (
        _headline(read.prediction, read.bundle, cohort)
        + remark(case, read)
        + draw_strip(strip_scene(read.prediction, read.bundle, cohort))
        + _range_line(read.prediction)
        + draw_survival(curves)
        + _horizon_line(curves)
        + _statistics(read.bundle, cohort)
    )
    markup.show(f'<section class="hn-rail">{body}</section>', key=f"prognosis-{case.id}")
    checks.show(case, read)


def strip_scene(
    prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView
) -> StripScene:
    """Return what the percentile strip shows."""
    return StripScene(
        event_percentiles=cohort.event_percentiles,
        cuts=(bundle.groups.cut_low, bundle.groups.cut_high),
        patient=_everything(prediction),
        members=tuple(prediction.member_percentiles.values()),
        num_reference=cohort.num_patients,
        subsets=switch_rows(prediction),
    )


def survival_scene(
    prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView
) -> SurvivalScene:
    """Return what the Kaplan-Meier chart shows."""
    return SurvivalScene(
        groups=tuple(group.curve for group in cohort.groups),
        patient=PatientCurve(
            edge_months=np.asarray(bundle.time_bins.right_edges),
            survival=np.asarray(prediction.survival),
        ),
        horizon=_horizon_mark(prediction, bundle),
        last_month=cohort.last_month,
        reliable_until=cohort.reliable_until,
        endpoint=bundle.endpoint,
    )


def _horizon_mark(prediction: "Prediction", bundle: "ModelBundle") -> HorizonMark:
    """Return the headline's value as a dot of the chart, with where it comes from."""
    found = horizon_survival(prediction, bundle)
    return HorizonMark(
        month=found.months,
        survival=found.survival,
        label=f"{found.of_hundred} of 100",
        words=interpolation_words(found),
    )


def switch_rows(prediction: "Prediction") -> dict[str, Estimate]:
    """Return the risk with the slide only, the tables only and both; empty for one kind."""
    used = prediction.modalities_used
    tables = tuple(name for name in used if name != SLIDE)
    if SLIDE not in used or not tables:
        return {}
    wanted = {"slide only": (SLIDE,), tables_label(tables): tables}
    found = {name: prediction.subsets.get(names) for name, names in wanted.items()}
    rows = {
        name: Estimate(percentile=one.percentile)  # its range is known for the risk alone
        for name, one in found.items()
        if one is not None
    }
    return {**rows, "both": _everything(prediction)}


def _everything(prediction: "Prediction") -> Estimate:
    members = tuple(prediction.member_percentiles.values())
    if len(members) == 1:
        return Estimate(percentile=prediction.risk_percentile)
    return Estimate(percentile=prediction.risk_percentile, low=min(members), high=max(members))


def _range_line(prediction: "Prediction") -> str:
    if len(prediction.member_percentiles) == 1:  # one model has no range
        return ""
    return f'<p class="hn-small">{RANGE_WORDS}</p>'


def _why_nothing(read: CaseReading) -> str:
    if read.slide_state == "running":
        return "The estimate appears here as soon as the first patches are finished."
    if read.slide_state == "needs_pixel_size":
        return "The estimate needs the pixel size of the slide. Enter it beside the slide."
    if read.slide_state == "not_analysed":
        if not is_refused(read.job):
            return "The estimate appears here once the slide has been analysed."
        return "No estimate: the slide cannot be read by the model. The reason is on the left."
    if read.slide_state == "refused":
        return "No estimate: the slide cannot be read by the model. The reason is on the left."
    return "Nothing to predict from yet: add a slide or an omic profile."


def _headline(prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView) -> str:
    words = headline(prediction, bundle, cohort)
    lead = f"{words.group}, {words.percentile}"
    rest = words.sentence.removeprefix(lead)
    mark, colour = "", f"hn-text-{prediction.risk_group}"
    if checks.is_out_of_scope(prediction):
        from healnet.explain.report_words import OUT_OF_SCOPE  # noqa: PLC0415  (one wording)

        mark, colour = f'<p class="hn-scope">{OUT_OF_SCOPE}</p>', "hn-text-scope"
    return (
        f'{mark}<p class="hn-headline"><b class="{colour}">'
        f"{escape(lead)}</b><span>{escape(rest)}</span></p>"
    )


def _horizon_line(scene: SurvivalScene) -> str:
    words = "" if scene.horizon is None else scene.horizon.words
    return f'<p class="hn-small">{escape(words)}</p>'


def _statistics(bundle: "ModelBundle", cohort: CohortView) -> str:
    medians = ", ".join(
        f"{GROUP_BY_NAME[group.name].label} {median_words(group)}" for group in cohort.groups
    )
    c_index = c_words(pooled_concordance(bundle))
    lines = (
        f"{p_words(cohort.p_value, cohort.p_missing)}, {c_index}, {cohort.num_events} events",
        f"Median: {medians}",
        f"Fewer than 10 at risk in a group after {cohort.reliable_until:.0f} months; "
        f"longest follow-up {cohort.last_month:.0f} months",
    )
    return "".join(f'<p class="hn-small">{escape(line)}</p>' for line in lines) + _landmarks(
        cohort
    )


def _landmarks(cohort: CohortView) -> str:
    months = sorted({month for group in cohort.groups for month in group.landmarks})
    head = "".join(f"<th>{month / 12:g} y</th>" for month in months)
    rows = "".join(
        f"<tr><th>{GROUP_BY_NAME[group.name].label}</th>"
        + "".join(f"<td>{_share(group.landmarks.get(month))}</td>" for month in months)
        + "</tr>"
        for group in cohort.groups
    )
    return (
        '<table class="hn-table"><caption>Observed survival of the reference groups</caption>'
        f"<tr><th></th>{head}</tr>{rows}</table>"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
