"""The shipped model on patients kept apart, where the truth is known, as in no real study."""

from collections.abc import Mapping
from html import escape

from app.charts.interval_dots import IntervalRow, draw_intervals
from app.model_facts import listed, part

NAMES = {
    "oracle": "true hazard (cannot be exceeded)",
    "model": "this model",
    "slide_only": "slide only",
    "omics_only": "omics only",
    "age_only": "age only",
}
METHODS = {
    "attention": "attention",
    "rollout": "attention rollout",
    "gradient": "gradient x input",
    "perturbation": "left out",
}


def held_out_markup(facts: Mapping[str, object]) -> str:
    """Return the section on the patients kept apart; empty if the study does not say."""
    held_out = part(facts, "held_out")
    rows = held_out_rows(held_out)
    if not rows:
        return ""
    count = len(listed(facts.get("cases")))
    lead = (
        f"Patients that no model was trained on. The study is drawn, so the truth is known; "
        f"{count} of its cases ship with the program. Made by: {facts.get('command', '')}"
    )
    return (
        f'<h2>Patients kept apart</h2><p class="hn-small">{escape(lead)}</p>'
        f"{draw_intervals(rows)}{_maps_table(part(held_out, 'maps'))}"
    )


def held_out_rows(held_out: Mapping[str, object]) -> tuple[IntervalRow, ...]:
    """Return the concordances on the patients kept apart, the true hazard's first."""
    concordances = part(held_out, "concordance")
    found = [(NAMES[name], part(concordances, name)) for name in NAMES]
    return tuple(
        IntervalRow(name=name, value=float(str(one["harrell"])), low=edges[0], high=edges[1])
        for name, one in found
        if len(edges := [float(str(edge)) for edge in listed(one.get("harrell_interval"))]) > 1
    )


def _maps_table(maps: Mapping[str, object]) -> str:
    rows = "".join(
        f"<tr><th>{METHODS.get(method, escape(method))}</th>"
        f"<td>{_area(found, 'tumour')}</td><td>{_area(found, 'lymphocytes')}</td></tr>"
        for method in maps
        if (found := part(maps, method))
    )
    if not rows:
        return ""
    return (
        '<table class="hn-table"><caption>How well each map ranks patches of a true class '
        "(area under the curve, mean over slides; 0.5 is chance)</caption>"
        f"<tr><th>map</th><th>tumour</th><th>lymphocytes</th></tr>{rows}</table>"
    )


def _area(found: Mapping[str, object], name: str) -> str:
    one = part(found, name)
    return f"{float(str(one['auc_mean'])):.2f}" if "auc_mean" in one else "-"
