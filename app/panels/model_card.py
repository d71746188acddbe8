"""The card of a model: what it is for, on whom it was trained, how well it ranks."""

from html import escape
from typing import TYPE_CHECKING

from app import markup, models
from app.charts.interval_dots import IntervalRow, draw_intervals
from app.cohort_view import CohortView, view_cohort
from app.model_facts import (
    compared_concordances,
    data_rows,
    fold_concordances,
    intended_use,
    limits,
    pooled_concordance,
)
from app.panels.study_numbers import held_out_markup
from app.statements import median_words
from app.store.workspace import Workspace

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle


def show(workspace: Workspace) -> None:
    """Show the card of the shipped model, or how to get one."""
    bundle = models.load_model(workspace)
    cohort = view_cohort(bundle.reference)
    body = (
        f'<h1 class="hn-title">{escape(bundle.name)}</h1><div class="hn-two">'
        f"<section>{_facts(bundle)}<h2>Limits</h2>{_limits(bundle)}"
        f"{held_out_markup(workspace.study.facts())}</section>"
        "<section><h2>How well it ranks held-out patients</h2>"
        '<p class="hn-small">Harrell\'s C with 95 % intervals (bootstrap over patients)</p>'
        f"{_performance(bundle)}<h2>Risk groups</h2>{_groups(cohort)}</section></div>"
    )
    markup.show(f'<article class="hn-card">{body}</article>', key=f"card-{bundle.sha256[:12]}")


def metric_rows(bundle: "ModelBundle") -> tuple[IntervalRow, ...]:
    """Return the concordance of the model, of each fold, modality alone and baseline."""
    pooled = pooled_concordance(bundle)
    found = [pooled] if pooled is not None else []
    found += [*fold_concordances(bundle), *compared_concordances(bundle)]
    return tuple(
        IntervalRow(name=one.name, value=one.value, low=one.low, high=one.high) for one in found
    )


def _performance(bundle: "ModelBundle") -> str:
    rows = metric_rows(bundle)
    if not rows:
        return '<p class="hn-lead">Too few events for a concordance.</p>'
    return draw_intervals(rows)


def _facts(bundle: "ModelBundle") -> str:
    edges = ", ".join(f"{edge:.1f}" for edge in bundle.time_bins.right_edges)
    encoder = bundle.inputs.slide.encoder if bundle.inputs.slide is not None else None
    cuts = f"percentile {bundle.groups.cut_low:.0f} and {bundle.groups.cut_high:.0f}"
    rows = (
        ("for", intended_use(bundle)),
        ("not for", "diagnosis or treatment decisions"),
        ("cohort", bundle.cohort_name),
        *data_rows(bundle),
        ("endpoint", bundle.endpoint),
        ("reads", ", ".join(bundle.modalities)),
        ("patch encoder", "none" if encoder is None else f"{encoder.name}, {encoder.licence}"),
        ("members", f"{len(bundle.ensemble)}, one a fold"),
        ("time bins end at", f"{edges} months"),
        ("groups cut at", cuts),
        ("made", bundle.created or "unknown"),
        ("sha256", bundle.sha256),
    )
    cells = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="hn-table hn-left">{cells}</table>'


def _groups(cohort: CohortView) -> str:
    rows = "".join(
        f"<tr><th>{group.name}</th><td>{group.size}</td><td>{group.num_events}</td>"
        f"<td>{escape(median_words(group))}</td></tr>"
        for group in cohort.groups
    )
    return (
        '<table class="hn-table"><tr><th>group</th><th>patients</th><th>events</th>'
        f"<th>median survival</th></tr>{rows}</table>"
    )


def _limits(bundle: "ModelBundle") -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in limits(bundle))
    return f'<ul class="hn-notes">{items or "<li>none stated</li>"}</ul>'
