"""Draw a scene block by block: amounts of haematoxylin and eosin at full resolution.

Axis names: h height, w width of a block.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFilter

from healnet.study.noise import Plane, smoothstep
from healnet.study.nuclei import CellKind
from healnet.study.scene import Bodies, Scene
from healnet.study.stain import Densities, StainProfile, to_rgb
from healnet.study.stamping import (
    Mosaic, cones, new_mosaic, stamp_cones, stamp_discs, stamp_nuclei,
)
from healnet.study.textures import load_textures, sample_fibres, tile_at
from healnet.study.tissue_layout import FIELD_STEP

BLOCK = 1024  # level-0 pixels
HALO = 8  # drawn around a block, so that blurring leaves no seam


@dataclass(frozen=True, kw_only=True)
class Block:
    """A rectangle of level-0 pixels, halo included."""

    x: int
    y: int
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


def render_slide(
    scene: Scene, profile: StainProfile, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the whole slide at level 0."""
    layout = scene.layout
    canvas = np.empty((layout.height, layout.width, 3), dtype=np.uint8)
    for top in range(0, layout.height, BLOCK):
        for left in range(0, layout.width, BLOCK):
            height = min(BLOCK, layout.height - top)
            width = min(BLOCK, layout.width - left)
            block = Block(
                x=left - HALO, y=top - HALO, width=width + 2 * HALO, height=height + 2 * HALO
            )
            densities = paint_block(scene, block)
            rgb = scan(densities, profile, rng)
            canvas[top : top + height, left : left + width] = rgb[HALO:-HALO, HALO:-HALO]
    return canvas


