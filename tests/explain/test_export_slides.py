"""Each slide has a pixel frame of its own, so each has a GeoJSON of its own."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from healnet.cli.entry import run
from healnet.explain.geojson import numbered
from healnet.explain.prediction import Prediction
from healnet.predict import write_prediction


def test_an_export_never_puts_two_slides_into_one_frame(
    prediction: Prediction, tmp_path: Path
) -> None:
    first, second = (
        replace(one, features=replace(one.features, name=name))
        for one, name in zip(prediction.slides * 2, ("a.svs", "b.svs"), strict=True)
    )
    folder = write_prediction(tmp_path / "p", replace(prediction, slides=(first, second)))
    out = tmp_path / "out" / "map.geojson"

    code = run(["export", str(folder), "--format", "geojson", "--out", str(out)])

    assert code == 0
    assert {path.name for path in out.parent.iterdir()} == {"map.geojson", "map_2.geojson"}
    for number in (1, 2):
        text = out.with_name(numbered("map.geojson", number)).read_text()
        squares = json.loads(text)["features"]
        assert len({square["properties"]["slide"] for square in squares}) == 1
        assert len(squares) == len(first.features)
        assert text == (folder / numbered("heatmap.geojson", number)).read_text()


@pytest.mark.parametrize(
    ("name", "expected"), [("a.b.geojson", "a.b_3.geojson"), ("map", "map_3"), (".x", ".x_3")]
)
def test_a_number_goes_before_the_ending(name: str, expected: str) -> None:
    assert numbered(name, 1) == name
    assert numbered(name, 3) == expected
