"""The patches tab: how peaked the map is, and whether a second method agrees with it."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app.predictions import check_owner
from app.reading import CaseReading
from app.store.records import CaseRecord
from healnet.explain.report_words import NEARLY_ALL, NEARLY_UNIFORM

if TYPE_CHECKING:
    from healnet.explain.prediction import PatchMap, SlideExplanation


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the maps of the slide in numbers."""
    if read.prediction is None or not read.prediction.slides:
        st.html(f'<p class="hn-empty">{_why_nothing(case, read)}</p>')
        return
    check_owner(read.prediction, case.id)
    slide = read.prediction.slides[0]
    lead = (
        "A map shows where the model read from, not why the patient has this risk. A second "
        "method on the same patches tells whether it matters."
    )
    st.html(
        f'<section class="hn-rail"><p class="hn-lead">{lead}</p>'
        f"{_maps_table(slide)}{_agreement(slide)}</section>"
    )


def _why_nothing(case: CaseRecord, read: CaseReading) -> str:
    if not case.slides and not case.features:
        return "No slide for this case, so there are no patches."
    if read.slide_state == "ready":  # analysed, but the estimate was refused
        return "No maps without an estimate. What is in its way stands under Prognosis."
    return "No patches yet: the slide has not been analysed."


def spread_words(one: "PatchMap") -> str:
    """Return how peaked a map is, in words; only where it was read from can be uniform."""
    share = one.effective_share
    words = (
        "more than 99 % of patches" if share > NEARLY_ALL else f"{100 * share:.0f} % of patches"
    )
    return f"{words}: nearly uniform" if share > NEARLY_UNIFORM and not one.signed else words


def _maps_table(slide: "SlideExplanation") -> str:
    rows = "".join(
        f"<tr><th>{escape(one.label)}</th><td>{_range(one)}</td>"
        f"<td>{escape(spread_words(one))}</td></tr>"
        for one in slide.maps
        if one.head is None
    )
    head = "<th>map</th><th>range</th><th>spread over</th>"
    return (
        f'<p class="hn-small">{len(slide.features)} patches of '
        f"{slide.features.patch_size_l0} level-0 pixels</p>"
        f'<table class="hn-table hn-left"><tr>{head}</tr>{rows}</table>'
    )


def _range(one: "PatchMap") -> str:
    low, high = float(one.values.min()), float(one.values.max())
    if one.unit == "x uniform":
        return f"{low:.2f}\u2013{high:.1f} x uniform"
    return f"{low:+.2g} to {high:+.2g} {escape(one.unit)}".replace("-", "\u2212")


def _said(agreement: float | None) -> str:
    return "no order: the same everywhere" if agreement is None else f"{agreement:.2f}"


def _agreement(slide: "SlideExplanation") -> str:
    attention = next((one for one in slide.maps if one.method == "attention"), None)
    others = [one for one in slide.maps if one.method in {"gradient", "perturbation"}]
    if attention is None or not others:
        return ""
    from healnet.explain.rank_agreement import rank_agreement  # noqa: PLC0415  (heavy)

    found = [(escape(other.label), rank_agreement(attention, other)) for other in others]
    rows = "".join(f"<tr><th>{name}</th><td>{_said(value)}</td></tr>" for name, value in found)
    return (
        '<table class="hn-table hn-left"><caption>Rank agreement with attention (Spearman; '
        f"1 = same order)</caption>{rows}</table>"
    )
