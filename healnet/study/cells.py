"""Cells as columns: position, direction, kind; and how they keep apart.

Positions are level-0 pixels, angles radians (x to the right, y down).
Axis names: n cell, h height, w width of a coarse field.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, Shaped
from scipy.spatial import cKDTree

from healnet.study.noise import Plane
from healnet.study.nucleus_looks import CellKind
from healnet.study.tissue_layout import FIELD_STEP

Column = Float32[np.ndarray, " n"]

# Half of the distance that a nucleus keeps, level-0 pixels; the first kinds win a conflict.
REACH: dict[CellKind, float] = {
    CellKind.MITOSIS: 8.5,
    CellKind.GLAND: 4.2,
    CellKind.TUMOUR: 5.9,
    CellKind.ENDOTHELIUM: 4.5,
    CellKind.MUSCLE: 8.0,
    CellKind.FIBROBLAST: 7.0,
    CellKind.LYMPHOCYTE: 4.3,
    CellKind.PLASMA: 4.8,
    CellKind.NEUTROPHIL: 5.5,
    CellKind.DEBRIS: 3.0,
}


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells of a slide, one entry each."""

    x: Column
    y: Column
    angle: Column
    kind: Int64[np.ndarray, " n"]

    def take(self, chosen: Bool[np.ndarray, " n"]) -> "Cells":
        """Return the chosen cells."""
        return Cells(
            x=self.x[chosen], y=self.y[chosen], angle=self.angle[chosen], kind=self.kind[chosen]
        )


def new_cells(
    x: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " n"],
    angle: Float[np.ndarray, " n"],
    kind: CellKind | Int64[np.ndarray, " n"],
) -> Cells:
    """Return cells; a single kind is that of all."""
    return Cells(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        angle=angle.astype(np.float32),
        kind=np.broadcast_to(np.asarray(kind, dtype=np.int64), x.shape).copy(),
    )


def join(groups: Sequence[Cells]) -> Cells:
    """Return the cells of all groups."""
    return Cells(
        x=np.concatenate([group.x for group in groups]),
        y=np.concatenate([group.y for group in groups]),
        angle=np.concatenate([group.angle for group in groups]),
        kind=np.concatenate([group.kind for group in groups]),
    )


def value_at(field: Shaped[np.ndarray, "h w"], cells: Cells) -> Shaped[np.ndarray, " n"]:
    """Return the value of a coarse field under each cell."""
    row = np.clip((cells.y / FIELD_STEP).astype(np.int64), 0, field.shape[0] - 1)
    column = np.clip((cells.x / FIELD_STEP).astype(np.int64), 0, field.shape[1] - 1)
    return np.asarray(field[row, column])


def uphill(field: Plane, cells: Cells) -> Column:
    """Return the direction in which a coarse field rises at each cell."""
    down, right = np.gradient(field)
    return np.asarray(np.arctan2(value_at(down, cells), value_at(right, cells)))


def turn(rng: np.random.Generator, cells: Cells, angle: Column, *, spread: float) -> Cells:
    """Return the cells turned to ``angle``, each a little off."""
    turned = angle + rng.normal(0, spread, len(angle))
    return new_cells(cells.x, cells.y, turned, cells.kind)


def keep_apart(rng: np.random.Generator, cells: Cells) -> Cells:
    """Drop, of two nuclei that overlap, the one of the later kind."""
    order = {kind: place for place, kind in enumerate(REACH)}
    rank = np.array([order[kind] for kind in CellKind])[cells.kind] + rng.random(len(cells.x))
    reach = np.array([REACH[kind] for kind in CellKind])[cells.kind]
    tree = cKDTree(np.stack([cells.x, cells.y], axis=1))
    first, second = tree.query_pairs(2 * max(REACH.values()), output_type="ndarray").T
    distance = np.hypot(cells.x[first] - cells.x[second], cells.y[first] - cells.y[second])
    clash = distance < reach[first] + reach[second]
    first, second = first[clash], second[clash]
    kept = np.ones(len(cells.x), dtype=bool)
    kept[np.where(rank[first] > rank[second], first, second)] = False
    return cells.take(kept)
