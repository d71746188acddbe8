"""Writing a prediction folder: whole, and with nothing of an earlier case left in it."""

from pathlib import Path

from healnet.bundle.atomic import atomic_write
from healnet.explain.csv_files import attention_csv, attributions_csv
from healnet.explain.geojson import EMPTY_GEOJSON, heatmap_geojson
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import read_prediction
from healnet.explain.report import report_html
from healnet.explain.result_json import explanation_json, result_json

RESULT = "result.json"
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
    }
    result = result_json(prediction)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (RESULT, REPORT, *(path.name for path in folder.glob("heatmap*.geojson"))):
        (folder / name).unlink(missing_ok=True)
    for name, text in texts.items():
        atomic_write(folder / name, text.encode("utf-8"))
    atomic_write(folder / RESULT, result.encode("utf-8"))
    if report:
        page = report_html(read_prediction(folder))
        atomic_write(folder / REPORT, page.encode("utf-8"))
    return folder


def _heatmaps(prediction: Prediction) -> dict[str, str]:
    """Return one GeoJSON a slide, since a viewer opens one slide at a time."""
    if not prediction.slides:
        return {"heatmap.geojson": EMPTY_GEOJSON}
    return {
        f"heatmap{f'_{number}' if number > 1 else ''}.geojson": heatmap_geojson(slide)
        for number, slide in enumerate(prediction.slides, start=1)
    }
