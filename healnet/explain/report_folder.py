"""The context and the report, added to a prediction folder that is already written."""

from pathlib import Path

from healnet.explain.prediction_files import RESULT, read_prediction, sha256_of
from healnet.explain.report import report_html
from healnet.explain.report_context import CONTEXT, ReportContext, context_json

REPORT = "report.html"


def write_context(folder: Path, context: ReportContext) -> Path:
    """Write ``context.json`` for the result in a folder, so that every report knows it."""
    result = (folder / RESULT).read_bytes().decode("utf-8")
    return _replace(folder / CONTEXT, context_json(context, result_sha256=sha256_of(result)))


def write_report(folder: Path) -> Path:
    """Write ``report.html`` from the files of a folder, its context included.

    Raises:
        ConfigError: ``PREDICTION-FOLDER`` if the folder is no whole prediction.
    """
    return _replace(folder / REPORT, report_html(read_prediction(folder)))


def _replace(path: Path, text: str) -> Path:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(text.encode("utf-8"))
    return part.replace(path)
