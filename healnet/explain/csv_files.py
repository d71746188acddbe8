"""CSV exports: numbers keep all their digits, text can never become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from healnet.exceptions import ShapeError
from healnet.explain.prediction import Prediction, SlideExplanation

ATTENTION_COLUMNS = ("slide", "x", "y", "size", "attention", "attribution")
ATTRIBUTION_COLUMNS = ("modality", "feature", "value", "attribution")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def attention_csv(slides: Sequence[SlideExplanation]) -> str:
    """Return one row a patch: place in level-0 pixels, attention (x uniform), attribution."""
    rows: list[Sequence[object]] = []
    for slide in slides:
        attention, attribution = main_maps(slide)
        size = slide.features.patch_size_l0
        name = slide.features.name
        for (x, y), read, moved in zip(
            slide.features.coords.tolist(), attention, attribution, strict=True
        ):
            rows.append((name, x, y, size, read, moved))
    return write_csv(ATTENTION_COLUMNS, rows)


def attributions_csv(prediction: Prediction) -> str:
    """Return one row a feature, strongest first."""
    rows = [
        (item.modality, item.feature, item.value, item.attribution)
        for item in prediction.attributions
    ]
    return write_csv(ATTRIBUTION_COLUMNS, rows)


def main_maps(slide: SlideExplanation) -> tuple[list[float], list[float]]:
    """Return the two values that stand for a patch in a file: attention and attribution.

    Raises:
        ShapeError: If the slide was not explained.
    """
    attention = slide.find("attention")
    attribution = slide.find("perturbation") or slide.find("gradient")
    if attention is None or attribution is None:
        raise ShapeError(
            "the slide has no attention and attribution map",
            where=slide.features.name,
            fix="predict with explanations",
        )
    return attention.values.tolist(), attribution.values.tolist()


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text. Text cells that a spreadsheet would run are quoted with ``'``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def csv_cell(value: object) -> str:
    """Return a value as it stands in a CSV file of ours."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        return str(value)
    one_line = "".join(" " if c in "\r\n\t\0" else c for c in value)
    return f"'{one_line}" if value.startswith(_FORMULA_STARTS) else one_line
