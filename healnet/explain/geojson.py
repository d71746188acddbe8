"""Patch maps as GeoJSON: squares in level-0 pixels with measurements, as QuPath opens them."""

import json
import uuid

from healnet.explain.csv_files import main_maps
from healnet.explain.prediction import SlideExplanation

_NAMESPACE = uuid.UUID("5c0d2f5a-6f0e-5d0b-9a51-6f7a0f6f2c11")  # any fixed value will do


def heatmap_geojson(slide: SlideExplanation) -> str:
    """Return a feature collection with one square a patch of one slide.

    Coordinates are level-0 pixels, y downwards, as QuPath expects. Every square is a detection
    with the measurements ``attention (x uniform)`` and ``attribution (risk)``.
    """
    attention, attribution = main_maps(slide)
    size = slide.features.patch_size_l0
    features = [
        _square(x, y, size=size, slide=slide.features.name, values=values)
        for (x, y), *values in zip(
            slide.features.coords.tolist(), attention, attribution, strict=True
        )
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, allow_nan=False, separators=(",", ":"))


def _square(x: int, y: int, *, size: int, slide: str, values: list[float]) -> dict[str, object]:
    right, bottom = x + size, y + size
    ring = [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]]
    attention, attribution = values
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_NAMESPACE, f"{slide}/{x}/{y}")),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "detection",
            "name": f"patch {x}, {y}",
            "measurements": {
                "attention (x uniform)": attention,
                "attribution (risk)": attribution,
            },
        },
    }
