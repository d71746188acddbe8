"""What the card of a model says, read with care: a card is a file and may say anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle


@dataclass(frozen=True, kw_only=True)
class Concordance:
    """Harrell's C with its 95 % interval, and of what it is."""

    name: str
    value: float
    low: float
    high: float


def intended_use(bundle: "ModelBundle") -> str:
    """Return what the model is for."""
    return str(bundle.card.get("intended_use") or "not stated")


def limits(bundle: "ModelBundle") -> tuple[str, ...]:
    """Return what the model is not for, and what was not shown."""
    return tuple(str(text) for text in listed(bundle.card.get("limits")))


def pooled_concordance(bundle: "ModelBundle") -> Concordance | None:
    """Return the held-out concordance; None if there were too few events for one."""
    performance = part(bundle.card, "performance")
    return _concordance("this model, held-out folds", part(performance, "pooled"))


def compared_concordances(bundle: "ModelBundle") -> tuple[Concordance, ...]:
    """Return the concordances of single modalities and of the baselines."""
    performance = part(bundle.card, "performance")
    alone = [
        _concordance(f"{' + '.join(map(str, listed(entry.get('modalities'))))} only", entry)
        for entry in _mappings(performance.get("given_only"))
    ]
    baselines = [
        _concordance(str(entry.get("name")), entry)
        for entry in _mappings(performance.get("baselines"))
    ]
    return tuple(found for found in (*alone, *baselines) if found is not None)


def fold_concordances(bundle: "ModelBundle") -> tuple[Concordance, ...]:
    """Return the concordance of each fold that had enough events."""
    performance = part(bundle.card, "performance")
    found = [
        _concordance(f"fold {int(str(entry.get('fold', 0))) + 1}", entry)
        for entry in _mappings(performance.get("folds"))
    ]
    return tuple(one for one in found if one is not None)


def data_rows(bundle: "ModelBundle") -> tuple[tuple[str, str], ...]:
    """Return the facts on the training patients as (name, value)."""
    data = part(bundle.card, "data")
    follow_up = part(data, "follow_up_months")
    by_modality = part(data, "patients_by_modality")
    rows = [
        ("patients", str(data.get("patients", "unknown"))),
        ("events", str(data.get("events", "unknown"))),
        ("sites", str(data.get("sites") or "not stated")),
        ("with each modality", ", ".join(f"{name} {n}" for name, n in by_modality.items())),
    ]
    if "median" in follow_up and "longest" in follow_up:
        median, longest = (float(str(follow_up[key])) for key in ("median", "longest"))
        rows.append(("follow-up", f"median {median:.0f}, longest {longest:.0f} months"))
    return tuple(rows)


def _concordance(name: str, entry: Mapping[str, object]) -> Concordance | None:
    value, interval = entry.get("harrell"), listed(entry.get("harrell_interval"))
    if not isinstance(value, float) or len(interval) != 2:  # noqa: PLR2004  (low and high)
        return None
    low, high = (float(str(edge)) for edge in interval)
    return Concordance(name=name, value=value, low=low, high=high)


def part(card: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a section of a card; empty if it has none of that name."""
    found = card.get(name)
    return found if isinstance(found, Mapping) else {}


def listed(found: object) -> Sequence[object]:
    """Return a list of a card; empty if it is none."""
    return found if isinstance(found, list | tuple) else ()


def _mappings(found: object) -> tuple[Mapping[str, object], ...]:
    return tuple(entry for entry in listed(found) if isinstance(entry, Mapping))