def scan(
    densities: Densities, profile: StainProfile, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Return colours with the blur, the sharpening and the noise of a scanner."""
    image = Image.fromarray(to_rgb(densities, profile))
    return np.array(image)


def paint_block(scene: Scene, block: Block) -> Densities:
    """Return the amounts of stain on ``block``."""
    painter = _Painter(scene, block)
    painter.stroma()
    painter.necrosis()
    painter.fat()
    painter.vessels()
    painter.epithelium()
    painter.nuclei()
    painter.section()
    return painter.densities


class _Painter:
    """The layers of one block, painted from below to above."""

    def __init__(self, scene: Scene, block: Block) -> None:
        self.scene = scene
        self.block = block
        self.textures = load_textures()
        shape = block.shape
        self.densities = Densities(
            haematoxylin=np.zeros(shape, dtype=np.float32),
            eosin=np.zeros(shape, dtype=np.float32),
            red_cells=np.zeros(shape, dtype=np.float32),
        )
        self.grain = self.tile(self.textures.grain)
        self.mottle = self.tile(self.textures.mottle)

    def up(self, field: Plane) -> Plane:
        return upsample(field, self.block)

    def tile(self, tile: Plane) -> Plane:
        row, column = self.scene.texture_offset
        return tile_at(tile, (self.block.y + row, self.block.x + column), self.block.shape)

    def has(self, field: Plane, above: float = 0.02) -> bool:
        return bool((_crop(field, self.block)[0] > above).any())

    def stroma(self) -> None:
        fields = self.scene.fields
        across, along = self.up(fields.across), self.up(fields.along)
        fibre = sample_fibres(self.textures.fibres, across, along)
        if self.has(fields.muscle):
            muscle = sample_fibres(self.textures.muscle, across, along)
            fibre += self.up(fields.muscle) * (muscle - fibre)
        gain = self.up(fields.fibre)
        is_open = smoothstep(fibre, 0.24, 0.05) * self.up(fields.cleft)
        body = 1 + gain * (fibre - 0.52) * 1.5
        self.densities.eosin[:] = self.up(fields.eosin) * body * (1 - 0.95 * is_open)
        self.densities.eosin[:] += 0.012 * self.grain
        blue = self.up(fields.haematoxylin) * (1 + 0.25 * self.mottle) * (1 - is_open)
        self.densities.haematoxylin[:] = blue + 0.01 * self.grain

    def necrosis(self) -> None:
        if not self.has(self.scene.fields.necrosis):
            return
        share = smoothstep(self.up(self.scene.fields.necrosis) + 0.12 * self.mottle, 0.35, 0.65)
        debris = self.tile(self.textures.necrosis)
        _mix(self.densities.eosin, 0.72 * debris, share)
        _mix(self.densities.haematoxylin, 0.07 + 0.10 * np.maximum(self.mottle, 0) * debris, share)

    def fat(self) -> None:
        if not self.has(self.scene.fields.fat):
            return
        mosaic = self.mosaic(self.scene.fat_cells, long=92, short=84, ragged=0.015)
        share = smoothstep(self.up(self.scene.fields.fat), 0.25, 0.6)
        border = mosaic.best - mosaic.second
        inside = smoothstep(border * 88 + 0.4 * self.mottle, 1.8, 4.0) * share
        inside *= smoothstep(mosaic.best, 0.02, 0.12)
        self.densities.eosin[:] *= 1 - 0.985 * inside
        self.densities.haematoxylin[:] *= 1 - 0.985 * inside

    def vessels(self) -> None:
        fields = self.scene.fields
        if not self.has(fields.vessel, above=-24):
            return
        depth = self.up(fields.vessel)
        wall = self.up(fields.vessel_wall)
        ring = smoothstep(depth, -1.2, 0.2) * 0 + smoothstep(depth + wall, -1.5, 1.5)
        _mix(self.densities.eosin, 0.62 + 0.05 * self.mottle, ring * 0.75)
        lumen = smoothstep(depth, -0.8, 1.0)
        self.densities.eosin[:] *= 1 - 0.97 * lumen
        self.densities.haematoxylin[:] *= 1 - 0.97 * lumen
        chosen = self.near(self.scene.red_cells, margin=12)
        stamp_discs(
            self.densities.red_cells, _red_discs(), chosen.x, chosen.y, index=chosen.index % 24
        )

    def epithelium(self) -> None:
        epithelium = self.scene.fields.epithelium
        if not self.has(epithelium.depth, above=-8):
            return
        depth = self.up(epithelium.depth) + 0.9 * self.grain
        lumen = self.up(epithelium.lumen) + 1.0 * self.grain + 1.2 * self.mottle
        is_tumour = self.up(epithelium.is_tumour.astype(np.float32))
        self.glands(depth, smoothstep(depth, -1, 1.2) * (is_tumour < 0.5))
        self.tumour(depth, smoothstep(depth, -1, 1.2) * (is_tumour >= 0.5))
        clear = smoothstep(lumen, -0.6, 1.2)
        edge = np.exp(-((lumen + 1.5) / 1.5) ** 2) * smoothstep(depth, 0, 4)
        self.densities.eosin[:] += 0.22 * edge
        for plane in (self.densities.eosin, self.densities.haematoxylin):
            plane *= 1 - 0.96 * clear

    def glands(self, depth: Plane, share: Plane) -> None:
        if not share.any():
            return
        mosaic = self.mosaic(self.scene.gland_bodies, long=36, short=8.2, ragged=0.02)
        border = smoothstep(mosaic.best - mosaic.second, 0.16, 0.02)
        is_goblet = smoothstep(mosaic.tone, 0.25, 0.35)
        mucin = smoothstep(depth, 15, 21) * is_goblet * (1 - border)
        _mix(self.densities.eosin, 0.55 + 0.03 * self.grain - 0.47 * mucin + 0.12 * border, share)
        blue = 0.30 + 0.03 * self.mottle - 0.18 * mucin + 0.05 * border + 0.03 * self.grain
        blue = blue + 0.2 * smoothstep(depth, 18, 6)
        _mix(self.densities.haematoxylin, blue, share)

    def tumour(self, depth: Plane, share: Plane) -> None:
        if not share.any():
            return
        spacing = self.scene.tumour_spacing
        mosaic = self.mosaic(
            self.scene.tumour_bodies,
            long=round(1.25 * spacing, 1), short=round(1.0 * spacing, 1), ragged=0.03,
        )
        border = smoothstep(mosaic.best - mosaic.second, 0.13, 0.01)
        tone = mosaic.tone - 0.5
        pink = 0.47 + 0.12 * tone + 0.06 * border + 0.03 * self.grain + 0.03 * self.mottle
        blue = 0.30 + 0.16 * tone + 0.07 * border + 0.05 * self.mottle + 0.03 * self.grain
        _mix(self.densities.eosin, pink, share)
        _mix(self.densities.haematoxylin, blue, share)

    def nuclei(self) -> None:
        scene, block = self.scene, self.block
        margin = 30
        inside = (scene.cells.x > block.x - margin) & (scene.cells.y > block.y - margin)
        inside &= scene.cells.x < block.x + block.width + margin
        inside &= scene.cells.y < block.y + block.height + margin
        for kind in CellKind:
            chosen = inside & (scene.cells.kind == kind)
            stamp_nuclei(
                self.densities,
                np.round(scene.cells.x[chosen]).astype(np.int64) - block.x,
                np.round(scene.cells.y[chosen]).astype(np.int64) - block.y,
                kind=kind, index=scene.sprite[chosen], strength=scene.strength[chosen],
            )

    def section(self) -> None:
        fields = self.scene.fields
        edge = self.up(fields.edge) + 2.0 * self.mottle
        share = smoothstep(edge, -1, 2) * self.up(fields.thickness)
        share *= smoothstep(self.up(fields.tear) + 1.5 * self.mottle, 1, -1)
        for plane in (
            self.densities.eosin, self.densities.haematoxylin, self.densities.red_cells
        ):
            np.maximum(plane, 0, out=plane)
            plane *= share

    def near(self, bodies: Bodies, margin: int) -> Bodies:
        block = self.block
        inside = (bodies.x > block.x - margin) & (bodies.x < block.x + block.width + margin)
        inside &= (bodies.y > block.y - margin) & (bodies.y < block.y + block.height + margin)
        return Bodies(
            x=bodies.x[inside] - block.x, y=bodies.y[inside] - block.y,
            index=bodies.index[inside], tone=bodies.tone[inside],
        )

    def mosaic(self, bodies: Bodies, *, long: float, short: float, ragged: float) -> Mosaic:
        mosaic = new_mosaic(self.block.shape)
        stack = cones(long, short, ragged)
        chosen = self.near(bodies, margin=stack.shape[1])
        stamp_cones(mosaic, stack, chosen.x, chosen.y, index=chosen.index, tone=chosen.tone)
        return mosaic


def _red_discs() -> np.ndarray:
    rng = np.random.default_rng(5)
    row, column = np.mgrid[:17, :17] - 8
    long, short = rng.uniform(5.6, 7.2, (2, 24))[:, :, None, None]
    turn = rng.uniform(0, np.pi, 24)[:, None, None]
    radius = np.hypot(
        (column * np.cos(turn) + row * np.sin(turn)) / long,
        (row * np.cos(turn) - column * np.sin(turn)) / short,
    )
    level = rng.uniform(0.6, 0.95, 24)[:, None, None]
    disc = level * smoothstep(radius, 1.1, 0.86) * (0.75 + 0.25 * smoothstep(radius, 0.1, 0.7))
    return disc.astype(np.float32)


def upsample(field: Plane, block: Block) -> Plane:
    """Return the coarse field on the pixels of ``block``, with a cubic kernel."""
    crop, left, top = _crop(field, block)
    box = (
        block.x / FIELD_STEP - left,
        block.y / FIELD_STEP - top,
        (block.x + block.width) / FIELD_STEP - left,
        (block.y + block.height) / FIELD_STEP - top,
    )
    image = Image.fromarray(np.ascontiguousarray(crop))
    return np.array(
        image.resize((block.width, block.height), Image.Resampling.BICUBIC, box=box)
    )


def _crop(field: Plane, block: Block) -> tuple[Plane, int, int]:
    """Return the coarse pixels under ``block`` and three around it; the border is repeated."""
    left, top = block.x // FIELD_STEP - 3, block.y // FIELD_STEP - 3
    right = -(-(block.x + block.width) // FIELD_STEP) + 3
    bottom = -(-(block.y + block.height) // FIELD_STEP) + 3
    rows = np.clip(np.arange(top, bottom), 0, field.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, field.shape[1] - 1)
    return field[np.ix_(rows, columns)], left, top


def _mix(plane: Plane, value: Plane, share: Plane) -> None:
    """Replace ``plane`` by ``value`` where ``share`` is 1, in place."""
    plane += share * (value - plane)
