"""Writing a prediction folder: whole, and with nothing of an earlier case left in it."""

import hashlib
import json
import re
from pathlib import Path

from healnet.bundle.atomic import atomic_write
from healnet.bundle.folder import MANIFEST
from healnet.exceptions import ConfigError
from healnet.explain.csv_files import attention_csv, attributions_csv
from healnet.explain.geojson import heatmap_geojson, numbered, squares_geojson
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import (
    EXPLANATION,
    FEATURES,
    PATCHES,
    RESULT,
    read_prediction,
    sha256_of,
)
from healnet.explain.report import report_html
from healnet.explain.report_context import CONTEXT, ReportContext, context_json
from healnet.explain.result_json import explanation_json, model_of, result_json, use_of

README = "README.txt"
REPORT = "report.html"
_HEATMAP = re.compile(r"heatmap(_\d+)?\.geojson")
_KEYS = {RESULT: {"model", "risk_percentile"}, EXPLANATION: {"model", "members", "maps"}}


def write_prediction(
    folder: Path,
    prediction: Prediction,
    *,
    context: ReportContext | None = None,
    report: bool = False,
) -> Path:
    """Write all files of a prediction; ``result.json`` comes last and vouches for the rest.

    Args:
        folder: Made if it is missing; files of an earlier prediction in it are replaced.
        prediction: With explanations.
        context: What reports say beside the result; without it they say less.
        report: Also write ``report.html``.

    Returns:
        The folder.

    Raises:
        ConfigError: ``PREDICT-FOLDER`` if files of something else stand in the way.
    """
    texts = {
        EXPLANATION: explanation_json(prediction),
        PATCHES: attention_csv(prediction.slides),
        FEATURES: attributions_csv(prediction),
        **_heatmaps(prediction),
        README: _readme(prediction),
    }
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    result = result_json(prediction, hashes)
    folder.mkdir(parents=True, exist_ok=True)
    for name in earlier_files(folder, case_id=prediction.case_id):
        if name != EXPLANATION:  # says to the end that the others are ours
            (folder / name).unlink(missing_ok=True)
    for name, content in contents.items():
        atomic_write(folder / name, content)
    atomic_write(folder / RESULT, result.encode("utf-8"))
    if context is not None:
        said = context_json(context, result_sha256=sha256_of(result))
        atomic_write(folder / CONTEXT, said.encode("utf-8"))
    if report:
        page = report_html(read_prediction(folder))
        atomic_write(folder / REPORT, page.encode("utf-8"))
    return folder


def earlier_files(folder: Path, *, case_id: str | None = None) -> tuple[str, ...]:
    """Return the files of an earlier prediction in a folder, ``result.json`` first.

    Args:
        folder: It need not exist.
        case_id: Whose prediction may be replaced; anybody's if None.

    Raises:
        ConfigError: ``PREDICT-FOLDER`` if a file with a name of ours is not of a prediction, or
            is of another case.
    """
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    taken = {RESULT, EXPLANATION, README, REPORT, CONTEXT, PATCHES, FEATURES}
    ours = [name for name in there if name in taken or _HEATMAP.fullmatch(name)]
    result = _content(folder / RESULT)
    _refuse_other_case(folder, result.get("case_id"), case_id)
    listed = result.get("files")
    strangers = [] if result or _content(folder / EXPLANATION) else list(ours)
    strangers += [name for name in there if name == MANIFEST]  # a model lives here
    if isinstance(listed, dict) and listed:
        known = {*taken, *listed}
        strangers += [name for name in ours if name not in known]
    if strangers:
        raise ConfigError(
            f"{', '.join(strangers[:3])} is there already and is of no earlier prediction",
            code="PREDICT-FOLDER",
            where=folder.name,
            why="it would be replaced, or taken for a part of this prediction",
            fix="choose another folder",
        )
    return tuple(sorted(ours, key=lambda name: name != RESULT))


def _refuse_other_case(folder: Path, there: object, case_id: str | None) -> None:
    if case_id is None or there is None or there == case_id:
        return
    raise ConfigError(
        "the prediction of another case is there",
        code="PREDICT-FOLDER",
        where=folder.name,
        why="it would be lost",
        fix="choose another folder",
    )


def _content(path: Path) -> dict[str, object]:
    """Return what one of our two JSON files holds; empty if it is not ours."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(values, dict) and _KEYS[path.name] <= set(values)
    return values if is_ours else {}


def _heatmaps(prediction: Prediction) -> dict[str, str]:
    """Return one GeoJSON a slide, since a viewer opens one slide at a time."""
    model = model_of(prediction)
    if not prediction.slides:
        return {"heatmap.geojson": squares_geojson((), model=model)}
    return {
        numbered("heatmap.geojson", number): heatmap_geojson(slide, model=model)
        for number, slide in enumerate(prediction.slides, start=1)
    }


def _readme(prediction: Prediction) -> str:
    """Return what the tables cannot say of themselves, since their columns are fixed."""
    return (
        f"{use_of(is_synthetic=prediction.is_synthetic)}\n\n"
        f"Case {prediction.case_id}, model {prediction.model_id} "
        f"({prediction.model_sha256}).\n"
        "This holds for every file of this folder. result.json lists them with their SHA-256.\n"
    )
