"""The true regions of a built-in slide, for the viewer to show on request."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from app.viewer.messages import Region

Ring = Sequence[tuple[float, float]]


def read_regions(path: Path | None) -> tuple[Region, ...]:
    """Return the areas of a GeoJSON file, one for each class; empty without a file."""
    return () if path is None else _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _modified_ns: int) -> tuple[Region, ...]:
    collection = json.loads(path.read_text(encoding="utf-8"))
    rings: dict[str, list[Ring]] = {}
    for feature in collection["features"]:
        label = str(feature["properties"]["class"])
        for ring in feature["geometry"]["coordinates"]:
            rings.setdefault(label, []).append([(float(x), float(y)) for x, y in ring])
    return tuple(
        Region(label=f"truth: {label}", rings=found) for label, found in sorted(rings.items())
    )
