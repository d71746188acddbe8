"""Files say what the prediction says, to the last digit, and cannot run anything."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from healnet.exceptions import ConfigError, ShapeError
from healnet.explain.csv_files import attention_csv, attributions_csv, write_csv
from healnet.explain.geojson import heatmap_geojson
from healnet.explain.prediction import PatchMap, Prediction, SlideExplanation
from healnet.explain.prediction_files import read_prediction
from healnet.explain.report import report_html
from healnet.explain.result_json import RESULT_KEYS, explanation_json, result_json


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def write_all(prediction: Prediction, folder: Path) -> Path:
    (folder / "result.json").write_text(result_json(prediction))
    (folder / "explanation.json").write_text(explanation_json(prediction))
    (folder / "attention.csv").write_text(attention_csv(prediction.slides))
    (folder / "attributions.csv").write_text(attributions_csv(prediction))
    return folder


def test_result_has_exactly_the_agreed_keys_and_every_digit(prediction: Prediction) -> None:
    odd = replace(prediction, risk=0.1 + 0.2)

    values = json.loads(result_json(odd))

    assert tuple(values) == RESULT_KEYS
    assert values["risk"] == 0.1 + 0.2
    assert values["survival"][1] == {"time_months": 60.0, "survival": 0.4}
    assert values["range"]["risk"] == {"low": -1.5, "high": -1.0}
    assert set(values["warnings"][0]) == {"code", "what", "where", "why", "fix"}


def test_a_number_that_is_none_is_never_written(prediction: Prediction) -> None:
    with pytest.raises(ShapeError) as refusal:
        result_json(replace(prediction, risk=float("nan")))

    assert refusal.value.code == "RESULT-NAN"


def test_a_map_with_a_hole_is_refused() -> None:
    with pytest.raises(ShapeError, match="not numbers"):
        PatchMap(method="attention", values=np.array([1, np.nan], np.float32), unit="x uniform")


def test_patches_keep_their_place_and_values(slide_explanation: SlideExplanation) -> None:
    rows = rows_of(attention_csv([slide_explanation]))

    assert list(rows[0]) == ["slide", "x", "y", "size", "attention", "attribution"]
    assert [(row["x"], row["y"], row["size"]) for row in rows] == [
        ("0", "0", "256"),
        ("256", "0", "256"),
        ("0", "512", "256"),
    ]
    assert [float(row["attribution"]) for row in rows] == pytest.approx([0.125, -0.25, 0.1])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    written = io.StringIO(write_csv(("a", "b"), [(text, -1.5)]), newline="")

    kept = text.replace("\t", " ").replace("\r", " ")
    assert list(csv.reader(written))[1:] == [[f"'{kept}", "-1.5"]]


def test_a_text_never_breaks_a_row() -> None:
    written = io.StringIO(write_csv(("a", "b"), [('x\r\ny,"z\0', 1)]), newline="")

    assert list(csv.reader(written))[1:] == [['x  y,"z ', "1"]]


def test_attributions_keep_numbers_as_numbers(prediction: Prediction) -> None:
    rows = rows_of(attributions_csv(prediction))

    assert list(rows[0]) == ["modality", "feature", "value", "attribution"]
    assert rows[0]["feature"] == "'+SUM(A1)"
    assert float(rows[0]["value"]) == 1 / 3
    assert rows[1]["value"] == "'@II"
    assert float(rows[1]["attribution"]) == -0.05


def test_geojson_squares_lie_where_the_patches_lie(slide_explanation: SlideExplanation) -> None:
    collection = json.loads(heatmap_geojson(slide_explanation))

    squares = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert len({square["id"] for square in squares}) == 3
    for square, corner in zip(squares, slide_explanation.features.coords, strict=True):
        ring = np.array(square["geometry"]["coordinates"][0])
        assert ring[0].tolist() == ring[-1].tolist() == corner.tolist()
        assert ring.max(axis=0).tolist() == (corner + 256).tolist()
    measured = squares[1]["properties"]["measurements"]
    assert measured == {"attention (x uniform)": 2.0, "attribution (risk)": -0.25}


def test_report_escapes_names_and_loads_nothing(prediction: Prediction, tmp_path: Path) -> None:
    page = report_html(read_prediction(write_all(prediction, tmp_path)))

    assert "CASE &lt;1&gt;" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "Research use only" in page
    assert "percentile 82" in page


def test_report_of_a_case_without_slides_and_tables(
    prediction: Prediction, tmp_path: Path
) -> None:
    bare = replace(prediction, slides=(), attributions=(), warnings=(), subsets={})

    page = report_html(read_prediction(write_all(bare, tmp_path)))

    assert "Higher-risk group" in page


@pytest.mark.parametrize(
    "name", ["result.json", "explanation.json", "attention.csv", "attributions.csv"]
)
def test_a_folder_that_is_no_whole_prediction_is_refused(
    prediction: Prediction, tmp_path: Path, name: str
) -> None:
    (write_all(prediction, tmp_path) / name).write_text("[1, 2")

    with pytest.raises(ConfigError) as refusal:
        read_prediction(tmp_path)

    assert refusal.value.code == "PREDICTION-FOLDER"
    assert refusal.value.where == name


def test_a_flat_map_reads_from_everywhere_and_a_peaked_one_does_not() -> None:
    flat = PatchMap(method="attention", values=np.ones(50, np.float32), unit="x uniform")
    peaked = PatchMap(
        method="attention", values=np.eye(1, 50, dtype=np.float32)[0], unit="x uniform"
    )

    assert flat.effective_share == pytest.approx(1.0)
    assert peaked.effective_share == pytest.approx(1 / 50)
