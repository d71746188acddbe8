"""The prognosis tab: a sentence, then where the patient stands, then the curves behind it."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app import layout, markup
from app.charts.kaplan_meier import PatientCurve, SurvivalScene, draw_survival
from app.charts.percentile_strip import Estimate, StripScene, draw_strip
from app.charts.styles import GROUP_BY_NAME
from app.cohort_view import CohortView, view_cohort
from app.model_facts import endpoint, pooled_concordance
from app.panels import checks
from app.predictions import check_owner
from app.reading import CaseReading
from app.statements import c_words, headline, median_words, p_words
from app.store.records import SLIDE, CaseRecord
from healnet.exceptions import Notice

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction, SubsetRisk


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the estimate of a case, or what is missing for one."""
    if read.problem is not None:
        layout.show_notice(read.problem, kind="refusal")
    if read.prediction is None or read.bundle is None:
        if read.problem is None:
            st.html(f'<p class="hn-empty">{_why_nothing(read)}</p>')
        return
    check_owner(read.prediction, case.id)
    cohort = view_cohort(read.bundle.reference)
    body = (
        _headline(read.prediction, read.bundle, cohort)
        + _remark(case, read)
        + draw_strip(strip_scene(read.prediction, read.bundle, cohort))
        + draw_survival(survival_scene(read.prediction, read.bundle, cohort))
        + _statistics(read.bundle, cohort)
    )
    markup.show(f'<section class="hn-rail">{body}</section>', key=f"prognosis-{case.id}")
    checks.show(case, read)


def strip_scene(
    prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView
) -> StripScene:
    """Return what the percentile strip shows."""
    members = tuple(prediction.member_percentiles.values())
    everything = Estimate(
        percentile=prediction.risk_percentile, low=min(members), high=max(members)
    )
    return StripScene(
        event_percentiles=cohort.event_percentiles,
        cuts=(bundle.groups.cut_low, bundle.groups.cut_high),
        patient=everything,
        members=members,
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
        last_month=cohort.last_month,
        reliable_until=cohort.reliable_until,
        endpoint=endpoint(bundle),
    )


def switch_rows(prediction: "Prediction") -> dict[str, Estimate]:
    """Return the risk with the slide only, the omics only and both; empty for one kind."""
    used = prediction.modalities_used
    tables = tuple(name for name in used if name != SLIDE)
    if SLIDE not in used or not tables:
        return {}
    wanted = {"slide only": (SLIDE,), "omics only": tables, "both": used}
    found = {name: prediction.subsets.get(names) for name, names in wanted.items()}
    return {name: _estimate(one) for name, one in found.items() if one is not None}


def _estimate(found: "SubsetRisk") -> Estimate:
    return Estimate(percentile=found.percentile, low=found.percentile, high=found.percentile)


def _why_nothing(read: CaseReading) -> str:
    if read.slide_state == "running":
        return "The estimate appears here as soon as the first patches are finished."
    if read.slide_state == "needs_pixel_size":
        return "The estimate needs the pixel size of the slide. Enter it beside the slide."
    if read.slide_state == "not_analysed":
        return "Not analysed yet. Press Analyse above the slide."
    if read.slide_state == "refused":
        return "No estimate: the slide cannot be read by the model. The reason is on the left."
    return "Nothing to predict from yet: add a slide or an omic profile."


def _headline(prediction: "Prediction", bundle: "ModelBundle", cohort: CohortView) -> str:
    words = headline(prediction, bundle, cohort)
    lead = f"{words.group}, {words.percentile}"
    rest = words.sentence.removeprefix(lead)
    return (
        f'<p class="hn-headline"><b class="hn-text-{escape(prediction.risk_group)}">'
        f"{escape(lead)}</b><span>{escape(rest)}</span></p>"
    )


def _remark(case: CaseRecord, read: CaseReading) -> str:
    """Return one line on what is missing, so that the estimate is not over-read."""
    texts = []
    if read.slide_state == "running":
        texts.append("Preliminary: the slide is still being encoded.")
    if not case.tables:
        texts.append(
            "No omic profile for this case. Estimate uses the slide only; expect a wider range."
        )
    if not case.slides and not case.features:
        texts.append(
            "No slide for this case. Estimate uses the omic profile only; expect a wider range."
        )
    if case.slides and read.slide_state in {"not_analysed", "needs_pixel_size", "refused"}:
        texts.append("The slide has not been read: the estimate uses the omic profile only.")
    if read.prediction is not None:
        texts += [warning_words(notice) for notice in read.prediction.warnings]
    return "".join(f'<p class="hn-remark">{escape(text)}</p>' for text in texts)


def warning_words(notice: Notice) -> str:
    """Return a warning as one line: what, and where; the rest stands under Checks."""
    place = f" ({notice.where})" if notice.where else ""
    return f"{notice.what[:1].upper()}{notice.what[1:]}{place}."


def _statistics(bundle: "ModelBundle", cohort: CohortView) -> str:
    medians = ", ".join(
        f"{GROUP_BY_NAME[group.name].label} {median_words(group)}" for group in cohort.groups
    )
    c_index = c_words(pooled_concordance(bundle))
    lines = (
        f"{p_words(cohort.p_value)}, {c_index}, {cohort.num_events} events",
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
