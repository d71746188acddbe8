"""The card of a model: what it is for, on whom it was trained, how well it ranks."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from app import markup, models
from app.charts.interval_dots import IntervalRow, draw_intervals
from app.cohort_view import CohortView, view_cohort
from app.statements import cohort_name, endpoint, median_words
from app.store.workspace import Workspace

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle


def show(workspace: Workspace) -> None:
    """Show the card of the shipped model, or how to get one."""
    bundle = models.load_model(workspace)
    cohort = view_cohort(bundle.reference)
    body = (
        f'<h1 class="hn-title">{escape(bundle.name)}</h1>'
        + _facts(bundle, cohort)
        + "<h2>How well it ranks</h2>"
        + draw_intervals(metric_rows(bundle, cohort))
        + "<h2>Groups</h2>"
        + _groups(cohort)
        + "<h2>Limits</h2>"
        + _limits(bundle)
    )
    markup.show(f'<article class="hn-card">{body}</article>', key=f"card-{bundle.sha256[:12]}")


def metric_rows(bundle: "ModelBundle", cohort: CohortView) -> tuple[IntervalRow, ...]:
    """Return the concordance of the model, and of the baselines that its card names."""
    own = IntervalRow(
        name="this model, held-out folds",
        value=cohort.concordance,
        low=cohort.concordance_low,
        high=cohort.concordance_high,
    )
    stated = bundle.card.get("baselines", {})
    rows = [own]
    if isinstance(stated, Mapping):
        rows += [row for name, found in stated.items() if (row := _baseline(name, found))]
    return tuple(rows)


def _baseline(name: object, found: object) -> IntervalRow | None:
    if not isinstance(found, Mapping) or "value" not in found:
        return None
    value = float(str(found["value"]))
    return IntervalRow(
        name=str(name),
        value=value,
        low=float(str(found.get("low", value))),
        high=float(str(found.get("high", value))),
    )


def _facts(bundle: "ModelBundle", cohort: CohortView) -> str:
    edges = ", ".join(f"{edge:.1f}" for edge in bundle.time_bins.right_edges)
    encoder = bundle.inputs.slide.encoder if bundle.inputs.slide is not None else None
    rows = {
        "for": str(
            bundle.card.get("purpose", "research on how a multimodal model reads a case")
        ),
        "not for": "diagnosis or treatment decisions",
        "cohort": f"{cohort_name(bundle)}: {cohort.num_patients} patients, "
        f"{cohort.num_events} events",
        "endpoint": endpoint(bundle),
        "reads": ", ".join(bundle.modalities),
        "patch encoder": "none" if encoder is None else f"{encoder.name}, {encoder.licence}",
        "members": f"{len(bundle.ensemble)}, one a fold",
        "time bins end at": f"{edges} months",
        "groups cut at": f"percentile {bundle.groups.cut_low:.0f} and "
        f"{bundle.groups.cut_high:.0f}",
        "made": bundle.created or "unknown",
        "sha256": bundle.sha256,
    }
    cells = "".join(
        f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows.items()
    )
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
    stated = bundle.card.get("limits", ())
    texts = [str(text) for text in stated] if isinstance(stated, Sequence) else [str(stated)]
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="hn-notes">{items or "<li>none stated</li>"}</ul>'
