"""One slide before it is drawn: layout, coarse fields, and every cell with its sprite.

Axis names: n thing, h height, w width of the coarse fields.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from healnet.study.cells import Cells
from healnet.study.fields import SceneFields, draw_fields, draw_vessels
from healnet.study.glands import TumourHabit, scatter_points
from healnet.study.nuclei import load_sprites
from healnet.study.nucleus_looks import CellKind
from healnet.study.placement import CellHabit, place_cells
from healnet.study.stamping import CONE_ANGLES, CONE_SHAPES
from healnet.study.tissue_layout import FIELD_STEP, Layout, Region

FAT_SPACING = 112.0
RED_CELL_SPACING = 11.5
RED_CELL_CLEARANCE = 5  # level-0 pixels from the vessel's wall
RED_CELL_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """Cell bodies of one kind: where, which cone, and a number of each cell from 0 to 1."""

    x: Int64[np.ndarray, " n"]
    y: Int64[np.ndarray, " n"]
    index: Int64[np.ndarray, " n"]
    tone: Float32[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that the renderer needs.

    Attributes:
        layout: Regions.
        fields: Coarse fields.
        cells: Nuclei.
        sprite: Sprite of each nucleus.
        strength: Factor on each nucleus's haematoxylin.
        gland_bodies: Columnar cells of normal glands.
        tumour_bodies: Cells of the tumour.
        tumour_spacing: Level-0 pixels between tumour nuclei.
        fat_cells: Adipocytes.
        red_cells: Red blood cells.
        dust: Specks on the glass.
        texture_offset: Where this slide lies on the endless textures (row, column).
    """

    layout: Layout
    fields: SceneFields
    cells: Cells
    sprite: Int64[np.ndarray, " n"]
    strength: Float32[np.ndarray, " n"]
    gland_bodies: Bodies
    tumour_bodies: Bodies
    tumour_spacing: float
    fat_cells: Bodies
    red_cells: Bodies
    dust: Bodies
    texture_offset: tuple[int, int]


def draw_scene(
    rng: np.random.Generator,
    layout: Layout,
    *,
    habit: TumourHabit,
    cell_habit: CellHabit,
    has_fold: bool = False,
    has_tear: bool = False,
) -> Scene:
    """Return a slide with this layout, ready to be drawn."""
    area_mm2 = layout.width * layout.height * 0.25e-6
    vessels = draw_vessels(rng, layout, count=int(rng.integers(5, 9) * area_mm2))
    fields = draw_fields(
        rng, layout, habit=habit, vessels=vessels, has_fold=has_fold, has_tear=has_tear
    )
    cells = place_cells(rng, layout, fields, vessels=vessels, habit=cell_habit)
    return Scene(
        layout=layout,
        fields=fields,
        cells=cells,
        sprite=_pick_sprites(rng, cells),
        strength=np.exp(rng.normal(0, 0.10, len(cells.x))).astype(np.float32),
        gland_bodies=_bodies(rng, cells, kinds=(CellKind.GLAND,), towards_lumen=15.0),
        tumour_bodies=_bodies(
            rng, cells, kinds=(CellKind.TUMOUR, CellKind.MITOSIS), towards_lumen=2.0
        ),
        tumour_spacing=cell_habit.tumour_spacing,
        fat_cells=_fat_cells(rng, layout),
        red_cells=_red_cells(rng, layout, fields),
        dust=_dust(rng, layout, count=int(rng.integers(4, 16) * area_mm2)),
        texture_offset=(int(rng.integers(1024)), int(rng.integers(1024))),
    )


def _pick_sprites(rng: np.random.Generator, cells: Cells) -> Int64[np.ndarray, " n"]:
    sprite = np.zeros(len(cells.x), dtype=np.int64)
    library = load_sprites()
    for kind in CellKind:
        chosen = cells.kind == kind
        sprite[chosen] = library[kind].pick(cells.angle[chosen], rng)
    return sprite


def _bodies(
    rng: np.random.Generator, cells: Cells, *, kinds: tuple[CellKind, ...], towards_lumen: float
) -> Bodies:
    chosen = cells.take(np.isin(cells.kind, kinds))
    shift = towards_lumen + rng.normal(0, 1.5, len(chosen.x))
    turn = np.floor(np.mod(chosen.angle, np.pi) / np.pi * CONE_ANGLES).astype(np.int64)
    return Bodies(
        x=np.round(chosen.x + shift * np.cos(chosen.angle)).astype(np.int64),
        y=np.round(chosen.y + shift * np.sin(chosen.angle)).astype(np.int64),
        index=(turn % CONE_ANGLES) * CONE_SHAPES + rng.integers(CONE_SHAPES, size=len(turn)),
        tone=rng.random(len(turn), dtype=np.float32),
    )


def _loose_bodies(rng: np.random.Generator, points: Float32[np.ndarray, "n 2"]) -> Bodies:
    places = np.round(points).astype(np.int64)
    return Bodies(
        x=places[:, 0],
        y=places[:, 1],
        index=rng.integers(CONE_ANGLES * CONE_SHAPES, size=len(places)),
        tone=rng.random(len(places), dtype=np.float32),
    )


def _fat_cells(rng: np.random.Generator, layout: Layout) -> Bodies:
    points = scatter_points(rng, layout, FAT_SPACING)
    near = _value_at(layout.regions == Region.FAT, points)
    return _loose_bodies(rng, points[near])


def _red_cells(rng: np.random.Generator, layout: Layout, fields: SceneFields) -> Bodies:
    points = scatter_points(rng, layout, RED_CELL_SPACING)
    inside = _value_at(fields.vessel, points) > RED_CELL_CLEARANCE
    return _loose_bodies(rng, points[inside & (rng.random(len(points)) < RED_CELL_SHARE)])


def _dust(rng: np.random.Generator, layout: Layout, *, count: int) -> Bodies:
    points = rng.uniform((0, 0), (layout.width, layout.height), (count, 2))
    specks = _loose_bodies(rng, points.astype(np.float32))
    return Bodies(
        x=specks.x,
        y=specks.y,
        index=rng.integers(len(load_sprites()[CellKind.DEBRIS].coverage), size=count),
        tone=specks.tone,
    )


def _value_at(field: np.ndarray, points: Float32[np.ndarray, "n 2"]) -> np.ndarray:
    row = np.clip((points[:, 1] / FIELD_STEP).astype(np.int64), 0, field.shape[0] - 1)
    column = np.clip((points[:, 0] / FIELD_STEP).astype(np.int64), 0, field.shape[1] - 1)
    return np.asarray(field[row, column])
