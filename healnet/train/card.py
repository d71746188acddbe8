"""The card: what a reader must know about a model before believing a number of it."""

import platform
from collections.abc import Mapping
from importlib import metadata

import torch

from healnet.bundle.model_bundle import ModelBundle
from healnet.data.cohort import Cohort
from healnet.exceptions import Notice
from healnet.train.cohort_cases import CohortCases
from healnet.train.recipe import Recipe

_INTENDED_USE = (
    "Research on multimodal survival prediction and on its explanation: estimates of a "
    "prognostic risk for patients like those of the training cohort."
)
_LIMITS = (
    "Not for diagnosis or treatment decisions.",
    "Prognostic, not predictive of the effect of a treatment.",
    "Associations in one cohort, not causes.",
    "Not validated on patients from elsewhere.",
    "Nothing is said about survival beyond the longest follow-up of the cohort.",
)
_SYNTHETIC_LIMIT = (
    "Trained on invented patients and drawn slides: its numbers mean nothing for real ones."
)
_SYNTHETIC_START_LIMIT = (
    "Tuned from a model of invented patients and drawn slides: what that one learned is in it."
)
RARE_PATIENTS = 20


def build_card(
    recipe: Recipe,
    data: CohortCases,
    metrics: Mapping[str, object],
    *,
    notices: tuple[Notice, ...],
    start: ModelBundle | None = None,
) -> dict[str, object]:
    """Return the card of a trained model.

    A model that was tuned from a synthetic one is marked as synthetic, too.

    Args:
        recipe: Every choice of the run.
        data: The training patients.
        metrics: From :func:`healnet.train.metrics.measure`.
        notices: What came up while training.
        start: The model it was tuned from.
    """
    is_tuned_from_synthetic = start is not None and start.is_synthetic
    limits = (
        *((_SYNTHETIC_LIMIT,) if recipe.is_synthetic else ()),
        *((_SYNTHETIC_START_LIMIT,) if is_tuned_from_synthetic else ()),
        *_LIMITS,
    )
    return {
        "name": recipe.name,
        "is_synthetic": recipe.is_synthetic or is_tuned_from_synthetic,
        "start": None if start is None else _describe_start(start),
        "intended_use": _INTENDED_USE,
        "limits": list(limits),
        "data": _describe(recipe, data),
        "inputs": _inputs(data),
        "performance": dict(metrics),
        "recipe": recipe.to_dict(),
        "versions": versions(),
        "notices": [notice.to_dict() for notice in notices],
    }


def versions() -> dict[str, str]:
    """Return the versions that decide the numbers."""
    names = ("healnet-app", "numpy", "torch")
    known = {name: _version(name) for name in names}
    return {"python": platform.python_version(), **known, "torch_build": torch.__version__}


def rare_notices(counts: Mapping[str, int]) -> tuple[Notice, ...]:
    """Return a warning for each modality that few training patients had."""
    return tuple(
        Notice(
            code="MODALITY-RARE",
            what=f"{name} modality was seen in {count} training "
            f"patient{'' if count == 1 else 's'}",
            where=name,
            why="the model cannot have learned what it means; what it adds is near to chance",
            fix="do not rely on the part of the risk that comes from it",
        )
        for name, count in counts.items()
        if count < RARE_PATIENTS
    )


def _describe_start(start: ModelBundle) -> dict[str, object]:
    """Return which model it was, and which one that was tuned from."""
    return {
        "name": start.name,
        "sha256": start.sha256,
        "is_synthetic": start.is_synthetic,
        "start": start.card.get("start"),
    }


def _describe(recipe: Recipe, data: CohortCases) -> dict[str, object]:
    cohort: Cohort = data.cohort.subset(list(data.cases))
    sites = {patient.site for patient in cohort.patients if patient.site}
    return {
        "description": recipe.data,
        "source": cohort.name,
        "endpoint": cohort.endpoint or recipe.endpoint,
        "patients": len(cohort),
        "events": int(cohort.event.sum()),
        "sites": len(sites) or None,
        "follow_up_months": {
            "median": float(torch.from_numpy(cohort.time_months).median()),
            "longest": float(cohort.time_months.max()),
        },
        "patients_by_modality": data.counts(),
    }


def _inputs(data: CohortCases) -> dict[str, object]:
    tables = {name: int(frame.shape[1]) for name, frame in data.cohort.tables.items()}
    slide = data.slide
    if slide is None:
        return {"slide": None, "table_columns": tables}
    return {
        "slide": {
            "encoder": slide.encoder.name,
            "licence": slide.encoder.licence,
            "mpp": slide.mpp,
            "patch_px": slide.patch_px,
        },
        "table_columns": tables,
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "from source"
