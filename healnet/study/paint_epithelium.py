"""Paint normal glands and tumour: cytoplasm, mucin, cell borders, lumens and their content."""

import numpy as np

from healnet.study.canvas import Canvas, clear, mix
from healnet.study.noise import Plane, smoothstep
from healnet.study.textures import load_textures

HALF = 0.5
DEEP_OUTSIDE = -40.0  # depths are cut here before they are resampled: steep steps would ring


def paint_epithelium(canvas: Canvas) -> None:
    """Paint all epithelium of the block and open its lumens."""
    epithelium = canvas.scene.fields.epithelium
    if not canvas.has(epithelium.depth, above=-8.0):
        return
    depth = canvas.up(np.maximum(epithelium.depth, DEEP_OUTSIDE)) + 1.0 * canvas.mottle
    is_tumour = canvas.tone(epithelium.is_tumour.astype(np.float32)) > HALF
    share = smoothstep(depth, -1.0, 1.3)
    froth = canvas.tile(load_textures().froth)
    if canvas.has(np.where(epithelium.is_tumour, -160, epithelium.depth), above=-8.0):
        _paint_glands(canvas, depth, share * ~is_tumour, froth)
    if is_tumour.any():
        _paint_tumour(canvas, depth, share * is_tumour, froth)
    if canvas.has(epithelium.lumen, above=-6.0):
        _open_lumens(canvas, depth, froth)


def _paint_glands(canvas: Canvas, depth: Plane, share: Plane, froth: Plane) -> None:
    """Columnar cells: dark base, goblets of mucin above, thin walls between."""
    mosaic = canvas.mosaic(canvas.scene.gland_bodies, long=36.0, short=8.2, ragged=0.02)
    border = smoothstep(mosaic.best - mosaic.second, 0.18, 0.02)
    is_goblet = smoothstep(mosaic.tone, 0.25, 0.35)
    mucin = smoothstep(depth, 15.0, 22.0) * is_goblet * (1 - border)
    pink = 0.52 - 0.36 * mucin + 0.10 * border
    mix(canvas.densities.eosin, pink * (1 + 0.25 * froth), share)
    blue = 0.27 - 0.09 * mucin + 0.05 * border + 0.2 * smoothstep(depth, 18.0, 6.0)
    mix(canvas.densities.haematoxylin, blue * (1 + 0.22 * froth), share)


def _paint_tumour(canvas: Canvas, depth: Plane, share: Plane, froth: Plane) -> None:
    """Polygonal cells of uneven colour; some have come apart, some nests have shrunk."""
    scene = canvas.scene
    mosaic = canvas.mosaic(
        scene.tumour_bodies,
        long=round(1.25 * scene.tumour_spacing, 1),
        short=round(scene.tumour_spacing, 1),
        ragged=0.03,
    )
    border = smoothstep(mosaic.best - mosaic.second, 0.16, 0.01)
    tone = mosaic.tone - 0.5
    split = border * smoothstep(mosaic.tone, 0.55, 0.9)
    drawn_back = smoothstep(canvas.tone(scene.fields.shrinkage), 0.7, 1.2)
    gap = 1 - 0.85 * smoothstep(depth, 4.5, 1.2) * drawn_back
    pink = 0.47 + 0.14 * tone + 0.05 * border - 0.30 * split + 0.20 * froth
    mix(canvas.densities.eosin, pink * gap, share)
    blue = 0.27 + 0.16 * tone + 0.03 * border - 0.22 * split + 0.18 * froth
    mix(canvas.densities.haematoxylin, blue * gap, share)


def _open_lumens(canvas: Canvas, depth: Plane, froth: Plane) -> None:
    fields = canvas.scene.fields
    lumen = canvas.up(np.maximum(fields.epithelium.lumen, DEEP_OUTSIDE)) + 1.8 * canvas.mottle
    densities = canvas.densities
    apical = np.exp(-(((lumen + 1.6) / 1.6) ** 2)) * smoothstep(depth, 0.0, 4.0)
    densities.eosin[:] += 0.20 * apical
    clear(densities, smoothstep(lumen, -0.7, 1.3))
    if canvas.has(fields.secretion, above=0.4):
        content = smoothstep(canvas.tone(fields.secretion) + 0.15 * canvas.mottle, 0.5, 1.0)
        content = content * smoothstep(lumen, 2.5, 8.0)
        mix(densities.eosin, 0.24 + 0.10 * froth + 0.04 * canvas.mottle, content)
        mix(densities.haematoxylin, 0.09 + 0.03 * froth, content)
