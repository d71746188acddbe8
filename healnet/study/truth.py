"""The true regions of a slide as GeoJSON polygons in level-0 pixels.

Source: RFC 7946 for the structure; coordinates are pixels, as QuPath reads them.
"""

import numpy as np
from jaxtyping import Bool, Float

from healnet.study.outlines import is_inside, level_lines, simplify
from healnet.study.tissue_layout import FIELD_STEP, REGION_NAMES, Layout, Region

SMALLEST_PX2 = 12.0  # coarse pixels; smaller specks are left out
TOLERANCE = 0.7  # coarse pixels by which a simplified outline may deviate
Ring = Float[np.ndarray, "_ 2"]  # x, y in coarse pixels, closed

COLOURS: dict[Region, tuple[int, int, int]] = {
    Region.STROMA: (230, 159, 0),
    Region.TUMOUR: (213, 94, 0),
    Region.LYMPHOCYTES: (0, 114, 178),
    Region.GLANDS: (0, 158, 115),
    Region.NECROSIS: (90, 90, 90),
    Region.FAT: (240, 228, 66),
    Region.MUSCLE: (204, 121, 167),
}


def region_polygons(layout: Layout) -> dict[str, object]:
    """Return a feature collection: one polygon, with its holes, for each patch of tissue.

    Every feature has the property ``class`` (``tumour``, ``lymphocytes``, ...).
    """
    features = []
    for region, name in REGION_NAMES.items():
        for rings in _polygons(layout.regions == region):
            features.append(_feature(rings, layout, name=name, colour=COLOURS[region]))
    return {"type": "FeatureCollection", "features": features}


def _polygons(mask: Bool[np.ndarray, "h w"]) -> list[list[Ring]]:
    """Return polygons as lists of rings: the outline first, then its holes."""
    rings = [_simplified(line) for line in level_lines(np.pad(mask, 1).astype(float), 0.5)]
    areas = [_signed_area(ring) for ring in rings]
    outlines = [i for i, area in enumerate(areas) if area >= SMALLEST_PX2]
    outlines.sort(key=lambda i: areas[i])
    polygons = {i: [rings[i]] for i in outlines}
    for i, area in enumerate(areas):
        if area <= -SMALLEST_PX2:
            around = [
                j for j in outlines if areas[j] > -area and is_inside(rings[i][:1], rings[j])
            ]
            if around:
                polygons[around[0]].append(rings[i])  # the smallest outline around the hole
    return list(polygons.values())


def _simplified(line: Ring) -> Ring:
    every_second = line[: len(line) - 1 : 2]  # the first point closes the ring again
    ring = simplify(np.concatenate([every_second, line[:1]]), tolerance=TOLERANCE)
    return np.asarray(ring[:, ::-1] - 0.5)  # without the padding, from centres to edges


def _signed_area(ring: Ring) -> float:
    """Return the area, positive for outlines and negative for holes."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2


def _feature(
    rings: list[Ring], layout: Layout, *, name: str, colour: tuple[int, int, int]
) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [_scaled(r, layout) for r in rings]},
        "properties": {
            "class": name,
            "objectType": "annotation",
            "classification": {"name": name, "color": list(colour)},
        },
    }


def _scaled(ring: Ring, layout: Layout) -> list[list[float]]:
    x = np.clip(ring[:, 0] * FIELD_STEP, 0, layout.width)
    y = np.clip(ring[:, 1] * FIELD_STEP, 0, layout.height)
    return [[round(float(i), 1), round(float(j), 1)] for i, j in zip(x, y, strict=True)]
