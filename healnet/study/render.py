"""Draw a scene block by block: amounts of stain at full resolution, then colours.

Axis names: h height, w width.
"""

import numpy as np
from jaxtyping import UInt8

from healnet.study.blocks import Block, is_above
from healnet.study.canvas import Canvas, new_canvas
from healnet.study.noise import Plane, smoothstep
from healnet.study.nucleus_looks import CellKind
from healnet.study.paint_epithelium import paint_epithelium
from healnet.study.paint_stroma import (
    paint_fat,
    paint_necrosis,
    paint_stroma,
    paint_vessels,
)
from healnet.study.scene import Scene
from healnet.study.stain import Densities, StainProfile, to_rgb
from healnet.study.stamping import stamp_nuclei

BLOCK_PX = 512  # level-0 pixels: small enough for a processor's cache
NUCLEUS_REACH = 30  # level-0 pixels from a nucleus's centre to the corner of its sprite


def render_slide(scene: Scene, profile: StainProfile) -> UInt8[np.ndarray, "h w 3"]:
    """Return the whole slide at level 0, in red, green and blue."""
    layout = scene.layout
    canvas = np.empty((layout.height, layout.width, 3), dtype=np.uint8)
    for top in range(0, layout.height, BLOCK_PX):
        for left in range(0, layout.width, BLOCK_PX):
            height = min(BLOCK_PX, layout.height - top)
            width = min(BLOCK_PX, layout.width - left)
            block = Block(x=left, y=top, width=width, height=height)
            rgb = to_rgb(paint_block(scene, block), profile)
            canvas[top : top + height, left : left + width] = rgb
    return canvas


def paint_block(scene: Scene, block: Block) -> Densities:
    """Return the amounts of stain on ``block``."""
    canvas = new_canvas(scene, block)
    if is_above(scene.fields.edge, block, -12.0):
        fibre = paint_stroma(canvas)
        paint_necrosis(canvas)
        paint_fat(canvas)
        paint_vessels(canvas)
        paint_epithelium(canvas)
        _paint_nuclei(canvas)
        _cut_section(canvas, fibre)
    _scatter_dust(canvas)
    return canvas.densities


def _paint_nuclei(canvas: Canvas) -> None:
    scene, block = canvas.scene, canvas.block
    x, y = scene.cells.x - block.x, scene.cells.y - block.y
    inside = (x > -NUCLEUS_REACH) & (x < block.width + NUCLEUS_REACH)
    inside &= (y > -NUCLEUS_REACH) & (y < block.height + NUCLEUS_REACH)
    for kind in CellKind:
        chosen = inside & (scene.cells.kind == kind)
        stamp_nuclei(
            canvas.densities,
            np.round(x[chosen]).astype(np.int64),
            np.round(y[chosen]).astype(np.int64),
            kind=kind,
            index=scene.sprite[chosen],
            strength=scene.strength[chosen],
        )


def _cut_section(canvas: Canvas, fibre: Plane) -> None:
    """End the tissue at its frayed outline and its tears; let its thickness vary."""
    fields, densities = canvas.scene.fields, canvas.densities
    edge = canvas.up(np.clip(fields.edge, -60, 60)) + 1.2 * canvas.mottle + 14 * (fibre - 0.5)
    share = smoothstep(edge, -1.0, 2.0) * canvas.tone(fields.thickness)
    if canvas.has(fields.tear, above=-12.0):
        tear = canvas.up(np.maximum(fields.tear, -60))
        share *= smoothstep(tear + 1.5 * canvas.mottle + 7 * (fibre - 0.5), 1.0, -1.0)
    share *= 1 + np.float32(0.09) * canvas.grain  # the grain of a section a few um thick
    for plane in (densities.eosin, densities.haematoxylin, densities.red_cells):
        np.multiply(np.maximum(plane, 0), share, out=plane)


def _scatter_dust(canvas: Canvas) -> None:
    dust = canvas.near(canvas.scene.dust, margin=10)
    stamp_nuclei(
        canvas.densities,
        dust.x,
        dust.y,
        kind=CellKind.DEBRIS,
        index=dust.index,
        strength=0.25 + 0.4 * dust.tone,
    )
