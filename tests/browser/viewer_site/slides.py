"""Slides for the viewer's tests: pale ground, and one flat square of colour per scored patch.

The squares make the truth visible: whatever the viewer outlines, hides or tints can be compared
with the pixels of the square itself.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from app.panels.scene import METHODS, TITLES, layer_id, subtitle_of
from healnet.explain.prediction import RISK, X_UNIFORM, MapMethod, PatchMap

SIDE = 4096
PATCH = 256
GROUND = (236, 222, 232)
SQUARE = (90, 150, 90)
UM_PER_PX = 0.5
# corner (x, y) and score, highest first; the rest of the lattice rises slowly from 0.1
HOT = (
    (1024, 512, 9.0),
    (2560, 768, 7.5),
    (512, 3072, 6.0),
    (3328, 3328, 5.0),
    (2048, 2048, 4.0),
)


def make_site(folder: Path) -> None:
    """Write the slides, and the maps that a prediction would hold for them."""
    for case, shift, share in (("case-a", 0, 1.0), ("case-b", 256, 0.9)):
        hot = [(x, y + shift, score * share) for x, y, score in HOT]
        _write_slide(folder / f"{case}.tiff", _pixels(hot))
        corners, scores = _scores(hot)
        flat = 1 + 0.01 * np.sin(np.arange(len(scores)))
        half = len(scores) // 2
        _write_maps(folder / f"{case}.json", corners, _maps(scores, scores[::-1]))
        _write_maps(folder / f"{case}-uniform.json", corners, _maps(flat, scores))
        _write_maps(
            folder / f"{case}-running.json", corners[:half], _maps(scores[:half], flat[:half])
        )


def _pixels(hot: list[tuple[int, int, float]]) -> NDArray[np.uint8]:
    pixels = np.full((SIDE, SIDE, 3), GROUND, dtype=np.uint8)
    for x, y, _ in hot:
        pixels[y : y + PATCH, x : x + PATCH] = SQUARE
    return pixels


def _write_slide(path: Path, pixels: NDArray[np.uint8]) -> None:
    per_cm = round(10_000 / UM_PER_PX)
    tifffile.imwrite(
        path,
        pixels,
        tile=(256, 256),
        compression="zlib",
        photometric="rgb",
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
    )


def _scores(hot: list[tuple[int, int, float]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the corners of the patches and one score each."""
    cells = np.stack(np.meshgrid(np.arange(14), np.arange(15)), axis=-1).reshape(-1, 2)
    corners = cells * PATCH + np.array([256, 256])
    scores = 0.1 + 0.001 * np.arange(len(corners))
    for x, y, score in hot:
        scores[(corners == (x, y)).all(axis=1)] = score
    return corners, scores


def _maps(first: NDArray[np.float64], second: NDArray[np.float64]) -> list[PatchMap]:
    """Return the maps of a prediction with two layers and two heads, in its order."""
    read = [
        {"values": first},
        {"values": first, "layer": 0},
        {"values": second, "layer": 1},
        {"values": first, "layer": 0, "head": 0, "member": 0},
        {"values": second, "layer": 1, "head": 1, "member": 0},
    ]
    moved = {"unit": RISK, "signed": True}
    return [
        *(_map("attention", unit=X_UNIFORM, **fields) for fields in read),
        _map("perturbation", values=(second - 1) / 10, **moved),
        _map("gradient", values=first - 1, **moved),
    ]


def _map(method: MapMethod, *, values: NDArray[np.float64], **fields: Any) -> PatchMap:
    return PatchMap(method=method, values=values.astype(np.float32), **fields)


def _write_maps(path: Path, corners: NDArray[np.int64], maps: list[PatchMap]) -> None:
    """Write what the page needs, so that its server does without the model's code."""
    fields = [
        {
            "id": layer_id(one),
            "title": TITLES[one.method],
            "subtitle": subtitle_of(one),
            "method": one.method,
            "method_label": METHODS[one.method],
            "layer": one.layer,
            "head": one.head,
            "member": one.member,
            "unit": one.unit,
            "signed": one.signed,
            "effective_share": None if one.signed else one.effective_share,
        }
        for one in maps
    ]
    path.write_text(json.dumps({"corners": corners.tolist(), "maps": fields}))
    np.save(path.with_suffix(".npy"), np.stack([one.values for one in maps]))
