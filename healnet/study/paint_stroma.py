"""Paint what is not epithelium: collagen, muscle, necrosis, fat, vessels."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from healnet.study.blocks import LINEAR, upsample
from healnet.study.canvas import Canvas, clear, mix
from healnet.study.noise import Plane, smoothstep
from healnet.study.stamping import stamp_discs
from healnet.study.textures import load_textures, sample_fibres

RED_DISCS = 24
FAT_CELL = (92.0, 84.0)  # half axes of an adipocyte's reach, level-0 pixels


def paint_stroma(canvas: Canvas) -> Plane:
    """Paint collagen and muscle everywhere; return the fibre texture, 0 to 1."""
    fields, textures = canvas.scene.fields, load_textures()
    turn = _turn(canvas)
    fibre = sample_fibres(textures.fibres, turn, canvas.corner)
    if canvas.has(fields.muscle):
        muscle = sample_fibres(textures.muscle, turn, canvas.corner)
        mix(fibre, muscle, canvas.tone(fields.muscle))
    is_open = smoothstep(fibre, 0.30, 0.05) * canvas.tone(fields.cleft)
    closed = 1 - np.float32(0.95) * is_open
    body = (fibre - 0.52) * np.float32(1.5)
    body *= canvas.tone(fields.fibre)
    body += 1
    canvas.densities.eosin[:] = canvas.tone(fields.eosin) * body * closed
    canvas.densities.haematoxylin[:] = (
        canvas.tone(fields.haematoxylin) * (1 + 0.25 * canvas.mottle) * closed
    )
    return fibre


def _turn(canvas: Canvas) -> Plane:
    """Return the direction of the fibres in half turns, at half resolution and repeated."""
    cosine, sine = (
        upsample(part, canvas.block, step=2, kernel=LINEAR) for part in canvas.scene.fields.flow
    )
    turn = np.mod(np.arctan2(sine, cosine) / np.float32(2 * np.pi), 1)
    return np.repeat(np.repeat(turn, 2, axis=0), 2, axis=1)[
        : canvas.block.height, : canvas.block.width
    ]


def paint_necrosis(canvas: Canvas) -> None:
    """Paint granular debris."""
    necrosis = canvas.scene.fields.necrosis
    if not canvas.has(necrosis):
        return
    share = smoothstep(canvas.tone(necrosis) + 0.12 * canvas.mottle, 0.3, 0.7)
    debris = canvas.tile(load_textures().necrosis)
    mix(canvas.densities.eosin, 0.70 * debris, share)
    blue = 0.06 + 0.10 * np.maximum(canvas.mottle, 0) * debris
    mix(canvas.densities.haematoxylin, blue, share)


def paint_fat(canvas: Canvas) -> None:
    """Empty the fat cells; thin rims stay between them."""
    fat = canvas.scene.fields.fat
    if not canvas.has(fat):
        return
    mosaic = canvas.mosaic(
        canvas.scene.fat_cells, long=FAT_CELL[0], short=FAT_CELL[1], ragged=0.015
    )
    border = (mosaic.best - mosaic.second) * FAT_CELL[1] + 0.5 * canvas.mottle
    inside = smoothstep(border, 1.6, 3.8) * smoothstep(mosaic.best, 0.02, 0.12)
    clear(canvas.densities, inside * smoothstep(canvas.up(fat), 0.25, 0.6), rest=0.015)


def paint_vessels(canvas: Canvas) -> None:
    """Paint walls and lumens, and the red cells in them."""
    fields = canvas.scene.fields
    if not canvas.has(fields.vessel, above=-30.0):
        return
    depth = canvas.up(np.maximum(fields.vessel, -60))
    reach = depth + canvas.tone(fields.vessel_wall)
    ring = np.float32(0.6) * smoothstep(reach, -1.5, 1.5)
    mix(canvas.densities.eosin, 0.6 + 0.06 * canvas.mottle, ring)
    clear(canvas.densities, smoothstep(depth, -0.8, 1.0))
    chosen = canvas.near(canvas.scene.red_cells, margin=12)
    stamp_discs(
        canvas.densities.red_cells,
        _red_discs(),
        chosen.x,
        chosen.y,
        index=chosen.index % RED_DISCS,
    )


@lru_cache(maxsize=1)
def _red_discs() -> Float32[np.ndarray, "n s s"]:
    """Return red cells of 6 to 7.5 um, paler in the middle."""
    rng = np.random.default_rng(5)
    row, column = np.mgrid[:17, :17] - 8
    long, short = rng.uniform(5.4, 7.3, (2, RED_DISCS))[:, :, None, None]
    turn = rng.uniform(0, np.pi, RED_DISCS)[:, None, None]
    radius = np.hypot(
        (column * np.cos(turn) + row * np.sin(turn)) / long,
        (row * np.cos(turn) - column * np.sin(turn)) / short,
    )
    level = rng.uniform(0.7, 1.05, RED_DISCS)[:, None, None]
    disc = level * smoothstep(radius, 1.1, 0.84) * (0.8 + 0.2 * smoothstep(radius, 0.1, 0.7))
    return np.asarray(disc, dtype=np.float32)
