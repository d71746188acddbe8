"""``healnet export``: a prediction folder as one file for another tool."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from healnet.bundle.atomic import atomic_write
from healnet.cli.entry import DONE, say_written
from healnet.exceptions import ConfigError
from healnet.explain.csv_files import ATTENTION_COLUMNS, ATTRIBUTION_COLUMNS, write_csv
from healnet.explain.geojson import Square, numbered, squares_geojson
from healnet.explain.pdf_report import report_pdf
from healnet.explain.prediction_files import (
    EXPLANATION,
    FEATURES,
    PATCHES,
    RESULT,
    PredictionFiles,
    read_prediction,
)
from healnet.explain.report import report_html
from healnet.explain.report_context import CONTEXT

_SOURCES = frozenset({RESULT, EXPLANATION, PATCHES, FEATURES, CONTEXT})


def run(options: argparse.Namespace) -> int:
    """Write one file made from a prediction folder."""
    files = read_prediction(options.prediction)
    _refuse_own_files(options.prediction, options.out)
    if options.format == "geojson":
        for number, text in enumerate(_geojson(files), start=1):
            path = options.out.with_name(numbered(options.out.name, number))
            atomic_write(path, text.encode("utf-8"))
        say_written(options.out)
        return DONE
    say_written(atomic_write(options.out, _WRITERS[options.format](files)))
    return DONE


def _refuse_own_files(prediction: Path, out: Path) -> None:
    """Refuse to write over what the export is made from; a report there may be made anew."""
    if out.resolve().parent == prediction.resolve() and out.name in _SOURCES:
        raise ConfigError(
            "this is a file of the prediction itself",
            code="EXPORT-OVER-PREDICTION",
            where=out.name,
            why="the prediction could not be read any more",
            fix="give the export another name",
        )


def _geojson(files: PredictionFiles) -> list[str]:
    """Return one collection a slide, since each slide has a pixel frame of its own."""
    if not files.patches:
        raise ConfigError(
            "this prediction has no slide, so there is no heatmap",
            code="EXPORT-NO-SLIDE",
            fix="export csv or html",
        )
    squares: dict[str, list[Square]] = {}
    for row in files.patches:
        squares.setdefault(row["slide"], []).append(_square(row))
    model = cast("Mapping[str, object]", files.result["model"])
    return [squares_geojson(part, model=model) for part in squares.values()]


def _square(row: Mapping[str, str]) -> Square:
    return Square(
        slide=row["slide"],
        x=int(row["x"]),
        y=int(row["y"]),
        size=int(row["size"]),
        attention=float(row["attention"]),
        attribution=float(row["attribution"]),
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
    "csv": lambda files: _csv(files).encode("utf-8"),
    "html": lambda files: report_html(files).encode("utf-8"),
    "pdf": report_pdf,
}
