"""``result.json``: the machine-readable answer, with a fixed set of keys and no NaN."""

import json
from collections.abc import Mapping

from healnet.exceptions import ShapeError
from healnet.explain.prediction import Prediction, SlideExplanation, SubsetRisk
from healnet.explain.rank_agreement import rank_agreement

SCHEMA_VERSION = 1
RESEARCH_USE = "Research use only. Not for diagnosis or treatment decisions."
SYNTHETIC = "Synthetic: the model learned from invented patients."
REQUIRED_KEYS = (
    "schema_version", "case_id", "model", "inputs", "modalities_used", "risk",
    "risk_percentile", "risk_group", "hazards", "survival", "range", "warnings",
)  # fmt: skip
RESULT_KEYS = (*REQUIRED_KEYS, "headline", "use", "files")


def result_json(prediction: Prediction, files: Mapping[str, str] | None = None) -> str:
    """Return the result; floats keep every digit.

    Args:
        prediction: What to write.
        files: SHA-256 of the other files of the folder, for which the result vouches.

    Raises:
        ShapeError: ``RESULT-NAN`` if any number is not finite.
    """
    edges = [float(edge) for edge in prediction.bins.right_edges]
    values = {
        "schema_version": SCHEMA_VERSION,
        "case_id": prediction.case_id,
        "model": model_of(prediction),
        "inputs": [{"role": item.role, "sha256": item.sha256} for item in prediction.inputs],
        "modalities_used": list(prediction.modalities_used),
        "risk": prediction.risk,
        "risk_percentile": prediction.risk_percentile,
        "risk_group": prediction.risk_group,
        "hazards": prediction.hazards.tolist(),
        "survival": [
            {"time_months": edge, "survival": value}
            for edge, value in zip(edges, prediction.survival.tolist(), strict=True)
        ],
        "range": _range(prediction, edges),
        "warnings": [warning.to_dict() for warning in prediction.warnings],
        "headline": {
            "time_months": prediction.headline_months,
            "reference_patients": prediction.reference_patients,
        },
        "use": use_of(is_synthetic=prediction.is_synthetic),
        "files": dict(files or {}),
    }
    return to_json(values)


def use_of(*, is_synthetic: bool) -> str:
    """Return what a result may be used for, as every file and page says it."""
    return f"{RESEARCH_USE} {SYNTHETIC}" if is_synthetic else RESEARCH_USE


def model_of(prediction: Prediction) -> dict[str, object]:
    """Return which model answered, as files name it."""
    return {
        "id": prediction.model_id,
        "sha256": prediction.model_sha256,
        "is_synthetic": prediction.is_synthetic,
    }


def explanation_json(prediction: Prediction) -> str:
    """Return what stands behind the result: members, subsets, maps and numerical errors."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "case_id": prediction.case_id,
        "model": model_of(prediction),
        "members": [
            {
                "member": number,
                "risk": risk,
                "risk_percentile": prediction.member_percentiles[number],
            }
            for number, risk in prediction.member_risks.items()
        ],
        "is_unseen": prediction.unseen,
        "subsets": [_subset(key, value) for key, value in prediction.subsets.items()],
        "convergence_delta": dict(prediction.convergence_delta),
        "maps": [entry for slide in prediction.slides for entry in _map_entries(slide)],
        "notes": list(prediction.notes),
    }
    return to_json(values)


def to_json(values: Mapping[str, object]) -> str:
    """Return indented JSON text; refuse NaN and infinity.

    Raises:
        ShapeError: ``RESULT-NAN``.
    """
    try:
        return json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    except ValueError as error:
        raise ShapeError(
            "a number of the result is not finite",
            code="RESULT-NAN",
            why="it would be read as a risk",
            fix="report it with the model and the inputs",
        ) from error


def _range(prediction: Prediction, edges: list[float]) -> dict[str, object]:
    lows, highs = prediction.survival_low.tolist(), prediction.survival_high.tolist()
    return {
        "risk": {"low": prediction.risk_low, "high": prediction.risk_high},
        "survival": [
            {"time_months": edge, "low": low, "high": high}
            for edge, low, high in zip(edges, lows, highs, strict=True)
        ],
        "of": f"lowest to highest of {len(prediction.member_risks)} models",
    }


def _subset(modalities: tuple[str, ...], subset: SubsetRisk) -> dict[str, object]:
    return {
        "modalities": list(modalities),
        "risk": subset.risk,
        "risk_percentile": subset.percentile,
        "low": subset.low,
        "high": subset.high,
    }


def _map_entries(slide: SlideExplanation) -> list[dict[str, object]]:
    entries = []
    attention = slide.find("attention")
    for item in slide.maps:
        agreement = None
        if attention is not None and item is not attention and len(item.values) > 2:  # noqa: PLR2004
            agreement = rank_agreement(attention, item)
        entries.append(
            {
                "slide": slide.features.name,
                "map": item.label,
                "unit": item.unit,
                "patches": len(item.values),
                "effective_share": item.effective_share,
                "spearman_with_attention": agreement,
            }
        )
    return entries
