"""``healnet export``: a prediction folder as one file for another tool."""

import argparse
from collections.abc import Callable, Mapping

from healnet.bundle.atomic import atomic_write
from healnet.cli.entry import DONE, say_written
from healnet.exceptions import ConfigError
from healnet.explain.csv_files import ATTENTION_COLUMNS, ATTRIBUTION_COLUMNS, write_csv
from healnet.explain.geojson import Square, squares_geojson
from healnet.explain.pdf_report import report_pdf
from healnet.explain.prediction_files import PredictionFiles, read_prediction
from healnet.explain.report import report_html


def run(options: argparse.Namespace) -> int:
    """Write one file made from a prediction folder."""
    files = read_prediction(options.prediction)
    say_written(atomic_write(options.out, _WRITERS[options.format](files)))
    return DONE


def _geojson(files: PredictionFiles) -> str:
    if not files.patches:
        raise ConfigError(
            "this prediction has no slide, so there is no heatmap",
            code="EXPORT-NO-SLIDE",
            fix="export csv or html",
        )
    return squares_geojson(
        Square(
            slide=row["slide"],
            x=int(row["x"]),
            y=int(row["y"]),
            size=int(row["size"]),
            attention=float(row["attention"]),
            attribution=float(row["attribution"]),
        )
        for row in files.patches
    )


def _csv(files: PredictionFiles) -> str:
    """Return the patch table, or the feature table of a case without slides."""
    columns: tuple[str, ...] = ATTENTION_COLUMNS if files.patches else ATTRIBUTION_COLUMNS
    rows = files.patches or files.attributions
    return write_csv(
        columns, ([_number_or_text(row[name]) for name in columns] for row in rows)
    )


def _number_or_text(cell: str) -> object:
    """Return a cell that was read so that it is written as it was."""
    try:
        float(cell)
    except ValueError:
        return cell
    return _Verbatim(cell)


class _Verbatim:
    """A number whose digits are kept as they are."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


_WRITERS: Mapping[str, Callable[[PredictionFiles], bytes]] = {
    "geojson": lambda files: _geojson(files).encode("utf-8"),
    "csv": lambda files: _csv(files).encode("utf-8"),
    "html": lambda files: report_html(files).encode("utf-8"),
    "pdf": report_pdf,
}
