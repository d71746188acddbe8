"""Writing a prediction folder: whole, and with nothing of an earlier case left in it."""

import hashlib
from pathlib import Path

from healnet.bundle.atomic import atomic_write
from healnet.explain.csv_files import attention_csv, attributions_csv
from healnet.explain.geojson import heatmap_geojson, numbered, squares_geojson
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import read_prediction
from healnet.explain.report import report_html
from healnet.explain.result_json import explanation_json, model_of, result_json, use_of

RESULT, README = "result.json", "README.txt"
REPORT = "report.html"


def write_prediction(folder: Path, prediction: Prediction, *, report: bool = False) -> Path:
    """Write all files of a prediction; ``result.json`` comes last and vouches for the rest.

    Args:
        folder: Made if it is missing; files of an earlier prediction in it are replaced.
        prediction: With explanations.
        report: Also write ``report.html``.

    Returns:
        The folder.
    """
    texts = {
        "explanation.json": explanation_json(prediction),
        "attention.csv": attention_csv(prediction.slides),
        "attributions.csv": attributions_csv(prediction),
        **_heatmaps(prediction),
        README: _readme(prediction),
    }
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    result = result_json(prediction, hashes)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (RESULT, REPORT, *(path.name for path in folder.glob("heatmap*.geojson"))):
        (folder / name).unlink(missing_ok=True)
    for name, content in contents.items():
        atomic_write(folder / name, content)
    atomic_write(folder / RESULT, result.encode("utf-8"))
    if report:
        page = report_html(read_prediction(folder))
        atomic_write(folder / REPORT, page.encode("utf-8"))
    return folder


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
