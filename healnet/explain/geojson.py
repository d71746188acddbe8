"""Patch maps as GeoJSON: squares in level-0 pixels with measurements, as QuPath opens them."""

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from healnet.explain.csv_files import main_maps
from healnet.explain.prediction import SlideExplanation
from healnet.explain.result_json import use_of

_NAMESPACE = uuid.UUID("5c0d2f5a-6f0e-5d0b-9a51-6f7a0f6f2c11")  # any fixed value will do


class Square(NamedTuple):
    """A patch: its slide, its corner and side in level-0 pixels, and its two values."""

    slide: str
    x: int
    y: int
    size: int
    attention: float
    attribution: float


def heatmap_geojson(slide: SlideExplanation, *, model: Mapping[str, object]) -> str:
    """Return a feature collection with one square a patch of one slide."""
    size, name = slide.features.patch_size_l0, slide.features.name
    values = zip(*main_maps(slide), strict=True)
    corners = slide.features.coords.tolist()
    return squares_geojson(
        [
            Square(name, x, y, size, attention, attribution)
            for (x, y), (attention, attribution) in zip(corners, values, strict=True)
        ],
        model=model,
    )


def numbered(name: str, number: int) -> str:
    """Return the file name of the map of a slide: that of the first has no number."""
    path = PurePath(name)
    return name if number == 1 else f"{path.stem}_{number}{path.suffix}"


def squares_geojson(squares: Iterable[Square], *, model: Mapping[str, object]) -> str:
    """Return a feature collection of squares of one slide.

    Beside the features stand what the map may be used for and the model, as in
    ``result.json``.

    Coordinates are level-0 pixels, y downwards, as QuPath expects. Every square is a detection
    with the measurements ``attention (x uniform)`` and ``attribution (risk)``.
    """
    features = [_feature(square) for square in squares]
    collection = {
        "type": "FeatureCollection",
        "use": use_of(is_synthetic=bool(model.get("is_synthetic"))),
        "model": dict(model),
        "features": features,
    }
    return json.dumps(collection, allow_nan=False, separators=(",", ":"))


def _feature(square: Square) -> dict[str, object]:
    x, y = square.x, square.y
    right, bottom = x + square.size, y + square.size
    ring = [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]]
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_NAMESPACE, f"{square.slide}/{x}/{y}")),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "detection",
            "name": f"patch {x}, {y}",
            "slide": square.slide,
            "measurements": {
                "attention (x uniform)": square.attention,
                "attribution (risk)": square.attribution,
            },
        },
    }
