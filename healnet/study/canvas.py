"""The sheet on which one block is painted: amounts of stain, textures, coarse fields.

Axis names: h height, w width of the block.
"""

from dataclasses import dataclass

import numpy as np

from healnet.study.blocks import LINEAR, Block, is_above, upsample
from healnet.study.noise import Coarse, Plane
from healnet.study.scene import Bodies, Scene
from healnet.study.stain import Densities
from healnet.study.stamping import Mosaic, cones, new_mosaic, stamp_cones
from healnet.study.textures import load_textures, tile_at


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """One block while it is painted; the planes of ``densities`` are changed in place.

    Attributes:
        scene: What the slide shows.
        block: Where on the slide the canvas lies.
        densities: Amounts of stain so far.
        grain: Fine noise, unit deviation.
        mottle: Coarse noise, unit deviation.
    """

    scene: Scene
    block: Block
    densities: Densities
    grain: Plane
    mottle: Plane

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the block on the endless textures."""
        row, column = self.scene.texture_offset
        return self.block.y + row, self.block.x + column

    def up(self, field: Coarse) -> Plane:
        """Return a field of depths at full resolution."""
        return upsample(field, self.block)

    def tone(self, field: Coarse) -> Plane:
        """Return a field of tones or shares at full resolution."""
        return upsample(field, self.block, kernel=LINEAR)

    def tile(self, tile: Coarse) -> Plane:
        """Return the part of an endless texture that lies on this block."""
        return tile_at(tile, self.corner, self.block.shape)

    def has(self, field: Coarse, *, above: float = 0.02) -> bool:
        """Return whether a coarse field exceeds ``above`` anywhere on the block."""
        return is_above(field, self.block, above)

    def near(self, bodies: Bodies, *, margin: int) -> Bodies:
        """Return the bodies within ``margin`` of the block, in the block's own pixels."""
        block = self.block
        inside = (bodies.x > block.x - margin) & (bodies.x < block.x + block.width + margin)
        inside &= (bodies.y > block.y - margin) & (bodies.y < block.y + block.height + margin)
        return Bodies(
            x=bodies.x[inside] - block.x,
            y=bodies.y[inside] - block.y,
            index=bodies.index[inside],
            tone=bodies.tone[inside],
        )

    def mosaic(self, bodies: Bodies, *, long: float, short: float, ragged: float) -> Mosaic:
        """Return the cells of the block packed against each other."""
        mosaic = new_mosaic(self.block.shape)
        stack = cones(long, short, ragged)
        chosen = self.near(bodies, margin=stack.shape[1])
        stamp_cones(mosaic, stack, chosen.x, chosen.y, index=chosen.index, tone=chosen.tone)
        return mosaic


def new_canvas(scene: Scene, block: Block) -> Canvas:
    """Return an empty canvas."""
    textures = load_textures()
    row, column = scene.texture_offset
    corner = (block.y + row, block.x + column)
    eosin, haematoxylin, red_cells = np.zeros((3, *block.shape), dtype=np.float32)
    return Canvas(
        scene=scene,
        block=block,
        densities=Densities(haematoxylin=haematoxylin, eosin=eosin, red_cells=red_cells),
        grain=tile_at(textures.grain, corner, block.shape),
        mottle=tile_at(textures.mottle, corner, block.shape),
    )


def mix(plane: Plane, value: Plane | float, share: Plane) -> None:
    """Replace ``plane`` by ``value`` where ``share`` is 1, in place."""
    difference = value - plane
    difference *= share
    plane += difference


def clear(densities: Densities, share: Plane, *, rest: float = 0.03) -> None:
    """Leave only ``rest`` of the stain where ``share`` is 1: nothing but mounting medium."""
    kept = 1 - np.float32(1 - rest) * share
    densities.eosin[:] *= kept
    densities.haematoxylin[:] *= kept
