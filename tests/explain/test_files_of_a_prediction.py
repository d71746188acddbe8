"""Files say what the prediction says, to the last digit, and cannot run anything."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from healnet.exceptions import ConfigError, ShapeError
from healnet.explain.csv_files import attention_csv, attributions_csv, write_csv
from healnet.explain.geojson import heatmap_geojson
from healnet.explain.prediction import PatchMap, Prediction, SlideExplanation
from healnet.explain.prediction_files import read_prediction
from healnet.explain.report import report_html
from healnet.explain.report_facts import estimate, slide_pictures
from healnet.explain.result_json import RESULT_KEYS, explanation_json, result_json
from healnet.predict import write_prediction
from healnet.survival.time_bins import TimeBins


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
    model = {"id": "study", "is_synthetic": True}
    collection = json.loads(heatmap_geojson(slide_explanation, model=model))

    assert "Research use only" in collection["use"]
    assert "Synthetic" in collection["use"]
    assert collection["model"] == model
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
    assert "82nd percentile of" in page
    assert "mean rank over 2 models" in page
    assert "Synthetic" not in page


def test_a_synthetic_model_is_named_so_in_every_file(
    prediction: Prediction, tmp_path: Path
) -> None:
    drawn = replace(prediction, is_synthetic=True)

    page = report_html(read_prediction(write_all(drawn, tmp_path)))

    assert re.search('class="banner">[^<]*Synthetic', page)
    result = json.loads(result_json(drawn))
    assert result["model"]["is_synthetic"] is True
    assert "Research use only" in result["use"]
    assert "Synthetic" in result["use"]


def test_the_dot_of_the_curve_is_the_number_of_the_headline(
    prediction: Prediction, tmp_path: Path
) -> None:
    bins = TimeBins(inner_months=(12.0,), horizon_months=48.0)
    wide = replace(prediction, bins=bins, headline_months=36.0)
    result = json.loads(result_json(wide))

    page = report_html(read_prediction(write_all(wide, tmp_path)))

    # S falls from 0.8 at 12 months to 0.4 at 48: two thirds of the way on a log scale at 36.
    at = estimate(result)
    assert at.survival == pytest.approx(0.8 * 0.5 ** (2 / 3))
    assert at.label == "50 of 100 at 36 months (headline)"
    assert "at 36 months: 50 of 100" in page
    assert "of 284 reference patients" in page
    assert at.label in page
    x, y = map(float, re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)"', page).groups())
    assert (x, y) == (
        pytest.approx(640 * 36 / 48, abs=0.1),
        pytest.approx(220 * 0.496, abs=0.2),
    )


def test_a_map_without_a_region_to_leave_out_is_named_for_what_it_is(
    prediction: Prediction, slide_explanation: SlideExplanation, tmp_path: Path
) -> None:
    gradient = replace(slide_explanation.maps[2], method="gradient")
    single = replace(slide_explanation, maps=(*slide_explanation.maps[:2], gradient))

    with_it = slide_pictures(read_prediction(write_all(prediction, tmp_path)))
    without = slide_pictures(
        read_prediction(write_all(replace(prediction, slides=(single,)), tmp_path))
    )

    assert "leaving it out" in with_it[0].attribution_is
    assert without[0].attribution_is.startswith("gradient")


def test_report_of_a_case_without_slides_and_tables(
    prediction: Prediction, tmp_path: Path
) -> None:
    bare = replace(prediction, slides=(), attributions=(), warnings=(), subsets={})

    page = report_html(read_prediction(write_all(bare, tmp_path)))

    assert "Higher-risk group" in page


@pytest.mark.parametrize(
    "name", ["result.json", "explanation.json", "attention.csv", "attributions.csv"]
)
@pytest.mark.parametrize("text", ["[1, 2", "9" * 5000])
def test_a_folder_that_is_no_whole_prediction_is_refused(
    prediction: Prediction, tmp_path: Path, name: str, text: str
) -> None:
    (write_all(prediction, tmp_path) / name).write_text(text)

    with pytest.raises(ConfigError) as refusal:
        read_prediction(tmp_path)

    assert refusal.value.code == "PREDICTION-FOLDER"
    assert refusal.value.where == name


def edited(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((folder / name).read_text())
    change(values)
    (folder / name).write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("result.json", lambda v: v["survival"][0].pop("survival")),
        ("result.json", lambda v: v["survival"].clear()),
        ("result.json", lambda v: v["range"].pop("of")),
        ("result.json", lambda v: v["range"]["survival"].pop()),
        ("result.json", lambda v: v["warnings"].append("text")),
        ("result.json", lambda v: v.update(risk=float("nan"))),
        ("result.json", lambda v: v.update(risk_percentile=True)),
        ("result.json", lambda v: v.update(risk_group="best")),
        ("result.json", lambda v: v.update(model="study")),
        ("explanation.json", lambda v: v.pop("members")),
        ("explanation.json", lambda v: v.update(convergence_delta={"rna": "x"})),
        ("explanation.json", lambda v: v.update(case_id="OTHER")),
        ("explanation.json", lambda v: v["model"].update(sha256="0" * 64)),
    ],
)
def test_a_result_of_another_shape_or_case_is_refused(
    prediction: Prediction, tmp_path: Path, name: str, change: Callable[[Any], object]
) -> None:
    edited(write_all(prediction, tmp_path), name, change)

    with pytest.raises(ConfigError) as refusal:
        read_prediction(tmp_path)

    assert (refusal.value.code, refusal.value.where) == ("PREDICTION-FOLDER", name)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("attention.csv", "512,256", "512,wide"),
        ("attention.csv", "512,256", "512,0"),
        ("attention.csv", "0.125", "inf"),
        ("attention.csv", "256,0,256", "0,0,256"),
        ("attributions.csv", "-0.05", ""),
    ],
)
def test_a_table_with_a_cell_that_cannot_be_is_refused(
    prediction: Prediction, tmp_path: Path, name: str, old: str, new: str
) -> None:
    path = write_all(prediction, tmp_path) / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(ConfigError) as refusal:
        read_prediction(tmp_path)

    assert (refusal.value.code, refusal.value.where) == ("PREDICTION-FOLDER", name)


@pytest.mark.parametrize("name", ["explanation.json", "attention.csv", "attributions.csv"])
def test_a_result_vouches_for_the_other_files(
    prediction: Prediction, tmp_path: Path, name: str
) -> None:
    folder = write_prediction(tmp_path / "p", prediction)
    read_prediction(folder)
    with (folder / name).open("a") as file:
        file.write("\n")

    with pytest.raises(ConfigError, match="is not the file that was written"):
        read_prediction(folder)


def test_the_folder_says_what_its_tables_cannot(prediction: Prediction, tmp_path: Path) -> None:
    folder = write_prediction(tmp_path / "p", replace(prediction, is_synthetic=True))

    said = (folder / "README.txt").read_text()

    assert "Research use only" in said
    assert "Synthetic" in said
    assert set(json.loads((folder / "result.json").read_text())["files"]) == {
        path.name for path in folder.iterdir() if path.name != "result.json"
    }


def test_a_flat_map_reads_from_everywhere_and_a_peaked_one_does_not() -> None:
    flat = PatchMap(method="attention", values=np.ones(50, np.float32), unit="x uniform")
    peaked = PatchMap(
        method="attention", values=np.eye(1, 50, dtype=np.float32)[0], unit="x uniform"
    )

    assert flat.effective_share == pytest.approx(1.0)
    assert peaked.effective_share == pytest.approx(1 / 50)
