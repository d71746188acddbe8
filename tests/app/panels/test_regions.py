"""True regions become one named area a class."""

import json
from pathlib import Path

from app.panels.regions import read_regions


def polygon(label: str, *rings: list[list[float]]) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
        "properties": {"class": label},
    }


def test_rings_are_gathered_by_class(tmp_path: Path) -> None:
    path = tmp_path / "truth.geojson"
    square = [[0, 0], [4, 0], [4, 4], [0, 0]]
    hole = [[1, 1], [2, 1], [2, 2], [1, 1]]
    features = [polygon("tumour", square, hole), polygon("fat", hole), polygon("tumour", hole)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    fat, tumour = read_regions(path)

    assert (fat.label, tumour.label) == ("truth: fat", "truth: tumour")
    assert (len(fat.rings), len(tumour.rings)) == (1, 3)
    assert tumour.rings[0][1] == (4.0, 0.0)


def test_without_a_file_there_is_no_region() -> None:
    assert read_regions(None) == ()
